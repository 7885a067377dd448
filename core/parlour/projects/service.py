"""Creating projects, changing them, and seating members."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from parlour.accounts.models import User
from parlour.accounts.queries import find_user_by_email
from parlour.kit.events import record
from parlour.projects.errors import AlreadyMember, UserNotFound
from parlour.projects.events import MemberAdded, ProjectUpdated
from parlour.projects.models import Member, Project, Role
from parlour.projects.origins import normalise_domain
from parlour.projects.schemas import MemberRead, ProjectSummary


class ProjectService:
    """What can be done to projects, within one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def create_project(self, creator: User, name: str, domains: Sequence[str]) -> Project:
        """Create a project with its creator as manager."""
        project = Project(name=name.strip(), domains=_normalised(domains))
        self._session.add(project)
        await self._session.flush()
        await self._seat(project, creator, Role.MANAGER, creator.id)
        return project

    async def rename(self, project: Project, name: str) -> None:
        """Give a project another name."""
        project.name = name.strip()
        await self._record_update(project)

    async def set_domains(self, project: Project, domains: Sequence[str]) -> None:
        """Say on which websites a project's widget may be used.

        Raises:
            DomainInvalid: One of them is no domain.
        """
        project.domains = _normalised(domains)
        await self._record_update(project)

    async def add_member(
        self, project: Project, email: str, role: Role, added_by: UUID
    ) -> MemberRead:
        """Seat somebody who has an account.

        Raises:
            UserNotFound: Nobody has this address.
            AlreadyMember: They have a seat.
        """
        await self._session.refresh(project, with_for_update=True)  # one seating at a time
        user = await find_user_by_email(self._session, email)
        if user is None:
            raise UserNotFound
        if await self._session.get(Member, (project.id, user.id)):
            raise AlreadyMember
        return await self._seat(project, user, role, added_by)

    async def _seat(self, project: Project, user: User, role: Role, added_by: UUID) -> MemberRead:
        member = Member(project_id=project.id, user_id=user.id, role=role)
        self._session.add(member)
        await self._session.flush()
        read = MemberRead.of(member, user)
        added = MemberAdded(project_id=project.id, member=read, added_by=added_by)
        await record(self._session, added)
        return read

    async def _record_update(self, project: Project) -> None:
        await self._session.flush()
        updated = ProjectUpdated(project_id=project.id, project=ProjectSummary.of(project))
        await record(self._session, updated)


def _normalised(domains: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(normalise_domain(domain) for domain in domains))

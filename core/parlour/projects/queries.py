"""What is asked of projects: first of all, whether the asker is a member."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from parlour.accounts.errors import SessionExpired
from parlour.accounts.models import SessionFamily, User
from parlour.projects.errors import ProjectNotFound
from parlour.projects.models import Member, Project, Role


@dataclass(frozen=True)
class ProjectScope:
    """A project, opened by one of its members: what every access to it starts from."""

    project: Project
    user: User
    role: Role

    @property
    def project_id(self) -> UUID:
        """The project's id."""
        return self.project.id


async def get_scope(
    session: AsyncSession, user_id: UUID, family_id: UUID, project_id: UUID
) -> ProjectScope:
    """Open a project for a user in a session. The one resolver: HTTP and sockets both pass here.

    Raises:
        SessionExpired: The session has ended.
        ProjectNotFound: There is none, or the user is no member: the two look the same.
    """
    row = (
        await session.execute(
            select(User, Project, Member.role)
            .join(SessionFamily, SessionFamily.user_id == User.id)
            .outerjoin(Member, (Member.user_id == User.id) & (Member.project_id == project_id))
            .outerjoin(Project, Project.id == Member.project_id)
            .where(
                User.id == user_id,
                SessionFamily.id == family_id,
                SessionFamily.revoked_at.is_(None),
                SessionFamily.expires_at > func.now(),
            )
        )
    ).one_or_none()
    if row is None:
        raise SessionExpired
    user, project, role = cast("tuple[User, Project | None, str | None]", row)
    if project is None or role is None:
        raise ProjectNotFound
    return ProjectScope(project, user, Role(role))


async def get_project(session: AsyncSession, project_id: UUID) -> Project:
    """Return a project, for those who need not be members: the widget's door.

    Raises:
        ProjectNotFound: There is none.
    """
    project = await session.get(Project, project_id)
    if project is None:
        raise ProjectNotFound
    return project


async def list_projects(session: AsyncSession, user: User) -> Sequence[tuple[Project, str]]:
    """Return a user's projects with their role in each, the oldest first."""
    rows = await session.execute(
        select(Project, Member.role)
        .join(Member, Member.project_id == Project.id)
        .where(Member.user_id == user.id)
        .order_by(Project.id)
    )
    return [(project, role) for project, role in rows]


async def find_only_project(session: AsyncSession) -> Project | None:
    """Return the server's project, if it has exactly one."""
    projects = (await session.scalars(select(Project).limit(2))).all()
    return projects[0] if len(projects) == 1 else None


async def list_members(session: AsyncSession, project_id: UUID) -> Sequence[tuple[Member, User]]:
    """Return a project's members, the oldest seat first."""
    rows = await session.execute(
        select(Member, User)
        .join(User, User.id == Member.user_id)
        .where(Member.project_id == project_id)
        .order_by(Member.created_at, User.id)
    )
    return [(member, user) for member, user in rows]

"""What is asked of projects: first of all, whether the asker is a member."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from parlour.accounts.errors import SessionExpired
from parlour.accounts.models import User
from parlour.kit.db import driver
from parlour.projects.errors import ProjectNotFound
from parlour.projects.models import Member, Project, Role


@dataclass(frozen=True)
class ProjectScope:
    """A project, opened by one of its members: what every access to it starts from."""

    project_id: UUID
    user_id: UUID
    user_name: str
    role: Role


# For the driver itself: every request and command of a member passes here.
_SCOPE = """
    SELECT u.name, m.role FROM session_family f
    JOIN "user" u ON u.id = f.user_id
    LEFT JOIN member m ON m.user_id = u.id AND m.project_id = $3
    WHERE f.id = $2 AND u.id = $1 AND f.revoked_at IS NULL AND f.expires_at > now()
"""


async def get_scope(
    session: AsyncSession, user_id: UUID, family_id: UUID, project_id: UUID
) -> ProjectScope:
    """Open a project for a user in a session. The one resolver: HTTP and sockets both pass here.

    Raises:
        SessionExpired: The session has ended.
        ProjectNotFound: There is none, or the user is no member: the two look the same.
    """
    connection = await driver(session)
    row = await connection.fetchrow(_SCOPE, user_id, family_id, project_id)
    if row is None:
        raise SessionExpired
    if row["role"] is None:
        raise ProjectNotFound
    return ProjectScope(project_id, user_id, row["name"], Role(row["role"]))


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

"""What is asked of visitors."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from parlour.kit.crypto import hash_token
from parlour.kit.db import driver
from parlour.projects.origins import Origin
from parlour.visitors.errors import VisitorNotFound
from parlour.visitors.models import Visitor, VisitorToken, visitor_label


async def get_visitor(session: AsyncSession, project_id: UUID, visitor_id: UUID) -> Visitor:
    """Return a visitor of this project. Another project's does not exist.

    Raises:
        VisitorNotFound: There is none.
    """
    visitor = await session.get(Visitor, (project_id, visitor_id))
    if visitor is None:
        raise VisitorNotFound
    return visitor


@dataclass(frozen=True)
class Arrival:
    """A visitor who connects, and the websites where their project's widget may be used."""

    project_id: UUID
    domains: list[str]
    visitor_id: UUID
    name: str


# For the driver itself: when a gateway restarts, all its visitors come at once.
_ARRIVAL = """
    SELECT p.id AS project_id, p.domains, v.id, v.name
    FROM visitor_token t
    JOIN visitor v ON v.project_id = t.project_id AND v.id = t.visitor_id
    JOIN project p ON p.id = t.project_id
    WHERE t.hash = $1 AND t.origin = $2 AND t.expires_at > now()
"""


async def find_arrival(session: AsyncSession, token: str, origin: Origin) -> Arrival | None:
    """Return who shows a living token on the website it was made for."""
    connection = await driver(session)
    row = await connection.fetchrow(_ARRIVAL, hash_token(token), str(origin))
    if row is None:
        return None
    label = visitor_label(row["name"], row["id"])
    return Arrival(row["project_id"], row["domains"], row["id"], label)


async def find_visitor_by_token(
    session: AsyncSession, token: str, origin: Origin, project_id: UUID | None = None
) -> Visitor | None:
    """Return the visitor of a living token, shown on the website it was made for."""
    query = (
        select(Visitor)
        .join(
            VisitorToken,
            (VisitorToken.project_id == Visitor.project_id)
            & (VisitorToken.visitor_id == Visitor.id),
        )
        .where(
            VisitorToken.hash == hash_token(token),
            VisitorToken.origin == str(origin),
            VisitorToken.expires_at > func.now(),
        )
    )
    if project_id is not None:
        query = query.where(VisitorToken.project_id == project_id)
    return await session.scalar(query)

"""What is asked of visitors."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from parlour.kit.crypto import hash_token
from parlour.projects.origins import Origin
from parlour.visitors.errors import VisitorNotFound
from parlour.visitors.models import Visitor, VisitorToken


async def get_visitor(session: AsyncSession, project_id: UUID, visitor_id: UUID) -> Visitor:
    """Return a visitor of this project. Another project's does not exist.

    Raises:
        VisitorNotFound: There is none.
    """
    visitor = await session.get(Visitor, (project_id, visitor_id))
    if visitor is None:
        raise VisitorNotFound
    return visitor


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

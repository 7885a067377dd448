"""Letting visitors in, and remembering what page they are on."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from parlour.kit.clock import now
from parlour.kit.crypto import hash_token, new_token
from parlour.projects.models import Project
from parlour.projects.origins import Origin
from parlour.visitors.models import Visitor, VisitorToken
from parlour.visitors.queries import find_visitor_by_token
from parlour.visitors.urls import without_secrets

TOKEN_LIFETIME = timedelta(days=180)
_PREFIX = "plv"


class VisitorService:
    """What can be done to visitors, within one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def open_session(
        self, project: Project, origin: Origin, token: str | None, user_agent: str | None
    ) -> tuple[Visitor, str]:
        """Know a browser again by its token, or begin a new visitor with a new one."""
        if token:
            visitor = await find_visitor_by_token(self._session, token, origin, project.id)
            if visitor:
                await self._prolong(visitor, token, user_agent)
                return visitor, token
        visitor = Visitor(project_id=project.id, user_agent=user_agent)
        self._session.add(visitor)
        await self._session.flush()
        token = new_token(_PREFIX)
        self._session.add(
            VisitorToken(
                project_id=project.id,
                hash=hash_token(token),
                visitor_id=visitor.id,
                origin=str(origin),
                expires_at=now() + TOKEN_LIFETIME,
            )
        )
        return visitor, token

    async def set_context(self, project_id: UUID, visitor_id: UUID, url: str, title: str) -> str:
        """Remember the page a visitor is on; return its address as it is kept."""
        kept = without_secrets(url)
        await self._session.execute(
            update(Visitor)
            .where(Visitor.project_id == project_id, Visitor.id == visitor_id)
            .values(current_url=kept, current_title=title or None, last_seen_at=func.now())
        )
        return kept

    async def _prolong(self, visitor: Visitor, token: str, user_agent: str | None) -> None:
        visitor.last_seen_at = now()
        visitor.user_agent = user_agent
        await self._session.execute(
            update(VisitorToken)
            .where(
                VisitorToken.project_id == visitor.project_id,
                VisitorToken.hash == hash_token(token),
            )
            .values(expires_at=now() + TOKEN_LIFETIME)
        )

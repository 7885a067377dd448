"""What is asked of users and sessions."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from parlour.accounts.errors import SessionExpired
from parlour.accounts.models import SessionFamily, User
from parlour.accounts.tokens import AccessClaims


async def has_users(session: AsyncSession) -> bool:
    """Tell whether anybody has an account."""
    return (await session.scalar(select(User.id).limit(1))) is not None


async def find_user_by_email(session: AsyncSession, email: str) -> User | None:
    """Return the user with an e-mail address, upper and lower case being the same."""
    return await session.scalar(select(User).where(func.lower(User.email) == email.lower()))


async def get_signed_in(session: AsyncSession, claims: AccessClaims) -> User:
    """Return the user of an access token, if the session it belongs to is alive.

    Raises:
        SessionExpired: The user has signed out, or is gone.
    """
    found = await session.scalar(
        select(User)
        .join(SessionFamily, SessionFamily.user_id == User.id)
        .where(
            User.id == claims.user_id,
            SessionFamily.id == claims.family_id,
            SessionFamily.revoked_at.is_(None),
            SessionFamily.expires_at > func.now(),
        )
    )
    if found is None:
        raise SessionExpired
    return found


async def is_alive(session: AsyncSession, family_id: UUID) -> bool:
    """Tell whether a session has neither ended nor been ended."""
    found = await session.scalar(
        select(SessionFamily.id).where(
            SessionFamily.id == family_id,
            SessionFamily.revoked_at.is_(None),
            SessionFamily.expires_at > func.now(),
        )
    )
    return found is not None

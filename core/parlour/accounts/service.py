"""Signing up, in and out, and staying signed in.

Refresh tokens rotate (RFC 9700 §4.14): each use replaces the token. Only the direct parent of the
live token is excused, for ten seconds, and then gets the same successor again: two tabs and lost
answers do no harm, and there is never more than one live token. Any other old token is a stolen
one, and ends the session.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from parlour.accounts.errors import EmailTaken, SessionExpired, SignUpClosed, WrongCredentials
from parlour.accounts.models import RefreshToken, SessionFamily, User
from parlour.accounts.queries import find_user_by_email, has_users
from parlour.kit.crypto import (
    hash_password,
    hash_token,
    new_token,
    seal,
    unseal,
    verify_password,
)

IDLE_LIFETIME = timedelta(days=7)
ABSOLUTE_LIFETIME = timedelta(days=30)
GRACE = timedelta(seconds=10)
_PREFIX = "plr"
_SETUP_LOCK = 7_305_808_869_229_539


@dataclass(frozen=True)
class SignedIn:
    """A user in a session, with the refresh token to hand out."""

    user: User
    family_id: UUID
    refresh_token: str
    refresh_expires_at: datetime


@dataclass(frozen=True)
class Device:
    """What a sign-in tells of the device it came from."""

    ip: str | None = None
    user_agent: str | None = None


class AccountService:
    """What can be done to users and their sessions, within one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def sign_up_first(self, email: str, name: str, password: str, device: Device) -> SignedIn:
        """Create the server's first account, and sign it in.

        Raises:
            SignUpClosed: There is one already.
        """
        password_hash = await hash_password(password)
        await self._session.execute(
            text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SETUP_LOCK}
        )
        if await has_users(self._session):
            raise SignUpClosed
        user = await self._add_user(email, name, password_hash)
        return await self._begin(user, device)

    async def create_user(self, email: str, name: str, password: str) -> User:
        """Create an account, as the server's operator.

        Raises:
            EmailTaken: There is one with this address.
        """
        if await find_user_by_email(self._session, email):
            raise EmailTaken
        return await self._add_user(email, name, await hash_password(password))

    async def sign_in(self, email: str, password: str, device: Device) -> SignedIn:
        """Begin a session.

        Raises:
            WrongCredentials: No such user, or another password: the two look the same.
        """
        user = await find_user_by_email(self._session, email)
        if not await verify_password(password, user.password_hash if user else None):
            raise WrongCredentials
        if user is None:
            raise WrongCredentials
        return await self._begin(user, device)

    async def refresh(self, token: str) -> SignedIn | None:
        """Go on with a session: trade its refresh token for the next one.

        ``None`` says that the token was used before, and that the session has been ended for it.

        Raises:
            SessionExpired: The token is unknown, or its session has ended.
        """
        hashed = hash_token(token)
        family_id = await self._session.scalar(
            select(RefreshToken.family_id).where(RefreshToken.hash == hashed)
        )
        if family_id is None:
            raise SessionExpired
        # The lock comes before the reading: all tabs of a session pass here one by one.
        family = await self._session.get_one(SessionFamily, family_id, with_for_update=True)
        used = await self._session.get_one(RefreshToken, hashed, populate_existing=True)
        at = await self._now()
        if family.revoked_at or family.expires_at <= at or used.expires_at <= at:
            raise SessionExpired
        user = await self._session.get_one(User, family.user_id)
        if used.generation == family.head_generation:
            return await self._rotate(user, family, used, token, at)
        if _is_excused(family, used, at) and used.successor_sealed:
            successor = unseal(_sealing_key(token), used.successor_sealed, str(family.id)).decode()
            return SignedIn(user, family.id, successor, used.expires_at)
        self._end(family, at, "reuse")
        return None

    async def sign_out(self, token: str) -> None:
        """End the session of a refresh token. An unknown one has no session to end."""
        family = await self._session.scalar(
            select(SessionFamily)
            .join(RefreshToken, RefreshToken.family_id == SessionFamily.id)
            .where(RefreshToken.hash == hash_token(token), SessionFamily.revoked_at.is_(None))
            .with_for_update(of=SessionFamily)
        )
        if family:
            self._end(family, await self._now(), "sign_out")

    async def _add_user(self, email: str, name: str, password_hash: str) -> User:
        user = User(email=email, name=name.strip(), password_hash=password_hash)
        self._session.add(user)
        await self._session.flush()
        return user

    async def _begin(self, user: User, device: Device) -> SignedIn:
        at = await self._now()
        family = SessionFamily(
            user_id=user.id,
            expires_at=at + ABSOLUTE_LIFETIME,
            ip=device.ip,
            user_agent=device.user_agent,
        )
        self._session.add(family)
        await self._session.flush()
        token = new_token(_PREFIX)
        expires_at = self._issue(family, token, at)
        return SignedIn(user, family.id, token, expires_at)

    async def _rotate(
        self, user: User, family: SessionFamily, used: RefreshToken, token: str, at: datetime
    ) -> SignedIn:
        successor = new_token(_PREFIX)
        # The child is in use now: grandparents are excused no longer.
        await self._session.execute(
            update(RefreshToken)
            .where(RefreshToken.family_id == family.id)
            .values(successor_sealed=None)
        )
        used.rotated_at = at
        used.successor_sealed = seal(_sealing_key(token), successor.encode(), str(family.id))
        family.head_generation += 1
        expires_at = self._issue(family, successor, at)
        return SignedIn(user, family.id, successor, expires_at)

    def _issue(self, family: SessionFamily, token: str, at: datetime) -> datetime:
        expires_at = min(at + IDLE_LIFETIME, family.expires_at)
        self._session.add(
            RefreshToken(
                hash=hash_token(token),
                family_id=family.id,
                generation=family.head_generation or 0,
                issued_at=at,
                expires_at=expires_at,
            )
        )
        return expires_at

    def _end(self, family: SessionFamily, at: datetime, reason: str) -> None:
        family.revoked_at = at
        family.revoke_reason = reason

    async def _now(self) -> datetime:
        """Return the database's time: the one clock that all processes share."""
        return (await self._session.scalars(select(func.clock_timestamp()))).one()


def _is_excused(family: SessionFamily, used: RefreshToken, at: datetime) -> bool:
    return (
        used.generation == family.head_generation - 1
        and used.rotated_at is not None
        and at - used.rotated_at <= GRACE
    )


def _sealing_key(token: str) -> bytes:
    """Derive from a token the key of its successor: a leaked database yields none."""
    return sha256(b"successor" + token.encode()).digest()

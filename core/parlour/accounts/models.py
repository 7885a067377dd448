"""Users, and the sessions they are signed in with."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from parlour.kit.clock import now
from parlour.kit.db import Base
from parlour.kit.ids import new_id


class User(Base):
    """Somebody who signs in."""

    __tablename__ = "user"
    __table_args__ = (Index("uq_user_email", text("lower(email)"), unique=True),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str]
    name: Mapped[str]
    password_hash: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)


class SessionFamily(Base):
    """One sign-in on one device, and every refresh token that descends from it."""

    __tablename__ = "session_family"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoke_reason: Mapped[str | None]
    head_generation: Mapped[int] = mapped_column(default=0)
    ip: Mapped[str | None]
    user_agent: Mapped[str | None]


class RefreshToken(Base):
    """One generation of a session's refresh token. Kept after use: that is how reuse is seen."""

    __tablename__ = "refresh_token"
    __table_args__ = (UniqueConstraint("family_id", "generation"),)

    hash: Mapped[bytes] = mapped_column(primary_key=True)
    family_id: Mapped[UUID] = mapped_column(ForeignKey("session_family.id", ondelete="CASCADE"))
    generation: Mapped[int]
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    rotated_at: Mapped[datetime | None]
    successor_sealed: Mapped[bytes | None]

"""Projects, and the seats of users in them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from parlour.kit.clock import now
from parlour.kit.db import Base
from parlour.kit.ids import new_id


class Role(StrEnum):
    """What a member may do: a manager all, an agent answer."""

    MANAGER = "manager"
    AGENT = "agent"


class Project(Base):
    """A tenant: a team, its websites and everything said there."""

    __tablename__ = "project"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    domains: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    created_at: Mapped[datetime] = mapped_column(default=now)


class Member(Base):
    """A user's seat in a project."""

    __tablename__ = "member"

    project_id: Mapped[UUID] = mapped_column(
        ForeignKey("project.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("user.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    role: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)

"""Visitors, and the tokens their browsers are known by."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from parlour.kit.clock import now
from parlour.kit.db import Base
from parlour.kit.ids import new_id


class Visitor(Base):
    """Somebody on a project's website."""

    __tablename__ = "visitor"

    project_id: Mapped[UUID] = mapped_column(
        ForeignKey("project.id", ondelete="CASCADE"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str | None]
    user_agent: Mapped[str | None]
    current_url: Mapped[str | None]
    current_title: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    last_seen_at: Mapped[datetime] = mapped_column(default=now)

    @property
    def label(self) -> str:
        """What to call them: their name, or a short one made of their id."""
        return visitor_label(self.name, self.id)


class VisitorToken(Base):
    """What a browser shows to be known again: bound to a project and to one website's origin."""

    __tablename__ = "visitor_token"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "visitor_id"], ["visitor.project_id", "visitor.id"], ondelete="CASCADE"
        ),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    hash: Mapped[bytes] = mapped_column(primary_key=True)
    visitor_id: Mapped[UUID]
    origin: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]


def visitor_label(name: str | None, visitor_id: UUID) -> str:
    """Return what to call a visitor who may not have said a name."""
    return name or f"Visitor {visitor_id.hex[-4:].upper()}"

"""Where each subscriber stands in the log, and the events it failed on."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from parlour.kit.clock import now
from parlour.kit.db import Base


class Subscription(Base):
    """A subscriber's cursor: every event up to ``seq`` is handled, or is a ``Delivery``.

    ``held_by`` and ``held_until`` say which runner is at work where no transaction is held.
    """

    __tablename__ = "subscription"

    plugin: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    held_by: Mapped[UUID | None]
    held_until: Mapped[datetime | None]
    seen_at: Mapped[datetime] = mapped_column(default=now)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Delivery(Base):
    """An event that a subscriber failed on: to be tried again, or dead. Gone once handled.

    It keeps its event in the log for as long as it is here.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        ForeignKeyConstraint(
            ["plugin", "name"], ["subscription.plugin", "subscription.name"], ondelete="CASCADE"
        ),
        Index(
            "ix_delivery_due", "plugin", "name", "due_at", postgresql_where=text("dead_at IS NULL")
        ),
        Index("ix_delivery_dead_at", "dead_at", postgresql_where=text("dead_at IS NOT NULL")),
        Index("ix_delivery_seq", "seq"),
    )

    plugin: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(
        ForeignKey("event.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    seq: Mapped[int] = mapped_column(BigInteger)
    attempt: Mapped[int]
    due_at: Mapped[datetime]
    dead_at: Mapped[datetime | None]
    error: Mapped[str]
    failed_at: Mapped[datetime] = mapped_column(default=now)

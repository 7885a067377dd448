"""Events: what has happened, recorded in the transaction that made it true.

The table ``event`` is the log and the outbox in one. A row is written without ``seq``; the relay
gives committed rows their place. Everything that tells somebody something reads this log.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import msgspec
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from parlour.kit.db import RECORDED, Base, driver
from parlour.kit.ids import new_id

# A client that missed more than this reads everything anew.
CATCH_UP_LIMIT = 500


def project_room(project_id: UUID) -> str:
    """Name the room of a project's members."""
    return f"project:{project_id}"


def visitor_room(visitor_id: UUID) -> str:
    """Name the room of one visitor's tabs."""
    return f"visitor:{visitor_id}"


def user_room(user_id: UUID) -> str:
    """Name the room of one user's sockets."""
    return f"user:{user_id}"


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A fact about a project. Its fields are what the log, sockets and subscribers carry."""

    type: ClassVar[str]

    project_id: UUID

    @property
    def audience(self) -> Sequence[str]:
        """The rooms that hear of it: the project's members, unless a subclass says more."""
        return (project_room(self.project_id),)

    def for_visitor(self) -> msgspec.Struct | None:
        """What a visitor in the audience receives of it."""
        return None


class ConversationEvent(Event, frozen=True, kw_only=True):
    """A fact about one conversation of a project."""

    conversation_id: UUID


class EventRow(Base):
    """An event in the log."""

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_unsequenced", "ordinal", postgresql_where=text("seq IS NULL")),
        Index("ix_event_project_id_seq", "project_id", "seq"),
        Index(
            "ix_event_conversation_id_seq",
            "conversation_id",
            "seq",
            postgresql_where=text("conversation_id IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    # The order of insertion. Two events of one conversation are inserted under its row's lock,
    # so the later one has the higher ordinal: the relay sequences by it.
    ordinal: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    seq: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    conversation_id: Mapped[UUID | None]
    type: Mapped[str]
    data: Mapped[dict[str, Any]]
    audience: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class EventHead(Base):
    """The place of the last sequenced event: one row. Counting here leaves no gaps."""

    __tablename__ = "event_head"
    __table_args__ = (CheckConstraint("id = 1", name="only_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)


class LoggedEvent(msgspec.Struct, frozen=True):
    """An event at its place in the log, as it travels between processes. ``data`` stays JSON."""

    seq: int
    type: str
    project_id: UUID
    data: msgspec.Raw
    at: datetime
    audience: list[str]


# One snapshot: what is trimmed or sequenced between two would look like a log that never had it.
_EXTENT = text("SELECT (SELECT min(seq) FROM event), seq FROM event_head")

_COLUMNS = "seq, type, project_id, data::text AS data, created_at, audience"

_SELECT_AFTER = text(
    f"SELECT {_COLUMNS} FROM event WHERE seq > :after ORDER BY seq LIMIT :limit"  # noqa: S608 - constants
)
_SELECT_AFTER_FOR_PROJECT = text(
    f"SELECT {_COLUMNS} FROM event WHERE project_id = :project_id AND seq > :after "  # noqa: S608 - constants
    "AND :room = ANY(audience) ORDER BY seq LIMIT :limit"
)


async def record(session: AsyncSession, *events: Event) -> None:
    """Record events, in this order: they are published if, and only if, ``session`` commits."""
    if not events:
        return
    connection = await driver(session)
    await connection.execute(recording(first=1), *columns_of(events))
    session.info[RECORDED] = True


def recording(first: int) -> str:
    """Return the statement that records events, to stand alone or to end another one.

    Its parameters are the ``columns_of`` the events, numbered from ``first``. Whoever executes it
    without ``record`` sets ``session.info[RECORDED]``.
    """
    ids, projects, conversations, types, data, audiences = range(first, first + 6)
    return f"""
        INSERT INTO event (id, project_id, conversation_id, type, data, audience)
        SELECT id, project_id, conversation_id, type, data, string_to_array(audience, ' ')
        FROM unnest(
            ${ids}::uuid[], ${projects}::uuid[], ${conversations}::uuid[], ${types}::text[],
            ${data}::jsonb[], ${audiences}::text[]
        ) WITH ORDINALITY AS t(id, project_id, conversation_id, type, data, audience, place)
        ORDER BY place
    """  # noqa: S608 - numbers of parameters


def columns_of(events: Sequence[Event]) -> list[list[Any]]:
    """Return what is recorded of events, a list for each column."""
    return [
        [new_id() for _ in events],
        [event.project_id for event in events],
        [
            event.conversation_id if isinstance(event, ConversationEvent) else None
            for event in events
        ],
        [event.type for event in events],
        [msgspec.json.encode(event).decode() for event in events],
        [" ".join(event.audience) for event in events],
    ]


async def get_head(session: AsyncSession) -> int:
    """Return the place of the last event that is in the log.

    Read it before what it dates: an answer is true at a ``seq`` if it shows all up to there.
    """
    return (await session.scalars(select(EventHead.seq))).one()


async def list_after(session: AsyncSession, after: int, limit: int) -> list[LoggedEvent]:
    """Return events of all projects that come after a place in the log."""
    rows = await session.execute(_SELECT_AFTER, {"after": after, "limit": limit})
    return [logged(*row) for row in rows]


async def list_missed(
    session: AsyncSession, project_id: UUID, room: str, after: int
) -> list[LoggedEvent] | None:
    """Return a project's events for a room that come after a place in the log.

    ``None`` says that they are too many, or that the log does not reach back so far: then the
    client must read everything anew.
    """
    rows = await session.execute(
        _SELECT_AFTER_FOR_PROJECT,
        {"project_id": project_id, "room": room, "after": after, "limit": CATCH_UP_LIMIT + 1},
    )
    missed = [logged(*row) for row in rows]
    # Asked after the reading: the log only ever becomes shorter, so what reaches back now has
    # been complete before. An empty log reaches back to its head; a client ahead of it knows
    # another database.
    oldest, head = (await session.execute(_EXTENT)).one()
    reaches_back = (head if oldest is None else oldest - 1) <= after <= head
    return missed if reaches_back and len(missed) <= CATCH_UP_LIMIT else None


def logged(
    seq: int, type: str, project_id: UUID, data: str, at: datetime, audience: list[str]
) -> LoggedEvent:
    """Build a ``LoggedEvent`` from a row of the log."""
    return LoggedEvent(seq, type, project_id, msgspec.Raw(data.encode()), at, audience)

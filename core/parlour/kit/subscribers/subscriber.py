"""What a subscriber is: its name, the events it hears, and what it does with one."""

import builtins
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from parlour.kit.events import Event
from parlour.kit.runtime import Runtime

# Core's own subscribers are listed under this name, a plugin's under its own.
CORE = "core"
# 2 + 4 + … seconds, at most an hour each: the last of 15 attempts comes after about four hours.
ATTEMPTS = 15
HANDLER_SECONDS = 30.0

Recorded = TypeVar("Recorded", bound=Event)


class RecordedEvent(msgspec.Struct, frozen=True):
    """An event of the log, as a subscriber hears it. ``id`` is the key for doing it once."""

    id: UUID
    seq: int
    type: str
    project_id: UUID
    data: msgspec.Raw
    at: datetime

    def read(self, event: builtins.type[Recorded]) -> Recorded:
        """Return what happened as the struct that was recorded."""
        return msgspec.json.decode(self.data, type=event)


@dataclass(frozen=True)
class Context:
    """What a handler works with: the process' connections, and its transaction if it has one."""

    runtime: Runtime
    session: AsyncSession | None = None

    @property
    def db(self) -> AsyncSession:
        """The transaction that ends with the subscriber's cursor moved on.

        Raises:
            RuntimeError: The subscriber is declared without one.
        """
        if self.session is None:
            raise RuntimeError("A subscriber with transaction=False has no transaction.")
        return self.session


@dataclass(frozen=True)
class Subscriber:
    """A handler of events, under a name that stays the same from release to release.

    With ``transaction`` its writes to ``Context.db`` commit together with its cursor: they happen
    exactly once. Without, it may take its time outside the database and is done at least once.
    """

    name: str
    types: frozenset[str]
    handler: Callable[[Context, RecordedEvent], Awaitable[None]]
    plugin: str = CORE
    transaction: bool = True
    attempts: int = ATTEMPTS
    seconds: float = HANDLER_SECONDS

    def __post_init__(self) -> None:
        """Refuse a name that an operator could not type."""
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise ValueError(f"“{self.name}” is not a subscriber's name.")

    @property
    def key(self) -> dict[str, str]:
        """What its rows are found by."""
        return {"plugin": self.plugin, "name": self.name}

    @property
    def full_name(self) -> str:
        """What operators call it."""
        return f"{self.plugin}/{self.name}"

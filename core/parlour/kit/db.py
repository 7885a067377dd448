"""The declarative base, the pool, and the transaction: one per request, task or command."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg
import msgspec
import structlog
from sqlalchemy import DateTime, MetaData, event, make_url, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError, DisconnectionError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase

from parlour.kit.errors import Invalid, Unavailable

# The channel on which a commit tells the relays that there is something to sequence.
EVENTS_CHANNEL = "parlour_events"
# A session's ``info`` key: it has recorded events.
RECORDED = "recorded"

_SERVER_SETTINGS = {
    "application_name": "parlour",
    "statement_timeout": "15s",
    "lock_timeout": "10s",
    # A process stopped in the middle of a transaction must not hold its locks for ever.
    "idle_in_transaction_session_timeout": "10s",
}

_DATABASE_ERRORS = (SQLAlchemyError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError)

log = structlog.get_logger(__name__)


class Base(DeclarativeBase):
    """What every table shares: names for its constraints, time zones for its times."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: DateTime(timezone=True), dict[str, Any]: JSONB}


def engine_url(dsn: str) -> str:
    """Turn a PostgreSQL URL into SQLAlchemy's, for asyncpg."""
    url = make_url(dsn).set(drivername="postgresql+asyncpg")
    return url.render_as_string(hide_password=False)


async def connect(dsn: str) -> asyncpg.Connection:
    """Open a connection of its own, outside the pool: for LISTEN."""
    return await asyncpg.connect(dsn, timeout=5, server_settings=_SERVER_SETTINGS)


class Database:
    """The pool of a process, and the transactions over it."""

    def __init__(self, dsn: str, *, pool_size: int) -> None:
        self._engine = create_async_engine(
            engine_url(dsn),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=5,
            json_serializer=lambda value: msgspec.json.encode(value).decode(),
            json_deserializer=msgspec.json.decode,
            connect_args={"server_settings": _SERVER_SETTINGS, "timeout": 5},
        )
        event.listen(self._engine.sync_engine, "checkout", _refuse_closed)
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)
        self._notifying: asyncio.Task[None] | None = None
        self._notify_again = False

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[AsyncSession]:
        """Open a transaction: committed when the block ends, rolled back when it raises.

        Raises:
            Unavailable: The database cannot be reached, or is saturated.
            Invalid: A value is of a kind that PostgreSQL does not store, such as a NUL character.
        """
        try:
            async with self._sessions.begin() as session:
                yield session
        except _DATABASE_ERRORS as error:
            raise refusal_of(error) from error
        if session.info.get(RECORDED):
            self._wake_relays()

    async def check(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            Unavailable: There was none.
        """
        async with self.transaction() as session:
            await session.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Finish what is under way, and close the pool."""
        if self._notifying:
            await self._notifying
        await self._engine.dispose()

    def _wake_relays(self) -> None:
        # Outside the transaction: NOTIFY inside would serialise all commits. One at a time is
        # under way, and a relay polls besides, so a lost one costs a moment and nothing else.
        if self._notifying and not self._notifying.done():
            self._notify_again = True
        else:
            self._notifying = asyncio.create_task(self._notify())

    async def _notify(self) -> None:
        pending = True
        while pending:
            self._notify_again = False
            try:
                async with self._engine.connect() as connection:
                    adapter = await _adapter(connection)
                    await adapter.driver_connection.execute(f"NOTIFY {EVENTS_CHANNEL}")
            except _DATABASE_ERRORS as error:
                log.warning("notify_failed", error=str(error))
            pending = self._notify_again


async def driver(session: AsyncSession) -> asyncpg.Connection:
    """Return the driver's own connection, in the session's transaction.

    For the few statements that every message passes: they cost a quarter of what they do through
    SQLAlchemy.
    """
    adapter = await _adapter(await session.connection())
    if adapter._transaction is None:  # else a statement of SQLAlchemy's has begun it
        try:
            await adapter._start_transaction()
        except adapter.dbapi.Error as error:  # an error that only SQLAlchemy itself would know
            raise error.__cause__ or error from None
    return adapter.driver_connection


async def _adapter(connection: AsyncConnection) -> Any:
    return (await connection.get_raw_connection()).dbapi_connection


def _refuse_closed(connection: Any, *_: Any) -> None:
    """Have the pool replace a connection that has ended while it was not used."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def refusal_of(error: Exception) -> Exception:
    """Return what the database said as a refusal, where the caller can act on it."""
    if isinstance(error, PoolTimeout | OSError):
        return Unavailable(retry_after=1)
    if isinstance(error, asyncpg.InterfaceError):  # the driver's own: a value, or its connection
        return Invalid() if isinstance(error, ValueError) else Unavailable(retry_after=1)
    if not isinstance(error, DBAPIError | asyncpg.PostgresError):
        return error
    state = str(getattr(getattr(error, "orig", error), "sqlstate", "") or "")
    # PostgreSQL's error classes: 08 connection, 53 resources, 57 intervention, 22 data;
    # 40001 and 40P01 are lost races, 55P03 a lock that took too long, 25P03 a stopped process.
    if state[:2] in {"", "08", "53", "57"} or state in {"40001", "40P01", "55P03", "25P03"}:
        return Unavailable(retry_after=1)
    if state.startswith("22"):
        return Invalid("A value cannot be stored.")
    return error

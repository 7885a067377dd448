"""Pools of connections to Redis on which every loss looks like one."""

from typing import Any, TypeVar

from redis.asyncio import ConnectionPool
from redis.exceptions import ConnectionError as ConnectionLost

Pool = TypeVar("Pool", bound=ConnectionPool)


class _TellsLosses:
    """A connection that says so when its transport has ended.

    On uvloop, writing to one that was reset is a ``RuntimeError``, which nobody takes for a loss.
    """

    async def send_packed_command(self, *arguments: Any, **options: Any) -> None:
        """Send a command.

        Raises:
            ConnectionError: The connection is lost.
        """
        connection: Any = super()
        try:
            await connection.send_packed_command(*arguments, **options)
        except RuntimeError as error:
            await connection.disconnect(nowait=True)
            raise ConnectionLost(str(error)) from error


def telling_losses(pool: Pool) -> Pool:
    """Make a pool's connections report every loss as redis' own error; return the pool."""
    kind = pool.connection_class
    pool.connection_class = type(f"TellsLosses{kind.__name__}", (_TellsLosses, kind), {})
    return pool

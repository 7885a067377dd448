"""``parlour doctor``: asks everything that Parlour stands on whether it is well."""

import asyncio
import json
import sys
import tempfile
from collections.abc import Callable, Coroutine
from urllib.parse import urlsplit

import asyncpg
import click
from aiosmtplib import SMTPException
from redis.exceptions import RedisError
from rich.console import Console
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from parlour.kit.mail import check_mail_server
from parlour.kit.runtime import load_keyring, open_redis
from parlour.kit.settings import Settings, load_settings

MIN_POSTGRES = 150_000
MIN_REDIS = 7


class Unwell(Exception):
    """A check failed; the message says what to do."""


Check = Callable[[Settings], Coroutine[None, None, str]]


async def check_database(settings: Settings) -> str:
    """PostgreSQL answers, is recent, and keeps what it has confirmed."""
    try:
        connection = await asyncpg.connect(settings.postgres_dsn, timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise Unwell(f"{error}. Is `parlour up` running, or PARLOUR_DATABASE_URL right?") from error
    try:
        version = int(await connection.fetchval("SHOW server_version_num"))
        if version < MIN_POSTGRES:
            raise Unwell("PostgreSQL 15 or later is needed.")
        for name in ("fsync", "synchronous_commit"):
            if await connection.fetchval(f"SHOW {name}") != "on":
                raise Unwell(f"{name} is off: a power cut would lose acknowledged messages.")
        if not await connection.fetchval("SELECT to_regclass('event') IS NOT NULL"):
            raise Unwell("There are no tables yet: run `parlour migrate`.")
    finally:
        await connection.close()
    return f"PostgreSQL {version // 10_000}.{version % 10_000}"


async def check_redis(settings: Settings) -> str:
    """Redis or Valkey answers, and is recent."""
    redis = open_redis(settings)
    try:
        info = await redis.info("server")
    except (RedisError, OSError) as error:
        raise Unwell(f"{error}. Is `parlour up` running, or PARLOUR_REDIS_URL right?") from error
    finally:
        await redis.aclose()
    version = str(info.get("valkey_version") or info["redis_version"])
    if int(version.partition(".")[0]) < MIN_REDIS:
        raise Unwell("Redis 7 or later is needed.")
    return f"{'Valkey' if 'valkey_version' in info else 'Redis'} {version}"


async def check_websocket(settings: Settings) -> str:
    """A WebSocket through the public URL reaches the gateway: what proxies most often forbid."""
    url = f"{settings.origin.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket"
    try:
        async with asyncio.timeout(10), connect(url, open_timeout=5) as socket:
            first = str(await socket.recv())
    except (OSError, TimeoutError, WebSocketException) as error:
        raise Unwell(
            f"{url}: {error}. Is the server running, and does the proxy pass WebSockets on?"
        ) from error
    if not first.startswith("0") or "sid" not in json.loads(first[1:]):
        raise Unwell(f"{url} is answered by something that is not Parlour.")
    return settings.origin


async def check_data(settings: Settings) -> str:
    """The data folder can be written, and the keys can be read."""
    try:
        settings.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.folder):
            pass
        load_keyring(settings)
    except (OSError, ValueError) as error:
        raise Unwell(str(error)) from error
    return str(settings.folder)


async def check_mail(settings: Settings) -> str:
    """The mail server answers and takes our sign-in."""
    if settings.smtp_url is None:
        return "not set: no mail is sent"
    host = urlsplit(settings.smtp_url.get_secret_value()).hostname
    try:
        await check_mail_server(settings.smtp_url)
    except (OSError, SMTPException) as error:
        raise Unwell(f"{host}: {error}") from error
    return str(host)


CHECKS: dict[str, Check] = {
    "Data folder": check_data,
    "Database": check_database,
    "Redis": check_redis,
    "WebSocket": check_websocket,
    "Mail": check_mail,
}


@click.command()
def doctor() -> None:
    """Check everything that Parlour stands on."""
    settings = load_settings()
    console = Console(highlight=False)
    well = True
    for name, check in CHECKS.items():
        try:
            console.print(f"[green]✓[/] {name:12} {asyncio.run(check(settings))}")
        except Unwell as error:
            well = False
            console.print(f"[red]✗[/] {name:12}", str(error))
    sys.exit(0 if well else 1)

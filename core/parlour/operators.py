"""``parlour keys``, ``parlour user`` and ``parlour subscribers``: what an operator does by hand."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import click
import msgspec
from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncSession

from parlour.accounts.schemas import Email, Name, NewPassword
from parlour.accounts.service import AccountService
from parlour.kit.crypto import new_keys
from parlour.kit.errors import AppError
from parlour.kit.runtime import open_runtime
from parlour.kit.settings import Settings, load_settings
from parlour.kit.subscribers import oversight

Result = TypeVar("Result")


@click.command()
def keys() -> None:
    """Print a new keyring for PARLOUR_KEYS."""
    click.echo(new_keys())


@click.group()
def user() -> None:
    """Manage accounts."""


@user.command("create")
@click.argument("email")
@click.option("--name", prompt=True, help="What colleagues and visitors see.")
@click.password_option(help="At least 12 characters; asked for when not given.")
def create_user(email: str, name: str, password: str) -> None:
    """Create an account. A manager can then add it to a project."""
    try:
        msgspec.convert((email, name, password), tuple[Email, Name, NewPassword])
        asyncio.run(_create_user(load_settings(), email, name, password))
    except (msgspec.ValidationError, AppError) as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    click.echo(f"{email} can sign in.")


async def _create_user(settings: Settings, email: str, name: str, password: str) -> None:
    async with open_runtime(settings) as runtime, runtime.database.transaction() as session:
        await AccountService(session).create_user(email, name, password)


class FullName(click.ParamType[tuple[str, str]]):
    """A subscriber as operators write it: ``core/mail_new_member``."""

    name = "subscriber"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Split it into the plugin and the name."""
        plugin, slash, name = str(value).partition("/")
        if not (plugin and slash and name):
            self.fail("Write it like core/mail_new_member.", param, ctx)
        return plugin, name


_subscriber = click.argument("subscriber", type=FullName())
_events = click.argument("events", nargs=-1, type=click.UUID)
_all = click.option("--all", "is_all", is_flag=True, help="All of them.")
_json = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.group()
def subscribers() -> None:
    """Watch what hears the event log, and deal with events that failed."""


@subscribers.command("list")
@_json
def list_subscribers(as_json: bool) -> None:
    """Show every subscriber: its place in the log, how far behind, what failed."""
    _show(_run(oversight.list_subscribers), as_json)


@subscribers.command("dead")
@click.argument("subscriber", type=FullName(), required=False)
@_json
def list_dead(subscriber: tuple[str, str] | None, as_json: bool) -> None:
    """Show the events that a subscriber, or any, has failed on for good."""
    plugin, name = subscriber or (None, None)
    _show(_run(lambda session: oversight.list_failed(session, plugin, name)), as_json)


@subscribers.command("retry")
@_subscriber
@_events
@_all
def retry(subscriber: tuple[str, str], events: tuple[UUID, ...], is_all: bool) -> None:
    """Try failed events again, at once: those named, or all."""
    ids = _chosen(events, is_all)
    count = _run(lambda session: oversight.retry_failed(session, *subscriber, ids))
    click.echo(f"Events to be tried again: {count}.")


@subscribers.command("drop")
@_subscriber
@_events
@_all
def drop(subscriber: tuple[str, str], events: tuple[UUID, ...], is_all: bool) -> None:
    """Give failed events up: those named, or all that are dead."""
    ids = _chosen(events, is_all)
    count = _run(lambda session: oversight.drop_failed(session, *subscriber, ids))
    click.echo(f"Events given up: {count}.")


@subscribers.command("replay")
@_subscriber
@click.option("--seq", type=int, help="From this place in the log on.")
@click.option("--since", type=click.DateTime(), help="From this time on, in UTC.")
def replay(subscriber: tuple[str, str], seq: int | None, since: datetime | None) -> None:
    """Let a subscriber hear again what it has heard before."""
    if (seq is None) == (since is None):
        raise click.UsageError("Say either --seq or --since.")

    async def step(session: AsyncSession) -> int:
        place = seq
        if place is None and since is not None:
            place = await oversight.find_place(session, since.replace(tzinfo=UTC))
        return await oversight.replay(session, *subscriber, place or 0)

    click.echo(f"Events to be heard again: {_run(step)}.")


def _chosen(events: tuple[UUID, ...], is_all: bool) -> list[UUID] | None:
    if bool(events) == is_all:
        raise click.UsageError("Name events, or say --all.")
    return None if is_all else list(events)


def _run(step: Callable[[AsyncSession], Awaitable[Result]]) -> Result:
    """Take a step in a transaction, or say why not and end."""

    async def run() -> Result:
        async with (
            open_runtime(load_settings()) as runtime,
            runtime.database.transaction() as session,
        ):
            return await step(session)

    try:
        return asyncio.run(run())
    except AppError as error:
        click.echo(str(error), err=True)
        sys.exit(1)


def _show(rows: Sequence[msgspec.Struct], as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(rows))
        return
    if not rows:
        click.echo("None.")
        return
    fields = [field.name for field in msgspec.structs.fields(type(rows[0]))]
    table = Table(*fields, box=None)
    for row in rows:
        table.add_row(*(_cell(getattr(row, name)) for name in fields))
    Console(highlight=False, markup=False, soft_wrap=True).print(table)


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"{value:.1f}" if isinstance(value, float) else str("" if value is None else value)

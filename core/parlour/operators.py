"""``parlour keys`` and ``parlour user``: what an operator does by hand."""

import asyncio
import sys

import click
import msgspec

from parlour.accounts.schemas import Email, Name, NewPassword
from parlour.accounts.service import AccountService
from parlour.kit.crypto import new_keys
from parlour.kit.errors import AppError
from parlour.kit.runtime import open_runtime
from parlour.kit.settings import Settings, load_settings


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

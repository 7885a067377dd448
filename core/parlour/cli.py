"""The command ``parlour``: each subcommand lives beside what it runs, and is imported when asked.

A worker must not pay for the web framework, nor ``parlour up`` for either.
"""

from importlib import import_module

import click

COMMANDS = {
    "up": "parlour.supervisor",
    "serve": "parlour.serve",
    "worker": "parlour.worker",
    "migrate": "parlour.migrations.runner",
    "doctor": "parlour.doctor",
    "keys": "parlour.operators",
    "user": "parlour.operators",
    "subscribers": "parlour.operators",
}


class Commands(click.Group):
    """The subcommands, found by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return their names in reading order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a subcommand."""
        module = COMMANDS.get(cmd_name)
        return getattr(import_module(module), cmd_name) if module else None


@click.group(cls=Commands)
@click.version_option(package_name="parlour")
def main() -> None:
    """Parlour: a self-hosted live chat for websites."""

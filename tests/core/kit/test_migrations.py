"""The schema is what the models say, and every revision can be taken back."""

from alembic import command
from sqlalchemy import Connection

from parlour.kit.settings import Settings
from parlour.migrations import runner


async def test_models_and_schema_agree(empty: Settings) -> None:
    await runner.check(empty.postgres_dsn)


async def test_the_newest_revision_can_be_taken_back(empty: Settings) -> None:
    def back(connection: Connection) -> None:
        command.downgrade(runner._config(connection), "-1")

    await runner._run(empty.postgres_dsn, back)
    await runner.upgrade(empty.postgres_dsn)
    await runner.check(empty.postgres_dsn)

"""The settings of a process: read once from ``PARLOUR_*`` when it starts.

``docs/reference/settings.md`` is generated from this class.
"""

import sys
from email.headerregistry import Address
from email.utils import parseaddr
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir
from typing import Annotated, Any
from urllib.parse import urlsplit

from limits import RateLimitItem, parse
from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from parlour.kit import logs

# The longest path of a unix socket is 104 bytes on macOS and 108 on Linux (sun_path).
MAX_SOCKET_PATH = 103


def _rate(value: Any) -> Any:
    return parse(value) if isinstance(value, str) else value


Rate = Annotated[RateLimitItem, BeforeValidator(_rate)]


class Settings(BaseSettings):
    """What an operator may choose."""

    model_config = SettingsConfigDict(
        env_prefix="PARLOUR_", frozen=True, extra="ignore", arbitrary_types_allowed=True
    )

    data: Path = Field(
        Path("data"),
        description="Folder for everything an embedded Parlour keeps: database, keys, logs.",
    )
    host: str = Field("127.0.0.1", description="Address the server listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Port the server listens on.")
    public_url: str = Field(
        "",
        description="Where browsers reach the server, such as `https://chat.example.com`. "
        "Unset: `http://localhost:<port>`.",
    )
    database_url: SecretStr | None = Field(
        None,
        description="PostgreSQL 15 or later, `postgresql://user:password@host/name`. "
        "Unset: the embedded server in the data folder.",
    )
    redis_url: SecretStr | None = Field(
        None,
        description="Redis 7 or later, or Valkey, `redis://host:6379/0`. "
        "Unset: the embedded server in the data folder.",
    )
    keys: SecretStr | None = Field(
        None,
        description="Keys that sign and seal, newest first: `k2:<base64 of 32 bytes>,k1:…`. "
        "Unset: made once and kept in the data folder; required with a database of your own.",
    )
    trusted_proxies: str = Field(
        "127.0.0.1",
        description="Proxies whose `X-Forwarded-For` is believed: addresses, comma-separated.",
    )
    smtp_url: SecretStr | None = Field(
        None,
        description="Mail server, `smtp://user:password@host:587`; `parlour doctor` checks it.",
    )
    mail_from: str = Field(
        "",
        description="Sender of mail, `Fernwood <chat@example.com>`. "
        "Unset: `parlour@` and the host of the public URL.",
    )
    log_level: str = Field("info", description="`debug`, `info`, `warning` or `error`.")
    database_pool_size: int = Field(
        10,
        ge=2,
        description="Database connections a process keeps, at the most. "
        "A worker's subscribers have up to as many of their own.",
    )
    visitor_message_rate: Rate = Field(
        "10/10 second",  # pyright: ignore[reportArgumentType] - validated like the environment's
        validate_default=True,
        description="Messages a visitor may send: per visitor and gateway process.",
    )
    visitor_session_rate: Rate = Field(
        "30/1 minute",  # pyright: ignore[reportArgumentType] - validated like the environment's
        validate_default=True,
        description="New visitors that may come from one address, over all processes.",
    )
    agent_message_rate: Rate = Field(
        "60/10 second",  # pyright: ignore[reportArgumentType] - validated like the environment's
        validate_default=True,
        description="Messages a member may send, over all processes.",
    )
    batch_size: int = Field(200, ge=1, description="Messages written in one transaction.")
    batch_queue: int = Field(
        5000, ge=1, description="Messages a gateway holds before it answers `busy`."
    )
    redelivery_seconds: float = Field(
        3.0, gt=0, description="After how long a task of a crashed worker goes to another one."
    )
    retention_days: int = Field(
        7,
        ge=1,
        description="Days that the event log and dead letters are kept. Messages are kept for "
        "ever; a client that was away for longer reads them anew.",
    )

    @field_validator("public_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        if value and not urlsplit(value).scheme.startswith("http"):
            raise ValueError("public_url must start with http:// or https://")
        return value.rstrip("/")

    @field_validator("smtp_url")
    @classmethod
    def _is_mail_server(cls, value: SecretStr | None) -> SecretStr | None:
        parts = urlsplit(value.get_secret_value()) if value else None
        if parts and (parts.scheme not in {"smtp", "smtps"} or not parts.hostname):
            raise ValueError("smtp_url must be smtp://host:587 or smtps://host:465")
        return value

    @field_validator("mail_from")
    @classmethod
    def _is_sender(cls, value: str) -> str:
        if not value:
            return value
        name, address = parseaddr(value)
        user, _, host = address.rpartition("@")
        if not (value.isprintable() and user and host):
            raise ValueError("mail_from must be like chat@example.com or Name <chat@example.com>")
        Address(name, addr_spec=address)  # raises a ValueError that says what is wrong
        return value

    @model_validator(mode="after")
    def _own_database_needs_own_keys(self) -> "Settings":
        if self.database_url and not self.keys:
            raise ValueError(
                "PARLOUR_DATABASE_URL without PARLOUR_KEYS: every process must share one key. "
                "`parlour keys` prints a new one."
            )
        return self

    @cached_property
    def origin(self) -> str:
        """The public URL: scheme, host and port, without a path."""
        return self.public_url or f"http://localhost:{self.port}"

    @cached_property
    def folder(self) -> Path:
        """The data folder, absolute."""
        return self.data.expanduser().resolve()

    @cached_property
    def sockets(self) -> Path:
        """The folder of the embedded servers' unix sockets: the data folder's, if that is short."""
        inside = self.folder / "run"
        if len(str(inside / ".s.PGSQL.5432")) <= MAX_SOCKET_PATH:
            return inside
        return Path(gettempdir()) / f"parlour-{sha256(str(self.folder).encode()).hexdigest()[:16]}"

    @cached_property
    def postgres_dsn(self) -> str:
        """The database's URL, the embedded one's where none is set."""
        if self.database_url:
            return self.database_url.get_secret_value()
        return f"postgresql://postgres@/postgres?host={self.sockets}"

    @cached_property
    def redis_dsn(self) -> str:
        """Redis' URL, the embedded one's where none is set."""
        if self.redis_url:
            return self.redis_url.get_secret_value()
        return f"unix://{self.sockets}/valkey.sock"


def load_settings() -> Settings:
    """Read the settings of a command and begin its log, or say what is wrong and end."""
    try:
        settings = Settings()  # pyright: ignore[reportCallIssue] - every field has a default
    except ValidationError as error:
        for problem in error.errors():
            name = "_".join(("PARLOUR", *(str(part) for part in problem["loc"]))).upper()
            sys.stderr.write(f"{name}: {problem['msg']}\n")
        sys.exit(2)
    logs.configure(settings.log_level)
    return settings

"""What the accounts API reads and writes."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from parlour.accounts.models import User

Email = Annotated[
    str, Meta(min_length=3, max_length=254, pattern=r"^[^@\s\x00]+@[^@\s\x00]+\.[^@\s\x00]+$")
]
Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^\s*[^\s\x00][^\x00]*$")]
NewPassword = Annotated[str, Meta(min_length=12, max_length=256)]


class SignUp(msgspec.Struct, forbid_unknown_fields=True):
    """The first account of a server."""

    email: Email
    name: Name
    password: NewPassword


class SignIn(msgspec.Struct, forbid_unknown_fields=True):
    """What somebody signs in with."""

    email: Annotated[str, Meta(max_length=254)]
    password: Annotated[str, Meta(max_length=256)]


class UserRead(msgspec.Struct, frozen=True):
    """A user, as they see themselves."""

    id: UUID
    email: str
    name: str

    @classmethod
    def of(cls, user: User) -> "UserRead":
        """Read a user."""
        return cls(user.id, user.email, user.name)


class SessionRead(msgspec.Struct, frozen=True):
    """A session that has begun or goes on. The refresh token travels in a cookie only."""

    access_token: str
    expires_at: datetime
    user: UserRead


class SetupRead(msgspec.Struct, frozen=True):
    """Whether the server still waits for its first account."""

    needs_setup: bool

"""The ways a request can be refused. A domain subclasses one and never names a status.

HTTP renders a refusal as an RFC 9457 problem, a socket as an ack with the same ``code``.
"""

from collections.abc import Sequence
from typing import ClassVar

import msgspec


class FieldError(msgspec.Struct, frozen=True):
    """What is wrong with one field of the input."""

    field: str
    message: str


class Refusal(msgspec.Struct, frozen=True):
    """A refusal as it travels: in a socket's ack, or from a worker to the gateway that asked."""

    code: str
    message: str
    retry_after: float | None = None


class AppError(Exception):
    """A refusal the caller can act on.

    Attributes:
        status: The HTTP status it is rendered with.
        code: A stable name for programs; subclasses give their own.
        retry_after: Seconds after which trying again makes sense, where that is known.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "invalid"

    def __init_subclass__(cls, *, code: str | None = None, status: int | None = None) -> None:
        """Take the ``code`` and ``status`` a subclass declares, or its parent's."""
        cls.code = code or cls.code
        cls.status = status or cls.status

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        retry_after: float | None = None,
    ) -> None:
        self.detail = detail or (type(self).__doc__ or "").partition("\n")[0]
        self.errors = errors
        self.retry_after = retry_after
        super().__init__(self.detail)

    @property
    def refusal(self) -> Refusal:
        """The same, as it travels in an ack."""
        return Refusal(self.code, self.detail, self.retry_after)


class Invalid(AppError, code="invalid", status=422):
    """The request is well formed and makes no sense."""


class Unauthenticated(AppError, code="unauthenticated", status=401):
    """Sign in first."""


class Forbidden(AppError, code="forbidden", status=403):
    """You may not do this."""


class NotFound(AppError, code="not_found", status=404):
    """There is no such thing."""


class Conflict(AppError, code="conflict", status=409):
    """The thing is in no state for this."""


class TooLarge(AppError, code="too_large", status=413):
    """This is larger than the server takes."""


class RateLimited(AppError, code="rate_limited", status=429):
    """You are doing this too often."""


class Unavailable(AppError, code="unavailable", status=503):
    """The server cannot do this right now; trying again is safe."""


class Busy(Unavailable, code="busy"):
    """The server has more to do than it can take; trying again is safe."""


class Refused(AppError):
    """A refusal that was made in another process, as it came from there."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message, retry_after=refusal.retry_after)
        self.code = refusal.code  # pyright: ignore[reportAttributeAccessIssue] - this one's own

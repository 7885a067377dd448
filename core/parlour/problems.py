"""Refusals and failures as HTTP says them: problems (RFC 9457)."""

from math import ceil
from typing import Any

import structlog
from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import Receive, Scope, Send
from msgspec import Struct

from parlour.kit.db import refusal_of
from parlour.kit.errors import AppError, FieldError
from parlour.kit.ids import new_id

PROBLEM = "application/problem+json"

log = structlog.get_logger(__name__)


class Problem(Struct, frozen=True, omit_defaults=True):
    """A refusal as HTTP says it (RFC 9457)."""

    title: str
    status: int
    code: str
    detail: str
    type: str = "about:blank"
    errors: list[FieldError] = []
    retry_after: float | None = None
    request_id: str | None = None


def refused(_: Request[Any, Any, State], error: AppError) -> Response[Problem]:
    """Render a refusal."""
    problem = Problem(
        title=(type(error).__doc__ or "").partition("\n")[0],
        status=error.status,
        code=error.code,
        detail=error.detail,
        errors=list(error.errors),
        retry_after=error.retry_after,
    )
    return _response(problem)


def invalid(_: Request[Any, Any, State], error: ValidationException) -> Response[Problem]:
    """Render what is wrong with the input, field by field."""
    found: Any = error.extra or []
    errors = [FieldError(e.get("key", ""), e.get("message", "")) for e in found]
    problem = Problem(
        title="The input makes no sense.",
        status=422,
        code="invalid",
        detail="; ".join(f"{e.field}: {e.message}" for e in errors) or error.detail,
        errors=errors,
    )
    return _response(problem)


_CODES = {
    400: "malformed",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}


def http_error(_: Request[Any, Any, State], error: HTTPException) -> Response[Problem]:
    """Render what the framework refuses before a handler is asked."""
    code = _CODES.get(error.status_code, "invalid")
    title = "There is no such thing." if code == "not_found" else error.detail
    return _response(Problem(title, error.status_code, code, detail=title))


def failed(request: Request[Any, Any, State], error: Exception) -> Response[Problem]:
    """Render what is no refusal: what the database said, or that something went wrong here.

    That is logged under an id that the client can quote, and nothing else is told.
    """
    while isinstance(error, ExceptionGroup):  # of dependencies that were resolved side by side
        error = error.exceptions[0]
    refusal = refusal_of(error)
    if isinstance(refusal, AppError):
        return refused(request, refusal)
    request_id = str(new_id())
    log.error("request_failed", path=request.url.path, request_id=request_id, exc_info=error)
    detail = "Something went wrong here."
    return _response(Problem(detail, 500, "internal", detail, request_id=request_id))


async def respond(error: Exception, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request with a problem, where the framework no longer does."""
    request: Request[Any, Any, State] = Request(scope, receive, send)
    response = failed(request, error).to_asgi_response(app=None, request=request)
    await response(scope, receive, send)


def _response(problem: Problem) -> Response[Problem]:
    headers = {}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(ceil(problem.retry_after))
    return Response(problem, status_code=problem.status, media_type=PROBLEM, headers=headers)


HANDLERS: dict[int | type[Exception], Any] = {
    AppError: refused,
    ValidationException: invalid,
    HTTPException: http_error,
    Exception: failed,
}

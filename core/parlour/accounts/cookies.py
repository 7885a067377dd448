"""The cookie that holds a refresh token, and the proof that the dashboard sent it."""

from datetime import datetime
from typing import Any

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie, State

from parlour.accounts.errors import ForeignRequest
from parlour.kit.clock import now

Connection = ASGIConnection[Any, Any, Any, State]


def cookie_name(connection: Connection) -> str:
    """Name the cookie. ``__Host-`` binds it to this host over TLS (RFC 6265bis §4.1.3.2)."""
    return "__Host-parlour" if _is_secure(connection) else "parlour"


def refresh_cookie(connection: Connection, token: str, expires_at: datetime) -> Cookie:
    """Make the cookie of a refresh token; an empty one takes it away."""
    return Cookie(
        key=cookie_name(connection),
        value=token,
        max_age=max(0, int((expires_at - now()).total_seconds())) if token else 0,
        path="/",
        httponly=True,
        secure=_is_secure(connection),
        samesite="strict",
    )


def from_dashboard(connection: Connection, _: Any) -> None:
    """Let only the dashboard use the cookie: no other website, no plain form or image.

    A page elsewhere can neither set this header without asking first (CORS, and we allow nobody),
    nor change what the browser says of where the request comes from.
    """
    if connection.headers.get("X-Parlour") != "1":
        raise ForeignRequest
    if connection.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise ForeignRequest
    origin = connection.headers.get("Origin")
    if origin is not None and origin not in own_origins(connection):
        raise ForeignRequest


def own_origins(connection: Connection) -> set[str]:
    """The origins of the dashboard: the public URL's, and the one the browser asked."""
    return {connection.app.state.runtime.settings.origin, asked_origin(connection)}


def asked_origin(connection: Connection) -> str:
    """The origin of the address that the browser asked: the server may have several names."""
    return f"{connection.scope['scheme']}://{connection.headers.get('Host', '')}"


def _is_secure(connection: Connection) -> bool:
    return connection.app.state.runtime.settings.origin.startswith("https://")

"""The access token that a request carries."""

from typing import Any

from litestar import Request
from litestar.datastructures import State

from parlour.accounts.tokens import AccessClaims, AccessTokens
from parlour.kit.errors import Unauthenticated


def read_claims(request: Request[Any, Any, State]) -> AccessClaims:
    """Read the access token of a request.

    Raises:
        Unauthenticated: It carries none, or not one of ours.
        SessionExpired: The token's time is over.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated
    tokens: AccessTokens = request.app.state.access_tokens
    return tokens.verify(token)

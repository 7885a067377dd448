"""What visitors are refused."""

from parlour.kit.errors import NotFound, Unauthenticated


class VisitorNotFound(NotFound, code="not_found"):
    """There is no such visitor."""


class VisitorTokenInvalid(Unauthenticated, code="unauthenticated"):
    """This visitor token is unknown here. Ask for a new session."""

"""What accounts refuse."""

from parlour.kit.errors import Conflict, Forbidden, Unauthenticated


class WrongCredentials(Unauthenticated, code="wrong_credentials"):
    """The e-mail address or the password is wrong."""


class SessionExpired(Unauthenticated, code="session_expired"):
    """The session has ended. Sign in again."""


class SignUpClosed(Forbidden, code="sign_up_closed"):
    """This server has an owner. Ask them for an account."""


class EmailTaken(Conflict, code="email_taken"):
    """There is an account with this e-mail address."""


class ForeignRequest(Forbidden, code="foreign_request"):
    """This request did not come from the dashboard."""

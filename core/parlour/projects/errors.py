"""What projects refuse."""

from parlour.kit.errors import Conflict, Forbidden, Invalid, NotFound


class ProjectNotFound(NotFound, code="not_found"):
    """There is no such project."""


class ManagerNeeded(Forbidden, code="manager_needed"):
    """Only a manager of the project may do this."""


class UserNotFound(NotFound, code="user_not_found"):
    """Nobody with this e-mail address has an account."""


class AlreadyMember(Conflict, code="already_member"):
    """This user is a member of the project."""


class DomainInvalid(Invalid, code="domain_invalid"):
    """A domain is written `example.com`, `*.example.com` or `localhost:3000`."""


class OriginNotAllowed(Forbidden, code="origin_not_allowed"):
    """This website is not among the project's domains."""

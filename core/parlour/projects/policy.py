"""Who may do what in a project."""

from parlour.projects.errors import ManagerNeeded
from parlour.projects.models import Role
from parlour.projects.queries import ProjectScope


def require_manager(scope: ProjectScope) -> None:
    """Let managers pass.

    Raises:
        ManagerNeeded: The member is an agent.
    """
    if scope.role is not Role.MANAGER:
        raise ManagerNeeded

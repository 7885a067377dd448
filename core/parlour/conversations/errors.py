"""What conversations refuse."""

from parlour.kit.errors import Conflict, NotFound


class ConversationNotFound(NotFound, code="not_found"):
    """There is no such conversation."""


class IdReused(Conflict, code="id_reused"):
    """Another message has this id. Mint a new one."""

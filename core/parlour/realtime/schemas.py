"""What the gateway itself says over sockets."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from parlour.conversations.schemas import Seq
from parlour.kit.errors import Refusal


class EventFrame(msgspec.Struct, frozen=True):
    """An event as clients receive it, in the array of a frame ``events``."""

    seq: int
    type: str
    project_id: UUID
    data: msgspec.Raw
    at: datetime


class Missed(msgspec.Struct, frozen=True):
    """What a client missed, up to ``seq``; or that it must read everything anew."""

    seq: int
    events: list[EventFrame] = []
    reload: bool = False


class ProjectJoin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Command ``project.join``: hear a project's events, and those after a place in the log."""

    project_id: UUID
    after: Seq | None = None


class ProjectLeave(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Command ``project.leave``: hear them no longer."""

    project_id: UUID


class AgentLogAfter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Command ``log.after`` of a member."""

    project_id: UUID
    seq: Seq


class VisitorLogAfter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Command ``log.after`` of a visitor."""

    seq: Seq


class AuthRenew(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Command ``auth.renew``: stay connected for as long as a newer access token lasts."""

    token: Annotated[str, Meta(max_length=4_096)]


class AuthRenewed(msgspec.Struct, frozen=True):
    """Until when the socket stays connected."""

    expires_at: datetime


class ConnectAuth(msgspec.Struct, frozen=True):
    """What a socket shows when it connects."""

    token: Annotated[str, Meta(min_length=1, max_length=4_096)]


class VisitorPresence(msgspec.Struct, frozen=True):
    """Signal ``visitor.presence``: a visitor has come or gone."""

    project_id: UUID
    visitor_id: UUID
    online: bool


class Closing(msgspec.Struct, frozen=True):
    """Frame ``closing``: why the server ends the connection.

    ``restarting`` (the server goes away; others are there), ``slow_consumer`` (the client did not
    read what was sent), ``session_expired``. Whoever may come back waits a random part of
    ``retry_after`` seconds, so that not all come at once.
    """

    code: str
    retry_after: float | None = None


class Failed(msgspec.Struct, frozen=True):
    """The ack of a command that was refused."""

    error: Refusal

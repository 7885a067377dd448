"""Commands: what a socket may ask for. Domains declare them; ``realtime`` dispatches them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec


@dataclass(frozen=True)
class VisitorPrincipal:
    """A visitor on a socket, as its token proved."""

    socket_id: str
    project_id: UUID
    visitor_id: UUID
    name: str


@dataclass(frozen=True)
class AgentPrincipal:
    """A user on a socket, as the access token proved; a member of which project is asked later."""

    socket_id: str
    user_id: UUID
    family_id: UUID
    name: str


Principal = TypeVar("Principal", VisitorPrincipal, AgentPrincipal)
Payload = TypeVar("Payload", bound=msgspec.Struct)


@dataclass(frozen=True)
class Command(Generic[Principal, Payload]):
    """One command: its name, who may give it, the shape of its payload, and what it does.

    The handler returns what the ack says besides ``ok``, a struct or nothing, and raises an
    ``AppError`` to refuse.
    """

    name: str
    principal: type[Principal]
    payload: type[Payload]
    handle: Callable[[Principal, Payload], Awaitable[msgspec.Struct | None]]


AnyCommand = Command[Any, Any]

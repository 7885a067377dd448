"""What the API says of visitors, and what the widget sends."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from parlour.visitors.models import Visitor

Url = Annotated[str, Meta(max_length=2_048)]
Title = Annotated[str, Meta(max_length=300)]


class SessionRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A page that asks to open a project's widget."""

    project_id: UUID
    token: Annotated[str, Meta(max_length=100)] | None = None


class ContextSet(msgspec.Struct, forbid_unknown_fields=True):
    """The page a visitor has turned to."""

    url: Url
    title: Title = ""


class VisitorSummary(msgspec.Struct, frozen=True):
    """A visitor, as a conversation names them."""

    id: UUID
    name: str


class VisitorRead(msgspec.Struct, frozen=True):
    """A visitor, as members see them."""

    id: UUID
    name: str
    current_url: str | None
    current_title: str | None
    user_agent: str | None
    first_seen_at: datetime
    last_seen_at: datetime
    online: bool

    @classmethod
    def of(cls, visitor: Visitor, *, online: bool) -> "VisitorRead":
        """Read a visitor."""
        return cls(
            id=visitor.id,
            name=visitor.label,
            current_url=visitor.current_url,
            current_title=visitor.current_title,
            user_agent=visitor.user_agent,
            first_seen_at=visitor.created_at,
            last_seen_at=visitor.last_seen_at,
            online=online,
        )


class VisitorContextChanged(msgspec.Struct, frozen=True):
    """Signal ``visitor.context``: a visitor has turned to another page."""

    project_id: UUID
    visitor_id: UUID
    url: str
    title: str

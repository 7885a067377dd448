"""What the API reads and writes of conversations, and what goes over the sockets."""

from datetime import datetime
from typing import Annotated, Any, Protocol
from uuid import UUID

import msgspec
from msgspec import Meta

from parlour.conversations.models import AuthorKind, Conversation, Message, Status
from parlour.visitors.models import visitor_label
from parlour.visitors.schemas import Title, Url, VisitorSummary

MAX_TEXT = 10_000
MAX_SEQ = 2**53 - 1  # what JavaScript counts to without losing any

Text = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT, pattern=r"^\s*[^\s\x00][^\x00]*$")]
Kind = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_.]{0,63}$")]
Seq = Annotated[int, Meta(ge=0, le=MAX_SEQ)]


class MessageCreate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message, as a member sends it.

    The sender mints ``id`` (UUIDv7) before sending: posting twice is posting once, and the copy
    already on screen needs no new name when the server answers.
    """

    id: UUID
    text: Text


class MessageContext(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where on the website a visitor was when they wrote."""

    referrer: Url | None = None
    landing_page: Url | None = None
    url: Url | None = None
    title: Title | None = None


class MessageSend(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Command ``message.send``: a message, as the widget sends it."""

    id: UUID
    text: Text
    kind: Kind = "text"
    data: dict[str, Any] | None = None
    context: MessageContext | None = None


class ConversationUpdate(msgspec.Struct, forbid_unknown_fields=True):
    """What members change of a conversation."""

    status: Status


class ReadMark(msgspec.Struct, forbid_unknown_fields=True):
    """Up to which message members have read."""

    seq: Seq


class AuthorRead(msgspec.Struct, frozen=True):
    """Who wrote a message."""

    kind: AuthorKind
    id: UUID | None
    name: str


class MessageRead(msgspec.Struct, frozen=True):
    """A message, as members see it."""

    id: UUID
    conversation_id: UUID
    seq: int
    author: AuthorRead
    kind: str
    text: str
    data: dict[str, Any] | None
    created_at: datetime

    @classmethod
    def of(cls, message: Message) -> "MessageRead":
        """Read a message."""
        return cls(
            id=message.id,
            conversation_id=message.conversation_id,
            seq=message.seq,
            author=AuthorRead(
                AuthorKind(message.author_kind), message.author_id, message.author_name
            ),
            kind=message.kind,
            text=message.text,
            data=message.data,
            created_at=message.created_at,
        )


class VisitorAuthorRead(msgspec.Struct, frozen=True):
    """Who wrote a message, as visitors learn it."""

    kind: AuthorKind
    name: str


class VisitorMessageRead(msgspec.Struct, frozen=True):
    """A message, as its visitor sees it."""

    id: UUID
    conversation_id: UUID
    seq: int
    author: VisitorAuthorRead
    kind: str
    text: str
    data: dict[str, Any] | None
    created_at: datetime

    @classmethod
    def of(cls, message: MessageRead) -> "VisitorMessageRead":
        """Leave out what visitors need not know."""
        return cls(
            id=message.id,
            conversation_id=message.conversation_id,
            seq=message.seq,
            author=VisitorAuthorRead(message.author.kind, message.author.name),
            kind=message.kind,
            text=message.text,
            data=message.data,
            created_at=message.created_at,
        )


class ConversationFields(Protocol):
    """What is read of a conversation, whoever holds it."""

    id: Any
    project_id: Any
    visitor_id: Any
    status: Any
    assignee_id: Any
    snippet: Any
    snippet_author: Any
    last_message_seq: Any
    last_message_at: Any
    unread: Any
    waiting_since: Any
    created_at: Any


class ConversationRead(msgspec.Struct, frozen=True):
    """A conversation, as the inbox lists it."""

    id: UUID
    project_id: UUID
    visitor: VisitorSummary
    status: Status
    assignee_id: UUID | None
    snippet: str
    snippet_author: AuthorKind
    last_message_seq: int
    last_message_at: datetime
    unread: int
    waiting_since: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, conversation: ConversationFields, visitor_name: str | None) -> "ConversationRead":
        """Read a conversation with the name its visitor gave, if any."""
        visitor_id = conversation.visitor_id
        return cls(
            id=conversation.id,
            project_id=conversation.project_id,
            visitor=VisitorSummary(visitor_id, visitor_label(visitor_name, visitor_id)),
            status=Status(conversation.status),
            assignee_id=conversation.assignee_id,
            snippet=conversation.snippet,
            snippet_author=AuthorKind(conversation.snippet_author),
            last_message_seq=conversation.last_message_seq,
            last_message_at=conversation.last_message_at,
            unread=conversation.unread,
            waiting_since=conversation.waiting_since,
            created_at=conversation.created_at,
        )


class PageVisit(msgspec.Struct, frozen=True):
    """A page the visitor wrote from."""

    url: str
    title: str | None
    at: datetime


class ConversationMetadata(msgspec.Struct, frozen=True):
    """How the visitor came to the conversation."""

    referrer: str | None
    landing_page: str | None
    url_history: list[PageVisit]

    @classmethod
    def of(cls, conversation: Conversation) -> "ConversationMetadata":
        """Read what is known; of some conversations nothing is."""
        unknown = {"referrer": None, "landing_page": None, "url_history": []}
        return msgspec.convert(unknown | conversation.extra, cls)


class ConversationDetail(ConversationRead, frozen=True, kw_only=True):
    """One conversation with how its visitor came to it, true at ``seq`` of the log."""

    metadata: ConversationMetadata
    seq: int


class ConversationPage(msgspec.Struct, frozen=True):
    """Conversations, the latest message first; true at ``seq`` of the log."""

    items: list[ConversationRead]
    next_cursor: str | None
    seq: int


class MessagePage(msgspec.Struct, frozen=True):
    """Messages, the oldest first; ``next_cursor`` leads to older ones; true at ``seq``."""

    items: list[MessageRead]
    next_cursor: str | None
    seq: int


class VisitorMessagePage(msgspec.Struct, frozen=True):
    """Messages as their visitor sees them, the oldest first; ``next_cursor`` leads to older."""

    items: list[VisitorMessageRead]
    next_cursor: str | None
    seq: int


class ConversationSummary(msgspec.Struct, frozen=True):
    """A conversation, as its visitor sees it."""

    id: UUID
    status: Status
    last_message_seq: int


class ProjectGreeting(msgspec.Struct, frozen=True):
    """What the widget shows of its project."""

    id: UUID
    name: str


class WidgetSession(msgspec.Struct, frozen=True):
    """A visitor's session on a website."""

    token: str
    visitor_id: UUID
    project: ProjectGreeting
    online: bool
    conversation: ConversationSummary | None
    seq: int


class PresenceRead(msgspec.Struct, frozen=True):
    """Who is connected to a project right now."""

    visitor_ids: list[UUID]
    user_ids: list[UUID]


class VisitorTyping(msgspec.Struct, frozen=True):
    """Signal ``visitor.typing``: a visitor has begun or stopped to write."""

    project_id: UUID
    conversation_id: UUID
    visitor_id: UUID
    typing: bool


class AgentTyping(msgspec.Struct, frozen=True):
    """Signal ``agent.typing``: a member has begun or stopped to write to the visitor."""

    conversation_id: UUID
    name: str
    typing: bool


class VisitorTypingSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Command ``typing.set`` of a visitor."""

    typing: bool


class AgentTypingSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Command ``typing.set`` of a member."""

    project_id: UUID
    conversation_id: UUID
    typing: bool


class MessageSent(msgspec.Struct, frozen=True):
    """What ``message.send`` is acked with: the message as it is stored."""

    message: VisitorMessageRead

"""What happens in conversations."""

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from parlour.conversations.schemas import ConversationRead, MessageRead, VisitorMessageRead
from parlour.kit.events import ConversationEvent, project_room, visitor_room


class VisitorMessageCreated(msgspec.Struct, frozen=True):
    """``message.created`` as the conversation's visitor receives it."""

    message: VisitorMessageRead


class ConversationCreated(ConversationEvent, frozen=True, kw_only=True):
    """A visitor wrote for the first time."""

    type: ClassVar[str] = "conversation.created"

    conversation: ConversationRead


class ConversationUpdated(ConversationEvent, frozen=True, kw_only=True):
    """A conversation changed in another way than by a message: its status, what is read."""

    type: ClassVar[str] = "conversation.updated"

    conversation: ConversationRead


class MessageCreated(ConversationEvent, frozen=True, kw_only=True):
    """A visitor or a member wrote. Carries the conversation as the message left it."""

    type: ClassVar[str] = "message.created"

    message: MessageRead
    conversation: ConversationRead

    @property
    def audience(self) -> Sequence[str]:
        """The project's members and the conversation's visitor."""
        return project_room(self.project_id), visitor_room(self.conversation.visitor.id)

    def for_visitor(self) -> VisitorMessageCreated:
        """The message alone, without what only members know."""
        return VisitorMessageCreated(VisitorMessageRead.of(self.message))

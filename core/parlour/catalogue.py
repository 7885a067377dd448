"""Every event core can record. To add one: define it in its domain, then name it here."""

from typing import get_args

from parlour.conversations.events import ConversationCreated, ConversationUpdated, MessageCreated
from parlour.kit.events import Event
from parlour.projects.events import MemberAdded, ProjectUpdated

AnyEvent = ConversationCreated | ConversationUpdated | MemberAdded | MessageCreated | ProjectUpdated

BY_TYPE: dict[str, type[Event]] = {event.type: event for event in get_args(AnyEvent)}

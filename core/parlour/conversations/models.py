"""Conversations and their messages."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from parlour.kit.clock import now
from parlour.kit.db import Base
from parlour.kit.ids import new_id


class Status(StrEnum):
    """Where a conversation stands."""

    OPEN = "open"
    PENDING = "pending"
    RESOLVED = "resolved"
    SPAM = "spam"


class AuthorKind(StrEnum):
    """Who may write a message."""

    VISITOR = "visitor"
    MEMBER = "member"
    SYSTEM = "system"
    PLUGIN = "plugin"


class Conversation(Base):
    """What one visitor and the project's members say to each other."""

    __tablename__ = "conversation"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "visitor_id"], ["visitor.project_id", "visitor.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["project_id", "assignee_id"],
            ["member.project_id", "member.user_id"],
            ondelete="SET NULL (assignee_id)",
        ),
        Index(
            "ix_conversation_list",
            "project_id",
            "status",
            text("last_message_at DESC"),
            text("id DESC"),
        ),
        Index(
            "ix_conversation_of_visitor", "project_id", "visitor_id", text("last_message_at DESC")
        ),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    visitor_id: Mapped[UUID]
    status: Mapped[str] = mapped_column(default=Status.OPEN)
    assignee_id: Mapped[UUID | None]
    # Of the last message; messages are numbered under this row's lock, so there are no gaps.
    last_message_seq: Mapped[int] = mapped_column(default=0)
    last_message_at: Mapped[datetime] = mapped_column(default=now)
    snippet: Mapped[str] = mapped_column(default="")
    snippet_author: Mapped[str] = mapped_column(default=AuthorKind.VISITOR)
    # Up to which message members have read, and how many of the visitor's come after it.
    read_seq: Mapped[int] = mapped_column(default=0)
    unread: Mapped[int] = mapped_column(default=0)
    # Since when the visitor waits for an answer.
    waiting_since: Mapped[datetime | None]
    # `extra`, since `metadata` is SQLAlchemy's own word: referrer, landing page, pages visited.
    extra: Mapped[dict[str, Any]] = mapped_column("metadata", default=dict)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Message(Base):
    """One message. Its ``id`` was minted by its sender: sending it again changes nothing."""

    __tablename__ = "message"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "conversation_id"],
            ["conversation.project_id", "conversation.id"],
            ondelete="CASCADE",
        ),
        # `id` first: a retry is recognised without knowing its conversation.
        Index("uq_message_id", "id", "conversation_id", unique=True),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    conversation_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[UUID]
    author_kind: Mapped[str]
    author_id: Mapped[UUID | None]
    author_name: Mapped[str]
    kind: Mapped[str]
    text: Mapped[str]
    data: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]

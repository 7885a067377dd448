"""The inbox over HTTP."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from parlour.conversations.models import AuthorKind, Status
from parlour.conversations.queries import (
    ListPosition,
    MessagePosition,
    get_conversation,
    list_conversations,
    list_messages,
)
from parlour.conversations.schemas import (
    ConversationDetail,
    ConversationMetadata,
    ConversationPage,
    ConversationRead,
    ConversationUpdate,
    MessageCreate,
    MessagePage,
    MessageRead,
    PresenceRead,
    ReadMark,
)
from parlour.conversations.service.handling import ConversationService
from parlour.conversations.service.posting import Draft, post_messages
from parlour.kit.errors import AppError
from parlour.kit.events import get_head
from parlour.kit.pagination import decode_cursor, encode_cursor
from parlour.kit.presence import members_of, visitors_of
from parlour.kit.runtime import Runtime
from parlour.projects.queries import ProjectScope
from parlour.visitors.queries import get_visitor
from parlour.visitors.schemas import VisitorRead

ConversationLimit = Annotated[int, QueryParameter(ge=1, le=100)]
MessageLimit = Annotated[int, QueryParameter(ge=1, le=200)]


async def provide_handling(
    session: NamedDependency[AsyncSession], project_scope: NamedDependency[ProjectScope]
) -> ConversationService:
    """Make the service of this transaction."""
    return ConversationService(session, project_scope.project_id)


class InboxController(Controller):
    """The conversations of a project."""

    path = "/projects/{project_id:uuid}/conversations"
    tags = ["Conversations"]

    @get(operation_id="listConversations")
    async def list_conversations(
        self,
        session: NamedDependency[AsyncSession],
        project_scope: NamedDependency[ProjectScope],
        status: FromQuery[Status] = Status.OPEN,
        cursor: FromQuery[str | None] = None,
        limit: ConversationLimit = 50,
    ) -> ConversationPage:
        """Return the conversations of a status, the latest message first."""
        after = decode_cursor(cursor, ListPosition) if cursor else None
        head = await get_head(session)
        rows = await list_conversations(
            session, project_scope.project_id, status, after=after, limit=limit + 1
        )
        last = rows[limit - 1][0] if len(rows) > limit else None
        return ConversationPage(
            items=[ConversationRead.of(conversation, name) for conversation, name in rows[:limit]],
            next_cursor=encode_cursor((last.last_message_at, last.id)) if last else None,
            seq=head,
        )

    @get("/{conversation_id:uuid}", operation_id="getConversation")
    async def get_conversation(
        self,
        session: NamedDependency[AsyncSession],
        project_scope: NamedDependency[ProjectScope],
        conversation_id: FromPath[UUID],
    ) -> ConversationDetail:
        """Return a conversation with how its visitor came to it."""
        head = await get_head(session)
        conversation, name = await get_conversation(
            session, project_scope.project_id, conversation_id
        )
        read = ConversationRead.of(conversation, name)
        return ConversationDetail(
            **{field: getattr(read, field) for field in ConversationRead.__struct_fields__},
            metadata=ConversationMetadata.of(conversation),
            seq=head,
        )

    @patch("/{conversation_id:uuid}", operation_id="updateConversation")
    async def update_conversation(
        self,
        handling: NamedDependency[ConversationService],
        conversation_id: FromPath[UUID],
        data: JSONBody[ConversationUpdate],
    ) -> ConversationRead:
        """Open, resolve or put aside a conversation."""
        return await handling.set_status(conversation_id, data.status)

    @post("/{conversation_id:uuid}/read", operation_id="markRead", status_code=200)
    async def mark_read(
        self,
        handling: NamedDependency[ConversationService],
        conversation_id: FromPath[UUID],
        data: JSONBody[ReadMark],
    ) -> ConversationRead:
        """Note up to which message members have read."""
        return await handling.mark_read(conversation_id, data.seq)

    @get("/{conversation_id:uuid}/messages", operation_id="listMessages")
    async def list_messages(
        self,
        session: NamedDependency[AsyncSession],
        project_scope: NamedDependency[ProjectScope],
        conversation_id: FromPath[UUID],
        cursor: FromQuery[str | None] = None,
        limit: MessageLimit = 50,
    ) -> MessagePage:
        """Return the latest messages, or those before a cursor; the oldest first."""
        before = decode_cursor(cursor, MessagePosition)[0] if cursor else None
        head = await get_head(session)
        await get_conversation(session, project_scope.project_id, conversation_id)
        found = await list_messages(
            session, project_scope.project_id, conversation_id, before=before, limit=limit
        )
        return MessagePage(
            items=[MessageRead.of(message) for message in found],
            next_cursor=encode_cursor((found[0].seq,)) if found and found[0].seq > 1 else None,
            seq=head,
        )

    @post("/{conversation_id:uuid}/messages", operation_id="postMessage")
    async def post_message(
        self,
        runtime: NamedDependency[Runtime],
        session: NamedDependency[AsyncSession],
        project_scope: NamedDependency[ProjectScope],
        conversation_id: FromPath[UUID],
        data: JSONBody[MessageCreate],
    ) -> MessageRead:
        """Reply to the visitor. The same id again is the same message."""
        await runtime.limiter.hit(runtime.settings.agent_message_rate, str(project_scope.user_id))
        draft = Draft(
            id=data.id,
            project_id=project_scope.project_id,
            author_kind=AuthorKind.MEMBER,
            author_id=project_scope.user_id,
            author_name=project_scope.user_name,
            text=data.text,
            conversation_id=conversation_id,
        )
        (outcome,) = await post_messages(session, [draft])
        if isinstance(outcome, AppError):
            raise outcome
        return outcome


class PeopleController(Controller):
    """Who is there: visitors, and who is connected."""

    path = "/projects/{project_id:uuid}"
    tags = ["Visitors"]

    @get("/presence", operation_id="getPresence")
    async def get_presence(
        self, runtime: NamedDependency[Runtime], project_scope: NamedDependency[ProjectScope]
    ) -> PresenceRead:
        """Return which visitors and members are connected right now."""
        return PresenceRead(
            visitor_ids=await runtime.presence.list_online(visitors_of(project_scope.project_id)),
            user_ids=await runtime.presence.list_online(members_of(project_scope.project_id)),
        )

    @get("/visitors/{visitor_id:uuid}", operation_id="getVisitor")
    async def get_visitor(
        self,
        runtime: NamedDependency[Runtime],
        session: NamedDependency[AsyncSession],
        project_scope: NamedDependency[ProjectScope],
        visitor_id: FromPath[UUID],
    ) -> VisitorRead:
        """Return a visitor."""
        visitor = await get_visitor(session, project_scope.project_id, visitor_id)
        online = await runtime.presence.is_online(visitors_of(project_scope.project_id), visitor_id)
        return VisitorRead.of(visitor, online=online)

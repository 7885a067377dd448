"""The widget's door over HTTP: a session for a page, and its visitor's history."""

from typing import Annotated, Any

from litestar import Controller, Request, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from parlour.accounts.cookies import asked_origin, own_origins
from parlour.conversations.models import Status
from parlour.conversations.queries import (
    MessagePosition,
    find_current_conversation,
    list_messages,
)
from parlour.conversations.schemas import (
    ConversationSummary,
    MessageRead,
    ProjectGreeting,
    VisitorMessagePage,
    VisitorMessageRead,
    WidgetSession,
)
from parlour.kit.events import get_head
from parlour.kit.pagination import decode_cursor, encode_cursor
from parlour.kit.presence import members_of
from parlour.kit.runtime import Runtime
from parlour.projects.origins import Origin
from parlour.projects.queries import get_project
from parlour.visitors.door import admit
from parlour.visitors.errors import VisitorTokenInvalid
from parlour.visitors.models import Visitor
from parlour.visitors.queries import find_visitor_by_token
from parlour.visitors.schemas import SessionRequest
from parlour.visitors.service import VisitorService

HistoryLimit = Annotated[int, QueryParameter(ge=1, le=200)]
WidgetRequest = Request[Any, Any, State]


async def provide_visitor(
    request: WidgetRequest, session: NamedDependency[AsyncSession]
) -> Visitor:
    """Know the visitor of a request by the token it carries, on the website it was made for."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    origin = Origin.parse(_page(request))
    if scheme.lower() != "bearer" or origin is None:
        raise VisitorTokenInvalid
    visitor = await find_visitor_by_token(session, token, origin)
    if visitor is None:
        raise VisitorTokenInvalid
    return visitor


class WidgetController(Controller):
    """What the widget asks before its socket is open."""

    path = "/widget"
    tags = ["Widget"]

    @post("/session", operation_id="openWidgetSession", status_code=200)
    async def open_session(
        self,
        request: WidgetRequest,
        runtime: NamedDependency[Runtime],
        session: NamedDependency[AsyncSession],
        data: JSONBody[SessionRequest],
    ) -> WidgetSession:
        """Open the project's widget for a page: know its visitor again, or begin a new one."""
        project = await get_project(session, data.project_id)
        origin = admit(project.domains, request.headers.get("Origin"), own_origins(request))
        head = await get_head(session)
        user_agent = request.headers.get("User-Agent", "")[:300] or None
        visitor, token = await VisitorService(session).open_session(
            project, origin, data.token, user_agent
        )
        if token != data.token:
            address = request.client.host if request.client else "unknown"
            await runtime.limiter.hit(runtime.settings.visitor_session_rate, "visitor", address)
        conversation = await find_current_conversation(session, project.id, visitor.id)
        return WidgetSession(
            token=token,
            visitor_id=visitor.id,
            project=ProjectGreeting(project.id, project.name),
            online=bool(await runtime.presence.list_online(members_of(project.id))),
            conversation=conversation
            and ConversationSummary(
                conversation.id, Status(conversation.status), conversation.last_message_seq
            ),
            seq=head,
        )

    @get("/messages", operation_id="listWidgetMessages")
    async def list_messages(
        self,
        session: NamedDependency[AsyncSession],
        visitor: NamedDependency[Visitor],
        cursor: FromQuery[str | None] = None,
        limit: HistoryLimit = 50,
    ) -> VisitorMessagePage:
        """Return the visitor's latest messages, or those before a cursor; the oldest first."""
        before = decode_cursor(cursor, MessagePosition)[0] if cursor else None
        head = await get_head(session)
        conversation = await find_current_conversation(session, visitor.project_id, visitor.id)
        if conversation is None:
            return VisitorMessagePage(items=[], next_cursor=None, seq=head)
        found = await list_messages(
            session, visitor.project_id, conversation.id, before=before, limit=limit
        )
        return VisitorMessagePage(
            items=[VisitorMessageRead.of(MessageRead.of(message)) for message in found],
            next_cursor=encode_cursor((found[0].seq,)) if found and found[0].seq > 1 else None,
            seq=head,
        )


def _page(request: WidgetRequest) -> str | None:
    """The origin of the page that asks. Browsers leave it out of a page's GET to its own server."""
    if request.headers.get("Sec-Fetch-Site") == "same-origin":
        return asked_origin(request)
    return request.headers.get("Origin")

"""The demo page: a small shop that embeds a project's widget, to try both sides at once."""

from pathlib import Path
from typing import Any
from uuid import UUID

from litestar import MediaType, Request, Response, get
from litestar.datastructures import State
from litestar.params import FromQuery

from parlour.kit.runtime import Runtime
from parlour.projects.errors import ProjectNotFound
from parlour.projects.queries import find_only_project, get_project

_PAGE = (Path(__file__).parent / "demo.html").read_text()


@get("/demo", media_type=MediaType.HTML, include_in_schema=False)
async def serve_demo(
    request: Request[Any, Any, State], project: FromQuery[UUID | None] = None
) -> Response[str]:
    """Show the page with a project's widget; the server's only project needs no naming."""
    runtime: Runtime = request.app.state.runtime
    async with runtime.database.transaction() as session:
        found = await get_project(session, project) if project else await find_only_project(session)
    if found is None:
        raise ProjectNotFound("Say which project: /demo?project=<id>")
    return Response(_PAGE.replace("{{project}}", str(found.id)), media_type=MediaType.HTML)

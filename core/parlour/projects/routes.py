"""Projects, their domains and members over HTTP."""

from typing import Any
from uuid import UUID

from litestar import Controller, Request, get, patch, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody
from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncSession

from parlour.accounts.bearer import read_claims
from parlour.accounts.models import User
from parlour.projects.models import Role
from parlour.projects.policy import require_manager
from parlour.projects.queries import (
    ProjectScope,
    get_project,
    get_scope,
    list_members,
    list_projects,
)
from parlour.projects.schemas import (
    MemberCreate,
    MemberList,
    MemberRead,
    ProjectCreate,
    ProjectList,
    ProjectRead,
    ProjectUpdate,
)
from parlour.projects.service import ProjectService


async def provide_scope(
    request: Request[Any, Any, State],
    session: NamedDependency[AsyncSession],
    project_id: FromPath[UUID],
) -> ProjectScope:
    """Open the project in the path for who asks."""
    claims = read_claims(request)
    return await get_scope(session, claims.user_id, claims.family_id, project_id)


async def provide_projects(session: NamedDependency[AsyncSession]) -> ProjectService:
    """Make the service of this transaction."""
    return ProjectService(session)


class ProjectsController(Controller):
    """The projects of a user."""

    path = "/projects"
    tags = ["Projects"]
    dependencies = {"projects": Provide(provide_projects)}

    @get(operation_id="listProjects")
    async def list_projects(
        self, session: NamedDependency[AsyncSession], user: NamedDependency[User]
    ) -> ProjectList:
        """Return the projects one is a member of."""
        found = await list_projects(session, user)
        return ProjectList([ProjectRead.of(project, role) for project, role in found])

    @post(operation_id="createProject")
    async def create_project(
        self,
        user: NamedDependency[User],
        projects: NamedDependency[ProjectService],
        data: JSONBody[ProjectCreate],
    ) -> ProjectRead:
        """Create a project, and become its manager."""
        project = await projects.create_project(user, data.name, data.domains)
        return ProjectRead.of(project, Role.MANAGER)


class ProjectController(Controller):
    """One project."""

    path = "/projects/{project_id:uuid}"
    tags = ["Projects"]
    dependencies = {"projects": Provide(provide_projects)}

    @get(operation_id="getProject")
    async def get_project(
        self, session: NamedDependency[AsyncSession], project_scope: NamedDependency[ProjectScope]
    ) -> ProjectRead:
        """Return the project."""
        project = await get_project(session, project_scope.project_id)
        return ProjectRead.of(project, project_scope.role)

    @patch(operation_id="updateProject")
    async def update_project(
        self,
        session: NamedDependency[AsyncSession],
        project_scope: NamedDependency[ProjectScope],
        projects: NamedDependency[ProjectService],
        data: JSONBody[ProjectUpdate],
    ) -> ProjectRead:
        """Change the project's name or domains."""
        require_manager(project_scope)
        project = await get_project(session, project_scope.project_id)
        if data.name is not UNSET:
            await projects.rename(project, data.name)
        if data.domains is not UNSET:
            await projects.set_domains(project, data.domains)
        return ProjectRead.of(project, project_scope.role)

    @get("/members", operation_id="listMembers")
    async def list_members(
        self, session: NamedDependency[AsyncSession], project_scope: NamedDependency[ProjectScope]
    ) -> MemberList:
        """Return the project's members."""
        found = await list_members(session, project_scope.project_id)
        return MemberList([MemberRead.of(member, user) for member, user in found])

    @post("/members", operation_id="addMember")
    async def add_member(
        self,
        session: NamedDependency[AsyncSession],
        project_scope: NamedDependency[ProjectScope],
        projects: NamedDependency[ProjectService],
        data: JSONBody[MemberCreate],
    ) -> MemberRead:
        """Seat somebody who has an account."""
        require_manager(project_scope)
        project = await get_project(session, project_scope.project_id)
        return await projects.add_member(project, data.email, data.role, project_scope.user_id)

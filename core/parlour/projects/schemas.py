"""What the projects API reads and writes."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from parlour.accounts.models import User
from parlour.accounts.schemas import Email, Name
from parlour.projects.models import Member, Project, Role

Domains = Annotated[list[Annotated[str, Meta(min_length=1, max_length=260)]], Meta(max_length=100)]


class ProjectCreate(msgspec.Struct, forbid_unknown_fields=True):
    """A new project. Its creator becomes its manager."""

    name: Name
    domains: Domains = []


class ProjectUpdate(msgspec.Struct, forbid_unknown_fields=True):
    """What changes of a project; what is absent stays."""

    name: Name | UnsetType = UNSET
    domains: Domains | UnsetType = UNSET


class ProjectRead(msgspec.Struct, frozen=True):
    """A project, as one of its members sees it."""

    id: UUID
    name: str
    domains: list[str]
    role: Role
    created_at: datetime

    @classmethod
    def of(cls, project: Project, role: str) -> "ProjectRead":
        """Read a project for a member of that role."""
        return cls(project.id, project.name, project.domains, Role(role), project.created_at)


class ProjectList(msgspec.Struct, frozen=True):
    """The projects of a user."""

    items: list[ProjectRead]


class ProjectSummary(msgspec.Struct, frozen=True):
    """A project, the same for all who hear of it."""

    id: UUID
    name: str
    domains: list[str]

    @classmethod
    def of(cls, project: Project) -> "ProjectSummary":
        """Read a project."""
        return cls(project.id, project.name, project.domains)


class MemberCreate(msgspec.Struct, forbid_unknown_fields=True):
    """A seat for somebody who has an account."""

    email: Email
    role: Role


class MemberRead(msgspec.Struct, frozen=True):
    """A member of a project."""

    user_id: UUID
    name: str
    email: str
    role: Role
    created_at: datetime

    @classmethod
    def of(cls, member: Member, user: User) -> "MemberRead":
        """Read a member."""
        return cls(user.id, user.name, user.email, Role(member.role), member.created_at)


class MemberList(msgspec.Struct, frozen=True):
    """The members of a project."""

    items: list[MemberRead]

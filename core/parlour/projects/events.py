"""What happens to projects and their members."""

from typing import ClassVar
from uuid import UUID

from parlour.kit.events import Event
from parlour.projects.schemas import MemberRead, ProjectSummary


class ProjectUpdated(Event, frozen=True, kw_only=True):
    """A manager changed the project's name or domains."""

    type: ClassVar[str] = "project.updated"

    project: ProjectSummary


class MemberAdded(Event, frozen=True, kw_only=True):
    """Somebody became a member of the project: its creator, or whom another member added."""

    type: ClassVar[str] = "member.added"

    member: MemberRead
    added_by: UUID | None = None

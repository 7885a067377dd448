"""What is done about projects' events, after they have happened."""

from parlour.accounts.models import User
from parlour.kit.mail import Mail, send_mail
from parlour.kit.subscribers.subscriber import Context, RecordedEvent, Subscriber
from parlour.projects.events import MemberAdded
from parlour.projects.models import Member, Project


async def mail_new_member(context: Context, event: RecordedEvent) -> None:
    """Tell somebody whom a manager has added to a project, unless they are out again."""
    added = event.read(MemberAdded)
    user_id = added.member.user_id
    if added.added_by in (None, user_id):
        return
    async with context.runtime.database.transaction() as session:
        member = await session.get(Member, (event.project_id, user_id))
        user = await session.get(User, user_id)
        manager = await session.get(User, added.added_by)
        project = await session.get(Project, event.project_id)
    if member is None or user is None or project is None:
        return
    settings = context.runtime.settings
    said = f"{manager.name if manager else 'A manager'} added you to {project.name}"
    mail = Mail(
        id=event.id,
        to_name=user.name,
        to_address=user.email,
        subject=said,
        text=f"{said}. Its inbox is here:",
        link=f"{settings.origin}/app/p/{project.id}",
    )
    await send_mail(settings, mail)


SUBSCRIBERS = [
    Subscriber(
        name="mail_new_member",
        types=frozenset({MemberAdded.type}),
        handler=mail_new_member,
        transaction=False,
    )
]

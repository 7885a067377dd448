"""Whom a colleague adds to a project gets one mail, when the mail server can be reached."""

import asyncio
import socket
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from aiosmtplib import SMTPException
from pydantic import SecretStr, ValidationError
from tests.parlour import Agent, Parlour, until

from parlour.doctor import Unwell, check_mail
from parlour.kit.ids import new_id
from parlour.kit.mail import Mail, compose, send_mail
from parlour.kit.settings import Settings


class Sink:
    """A mail server that keeps what it is sent; it can be away."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.mails: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self._controller: Controller | None = None

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.envelopes.append(envelope)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 Taken"

    @property
    def url(self) -> SecretStr:
        return SecretStr(f"smtp://127.0.0.1:{self.port}")

    def open(self) -> None:
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def close(self) -> None:
        if self._controller:
            self._controller.stop()
            self._controller = None


@pytest.fixture
def sink() -> Iterator[Sink]:
    opened = Sink()
    yield opened
    opened.close()


async def add(ana: Agent, project: str, name: str) -> None:
    seat = {"email": f"{name.lower()}@example.com", "role": "agent"}
    answer = await ana.http.post(f"/api/projects/{project}/members", json=seat)
    assert answer.status_code == 201, answer.text


def with_mail(settings: Settings, sink: Sink, **more: Any) -> Settings:
    fields = {name: getattr(settings, name) for name in Settings.model_fields}
    changes = {"smtp_url": sink.url, "public_url": "https://chat.example.com"}
    return Settings(**fields | changes | more)


async def is_through(parlour: Parlour) -> bool:
    query = """
        SELECT FROM event WHERE seq IS NULL
        UNION ALL SELECT FROM subscription s, event_head h WHERE s.seq < h.seq
    """
    return not await parlour.sql(query)


async def test_who_is_added_by_somebody_gets_one_mail(empty: Settings, sink: Sink) -> None:
    sink.open()
    async with Parlour(with_mail(empty, sink)) as parlour:
        ana = await parlour.owner()
        project = await ana.project("Fernwood & Söhne <b>")
        await parlour.colleague("Ben")
        await add(ana, project, "Ben")
        await until(lambda: sink.mails)
        await until(lambda: is_through(parlour))
        ((event_id,),) = await parlour.sql(
            "SELECT id FROM event WHERE type = 'member.added' ORDER BY seq DESC LIMIT 1"
        )

    (mail,) = sink.mails  # and none for Ana, who was added by nobody
    assert mail["To"] == "Ben <ben@example.com>"
    assert mail["From"] == "Parlour <parlour@chat.example.com>"
    assert mail["Subject"] == "Ana added you to Fernwood & Söhne <b>"
    assert mail["Message-ID"] == f"<{event_id}@chat.example.com>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime is not None
    plain, html = mail.iter_parts()
    link = f"https://chat.example.com/app/p/{project}"
    assert link in plain.get_content()  # pyright: ignore[reportAttributeAccessIssue]
    content = html.get_content()  # pyright: ignore[reportAttributeAccessIssue]
    assert f'<a href="{link}">' in content
    assert "Fernwood &amp; Söhne &lt;b&gt;" in content


async def test_a_mail_waits_for_its_server(empty: Settings, sink: Sink) -> None:
    async with Parlour(with_mail(empty, sink)) as parlour:
        ana = await parlour.owner()
        project = await ana.project()
        await parlour.colleague("Ben")
        await add(ana, project, "Ben")
        (failed,) = await until(lambda: parlour.sql("SELECT * FROM delivery"))
        assert failed["dead_at"] is None
        assert "SMTPConnectError" in failed["error"]

        sink.open()
        await until(lambda: sink.mails, 30)
        await until(lambda: _is_empty(parlour))
    assert [mail["To"] for mail in sink.mails] == ["Ben <ben@example.com>"]


async def _is_empty(parlour: Parlour) -> bool:
    return not await parlour.sql("SELECT FROM delivery")


async def test_who_is_out_again_gets_no_mail(empty: Settings, sink: Sink) -> None:
    async with Parlour(with_mail(empty, sink)) as parlour:
        ana = await parlour.owner()
        project = await ana.project()
        for name in ("Ben", "Cem"):
            await parlour.colleague(name)
        await parlour.stop_worker()
        await add(ana, project, "Ben")
        await parlour.sql("DELETE FROM member WHERE user_id <> $1", ana.user["id"])
        await add(ana, project, "Cem")
        sink.open()
        await parlour.start_worker()
        await until(lambda: sink.mails)
        await until(lambda: is_through(parlour))
    assert [mail["To"] for mail in sink.mails] == ["Cem <cem@example.com>"]


async def test_without_a_mail_server_nothing_waits(parlour: Parlour) -> None:
    ana = await parlour.owner()
    project = await ana.project()
    await parlour.colleague("Ben")
    await add(ana, project, "Ben")
    await until(lambda: is_through(parlour))
    assert await parlour.sql("SELECT FROM delivery") == []


def mail(**changes: Any) -> Mail:
    fields = {
        "id": new_id(),
        "to_name": "Ben",
        "to_address": "ben@example.com",
        "subject": "Hello",
        "text": "Hello",
        "link": "https://chat.example.com",
    }
    return Mail(**fields | changes)


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r", "\u2028", "\x0b", "\x85", "\x00"])
async def test_nothing_becomes_a_header_of_its_own(
    servers: Settings, sink: Sink, line_end: str
) -> None:
    sink.open()
    trick = f"Hi{line_end}Bcc: eve@example.com{line_end}{line_end}Body"
    settings = with_mail(servers, sink)

    await send_mail(settings, mail(subject=trick, to_name=trick))

    (sent,), (envelope,) = sink.mails, sink.envelopes
    assert envelope.rcpt_tos == ["ben@example.com"]
    assert sent["Bcc"] is None
    assert sent["Subject"] == "Hi Bcc: eve@example.com Body"


@pytest.mark.parametrize(
    "address",
    ["ben@example.com, eve@example.com", "ben@example.com\nBcc: e@example.com", "ben", "a@b>@c.d"],
)
async def test_an_address_that_is_none_is_refused(servers: Settings, address: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        compose(servers, mail(to_address=address))


async def test_a_sender_can_be_set(servers: Settings, sink: Sink) -> None:
    sink.open()
    sender = '"Fernwood, Support" <help@example.org>'
    await send_mail(with_mail(servers, sink, mail_from=sender), mail())
    (sent,), (envelope,) = sink.mails, sink.envelopes
    assert sent["From"].addresses[0].display_name == "Fernwood, Support"
    assert envelope.mail_from == "help@example.org"


@pytest.mark.parametrize(
    "wrong",
    [
        {"mail_from": "nobody"},
        {"mail_from": "a@example.com\nBcc: b@example.com"},
        {"mail_from": "Ana <a b@example.com>"},
        {"smtp_url": "https://mail.example.com"},
        {"smtp_url": "smtp://"},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Settings(**wrong)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "chat.example.com"])
def test_a_message_has_a_sender_wherever_the_server_is(
    servers: Settings, sink: Sink, host: str
) -> None:
    at = f"http://{f'[{host}]' if ':' in host else host}:8000"
    message = compose(with_mail(servers, sink, public_url=at), mail())
    assert message["From"].addresses[0].username == "parlour"
    assert message.as_bytes()


async def test_a_password_is_not_sent_in_the_clear(
    servers: Settings, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink.open()
    remote = SecretStr(f"smtp://ana:secret@mail.example.com:{sink.port}")
    resolved = asyncio.get_running_loop().create_connection

    async def create_connection(factory: Any, host: str, *args: Any, **options: Any) -> Any:
        assert host == "mail.example.com"
        return await resolved(factory, "127.0.0.1", *args, **options)

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", create_connection)
    settings = with_mail(servers, sink, smtp_url=remote)
    with pytest.raises(SMTPException, match="STARTTLS"):
        await send_mail(settings, mail())
    with pytest.raises(Unwell, match="STARTTLS"):
        await check_mail(settings)
    assert sink.mails == []


async def test_the_doctor_asks_the_mail_server(servers: Settings, sink: Sink) -> None:
    settings = with_mail(servers, sink)
    with pytest.raises(Unwell, match=r"^127\.0\.0\.1: "):
        await check_mail(settings)
    sink.open()
    assert await check_mail(settings) == "127.0.0.1"
    assert await check_mail(servers) == "not set: no mail is sent"

"""Mail: one message to one person, through the server that ``PARLOUR_SMTP_URL`` names.

Sending may happen twice where a crash falls between the sending and its note in the database. The
two then carry the same ``Message-ID``, by which mail servers and readers know them for one.
"""

import ssl
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from html import escape
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit
from uuid import UUID

import aiosmtplib
import structlog
from pydantic import SecretStr

from parlour.kit.clock import now
from parlour.kit.settings import Settings

# Each step of the conversation with the server, such as connecting, takes no longer.
STEP_SECONDS = 10

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Mail:
    """What is said to whom. ``id`` is the event's it is about: the key for saying it once."""

    id: UUID
    to_name: str
    to_address: str
    subject: str
    text: str
    link: str


async def send_mail(settings: Settings, mail: Mail) -> None:
    """Hand a mail to the server; without one, say so in the log and do nothing.

    Raises:
        aiosmtplib.SMTPException: It was not taken.
        OSError: The server cannot be reached.
        ValueError: The address is none.
    """
    if settings.smtp_url is None:
        log.info("mail_not_sent", reason="PARLOUR_SMTP_URL is not set", id=str(mail.id))
        return
    async with _connection(settings.smtp_url) as server:
        await server.send_message(compose(settings, mail))
    log.info("mail_sent", id=str(mail.id))


async def check_mail_server(smtp_url: SecretStr) -> None:
    """Ask the server for a sign of life, and whether it takes our sign-in.

    Raises:
        aiosmtplib.SMTPException: It does not.
        OSError: It cannot be reached.
    """
    async with _connection(smtp_url) as server:
        await server.noop()


def _connection(smtp_url: SecretStr) -> aiosmtplib.SMTP:
    url = urlsplit(smtp_url.get_secret_value())
    is_secure = url.scheme == "smtps"
    return aiosmtplib.SMTP(
        hostname=url.hostname,
        port=url.port or (465 if is_secure else 587),
        username=unquote(url.username) if url.username else None,
        password=unquote(url.password) if url.password else None,
        use_tls=is_secure,
        start_tls=False if is_secure else _start_tls(url),
        tls_context=ssl.create_default_context(),
        timeout=STEP_SECONDS,
    )


def compose(settings: Settings, mail: Mail) -> EmailMessage:
    """Build the message: plain text, and the same as HTML.

    Raises:
        ValueError: The address is none.
    """
    host = urlsplit(settings.origin).hostname or "localhost"
    name, address = parseaddr(settings.mail_from or f"Parlour <parlour@{_mail_host(host)}>")
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(name, addr_spec=address)
    message["To"] = Address(_line(mail.to_name), addr_spec=mail.to_address)
    message["Subject"] = _line(mail.subject)
    message["Date"] = format_datetime(now())
    message["Message-ID"] = f"<{mail.id}@{_mail_host(host)}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(f"{mail.text}\n\n{mail.link}\n")
    link = escape(mail.link, quote=True)
    message.add_alternative(
        f'<!doctype html><html><body><p>{escape(mail.text)}</p><p><a href="{link}">{link}</a></p>'
        "</body></html>\n",
        subtype="html",
    )
    return message


def _line(text: str) -> str:
    """Return a text as one line, so that it cannot become a header of its own."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _mail_host(host: str) -> str:
    """Return a host as it is written behind an @."""
    try:
        version = ip_address(host).version
    except ValueError:
        return host
    return f"[IPv6:{host}]" if version == 6 else f"[{host}]"


def _start_tls(url: SplitResult) -> bool | None:
    """Tell whether to insist on STARTTLS: a password never leaves the machine in the clear.

    ``None`` takes it where it is offered.
    """
    return True if url.username and not _is_here(url.hostname or "") else None


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False

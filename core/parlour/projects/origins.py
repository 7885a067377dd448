"""Which web pages may use a project's widget: one rule, for HTTP and sockets.

Browsers do not let a page forge its ``Origin``, so other sites' pages are kept out. A program can
send any: this is not authentication (see docs/explanation/security.md).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from parlour.projects.errors import DomainInvalid

DEFAULT_PORTS = {"http": 80, "https": 443}
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = rf"{_LABEL}(?:\.{_LABEL})*"
_PORT = r"[1-9][0-9]{0,4}"
_DOMAIN = re.compile(rf"(?P<any>\*\.)?(?P<host>{_HOST})(?::(?P<port>{_PORT}))?")
_ORIGIN = re.compile(rf"(?P<scheme>https?)://(?P<host>{_HOST})\.?(?::(?P<port>{_PORT}))?", re.ASCII)
_LOCAL = {"localhost", "127.0.0.1"}
MAX_PORT = 65_535


@dataclass(frozen=True)
class Origin:
    """A web page's origin (RFC 6454): scheme, host and port."""

    scheme: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str | None) -> "Origin | None":
        """Read an ``Origin`` header. Absent, ``null`` or malformed: ``None``."""
        found = _ORIGIN.fullmatch((text or "").lower() if (text or "").isascii() else "")
        if not found:
            return None
        port = int(found["port"] or DEFAULT_PORTS[found["scheme"]])
        return cls(found["scheme"], found["host"], port) if port <= MAX_PORT else None

    def __str__(self) -> str:
        port = "" if DEFAULT_PORTS[self.scheme] == self.port else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}"


def normalise_domain(text: str) -> str:
    """Return a domain as it is kept: lower case, IDNA, no scheme.

    Raises:
        DomainInvalid: It is none, or a wildcard for more than one site's worth of names.
    """
    host, colon, port = text.strip().lower().rpartition(":")
    host, port = (host, f":{port}") if colon else (port, "")
    wildcard = "*." if host.startswith("*.") else ""
    try:
        ascii_host = host.removeprefix("*.").rstrip(".").encode("idna").decode()
    except UnicodeError as error:
        raise DomainInvalid(f"“{text}” is not a domain.") from error
    domain = f"{wildcard}{ascii_host}{port}"
    found = _DOMAIN.fullmatch(domain)
    if not found or int(found["port"] or 0) > MAX_PORT:
        raise DomainInvalid(f"“{text}” is not a domain like example.com or *.example.com.")
    if "." not in found["host"] and (found["any"] or found["host"] not in _LOCAL):
        raise DomainInvalid(f"“{text}” names no website: write it like example.com.")
    return domain


def is_allowed(origin: Origin, domains: Iterable[str]) -> bool:
    """Tell whether an origin is one of a project's websites. No domains allow nobody."""
    return any(_matches(origin, domain) for domain in domains)


def _matches(origin: Origin, domain: str) -> bool:
    host, _, port = domain.partition(":")
    if port:
        if origin.port != int(port):
            return False
    elif origin.port != DEFAULT_PORTS[origin.scheme] and host not in _LOCAL:
        return False
    if host.startswith("*."):
        return origin.host.endswith(host[1:])
    return origin.host == host

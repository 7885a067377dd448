"""Which pages are a project's websites: what looks like one is none."""

import pytest

from parlour.projects.errors import DomainInvalid
from parlour.projects.origins import Origin, is_allowed, normalise_domain

DOMAINS = ["example.com", "*.example.com", "localhost:5173", "127.0.0.1", "secure.example.org:8443"]

OURS = [
    "https://example.com",
    "http://example.com",
    "https://EXAMPLE.com",
    "https://example.com:443",
    "http://example.com:80",
    "https://shop.example.com",
    "https://a.b.example.com",
    "http://localhost:5173",
    "http://127.0.0.1",
    "http://127.0.0.1:8000",
    "https://secure.example.org:8443",
]

FOREIGN = [
    None,
    "",
    "null",
    "example.com",
    "//example.com",
    "https:",
    "https://",
    "https:example.com",
    "https:/example.com",
    "https:///example.com",
    "https://example.com/",
    "https://example.com?",
    "https://example.com?x",
    "https://example.com#x",
    "https://example.com/https://example.com",
    "https://evil.com/example.com",
    "https://example.com@evil.com",
    "https://evil.com@example.com",
    "https://user:word@example.com",
    "https://evil.com#.example.com",
    "https://evil.com?.example.com",
    "https://evil.com\\.example.com",
    "https://evil.com%2f.example.com",
    "https://evil.com .example.com",
    "https://evil.com,.example.com",
    "https://evil.com;.example.com",
    "https://.example.com",
    "https://a..example.com",
    "https://notexample.com",
    "https://example.com.evil.com",
    "https://example.co",
    "https://example.comm",
    "https://examplexcom",
    "https://example-com.evil.com",
    "https://shop.example.com.evil.com",
    "https://xn--exmple-cua.com",
    "https://ex\u0430mple.com",
    "https://s\u212ay.example.com",
    "https://example\u3002com",
    "https://example.com:8443",
    "https://example.com:80",
    "http://example.com:443",
    "https://example.com:0",
    "https://example.com:",
    "https://example.com:99999",
    "https://example.com:443:443",
    "https://example.com:4 43",
    "https://secure.example.org",
    "https://secure.example.org:8444",
    "http://localhost",
    "http://localhost:5174",
    "http://localhost.evil.com:5173",
    "http://127.0.0.1.evil.com",
    "http://127.0.0.2",
    "http://[::1]",
    "http://[::1].example.com",
    "ftp://example.com",
    "ws://example.com",
    "file://example.com",
    "javascript://example.com",
    "chrome-extension://example.com",
    " https://example.com",
    "https://example.com ",
    "https://exam\tple.com",
    "https://exam\nple.com",
    "https://example.com https://evil.com",
    "https://*.example.com",
]


@pytest.mark.parametrize("origin", OURS)
def test_a_projects_website_is_let_in(origin: str) -> None:
    parsed = Origin.parse(origin)
    assert parsed
    assert is_allowed(parsed, DOMAINS)


@pytest.mark.parametrize("origin", FOREIGN)
def test_what_only_looks_like_a_projects_website_is_not(origin: str | None) -> None:
    parsed = Origin.parse(origin)
    assert parsed is None or not is_allowed(parsed, DOMAINS)


def test_a_wildcard_does_not_stand_for_the_domain_itself() -> None:
    parsed = Origin.parse("https://example.com")
    assert parsed
    assert not is_allowed(parsed, ["*.example.com"])


def test_no_domains_let_nobody_in() -> None:
    parsed = Origin.parse("https://example.com")
    assert parsed
    assert not is_allowed(parsed, [])


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("example.com", "example.com"),
        (" Example.COM ", "example.com"),
        ("example.com.", "example.com"),
        ("*.Example.com", "*.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("*.bücher.example:8443", "*.xn--bcher-kva.example:8443"),
        ("localhost", "localhost"),
        ("localhost:5173", "localhost:5173"),
        ("127.0.0.1:8000", "127.0.0.1:8000"),
        ("192.168.1.5", "192.168.1.5"),
    ],
)
def test_a_domain_is_kept_in_one_way_of_writing(written: str, kept: str) -> None:
    assert normalise_domain(written) == kept


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "*",
        "*.",
        "*.com",
        "com",
        "intranet",
        "*.localhost",
        "*.*.example.com",
        "a.*.example.com",
        "*example.com",
        "https://example.com",
        "example.com/",
        "example.com/path",
        "user@example.com",
        "example.com?x",
        "exa mple.com",
        "exa_mple.com",
        "-example.com",
        "example-.com",
        "a..b",
        ".example.com",
        "example.com:",
        "example.com:0",
        "example.com:x",
        "example.com:65536",
        "example.com:٨٠",
        "example.com:80:80",
        "[::1]",
        f"{'a' * 64}.com",
        "exam\x00ple.com",
    ],
)
def test_what_is_no_domain_is_refused(written: str) -> None:
    with pytest.raises(DomainInvalid):
        normalise_domain(written)

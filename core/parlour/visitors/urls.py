"""Addresses of pages: what of them may be kept."""

import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

# Parameters that carry credentials, whatever is around the word: access_token, resetCode, apikey.
_SECRET = re.compile(r"token|passw|secret|auth|code|key|session|jwt|signature|otp", re.IGNORECASE)


def without_secrets(url: str) -> str:
    """Drop from an address what may let its reader in: secret parameters, user and fragment.

    What is no web address becomes empty.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not host:
        return ""
    query = [
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if not _SECRET.search(name)
    ]
    return urlunsplit((parts.scheme, host + port, parts.path, urlencode(query), ""))

"""What is kept of an exception: short, and nothing that must not be read by an operator."""

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr
from sqlalchemy.exc import DBAPIError

from parlour.kit.errors import AppError
from parlour.kit.settings import Settings

MAX_LENGTH = 300
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*@|(?i:\b(bearer|basic)\s+\S+)")
# Shorter ones would blacken words that only look like a secret.
_MIN_SECRET = 6


class TookTooLong(Exception):
    """A handler did not end within its time limit."""


def describe(error: BaseException, settings: Settings) -> str:
    """Return an exception in one line, without parameters of statements and without secrets."""
    while isinstance(error, AppError) and error.__cause__:
        error = error.__cause__  # `Unavailable` is for clients; what the database said is for us
    if isinstance(error, DBAPIError) and error.orig:
        error = error.orig
    name = type(error).__name__
    first = str(error).strip().partition("\n")[0].replace("\x00", "")
    text = _CREDENTIALS.sub("…", f"{name}: {first}" if first else name)
    for secret in _secrets(settings):
        text = text.replace(secret, "…")
    return text if len(text) <= MAX_LENGTH else f"{text[: MAX_LENGTH - 1]}…"


def _secrets(settings: Settings) -> Iterator[str]:
    """Yield every secret that is set, and the passwords inside of URLs."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if not isinstance(value, SecretStr):
            continue
        whole = value.get_secret_value()
        password = urlsplit(whole).password if "://" in whole else None
        keys = [key.partition(":")[2] for key in whole.split(",")] if name == "keys" else []
        for secret in (whole, password, password and unquote(password), *keys):
            if secret and len(secret) >= _MIN_SECRET:
                yield secret

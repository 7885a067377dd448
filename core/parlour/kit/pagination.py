"""Pages: a cursor says where the last page ended, so nothing is skipped while rows move."""

import base64
from typing import Any, TypeVar

import msgspec

from parlour.kit.errors import Invalid

Position = TypeVar("Position")


class CursorInvalid(Invalid, code="cursor_invalid"):
    """This cursor is not one that was handed out."""


def encode_cursor(position: tuple[Any, ...]) -> str:
    """Turn the sort key of a page's last row into an opaque text."""
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def decode_cursor(cursor: str, position: type[Position]) -> Position:
    """Read a cursor back into its sort key, a tuple type.

    Raises:
        CursorInvalid: It was made up, or belongs to another list.
    """
    try:
        packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return msgspec.json.decode(packed, type=position)
    except (ValueError, msgspec.MsgspecError) as error:
        raise CursorInvalid from error

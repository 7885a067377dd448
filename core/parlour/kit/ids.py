"""Ids: UUIDs of version 7 (RFC 9562), sortable by the time they were minted."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Mint a UUIDv7."""
    return uuid7()

"""The widget's door: which pages may come in, by the same rule for HTTP and sockets."""

from collections.abc import Collection

from parlour.projects.errors import OriginNotAllowed
from parlour.projects.origins import Origin, is_allowed


def admit(domains: Collection[str], header: str | None, own: Collection[str]) -> Origin:
    """Let a page in by its ``Origin`` header: a project's websites, and Parlour's own pages.

    Raises:
        OriginNotAllowed: It comes from elsewhere, or does not say from where.
    """
    origin = Origin.parse(header)
    if origin and (header in own or is_allowed(origin, domains)):
        return origin
    raise OriginNotAllowed

"""The built front ends, served from memory: small, compressed once, with the right headers."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

ROOT = Path(__file__).parent / "static"
DASHBOARD_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'"
)
_IMMUTABLE = "public, max-age=31536000, immutable"
_REVALIDATE = "no-cache"
_COMPRESSED = {".js", ".css", ".html", ".svg", ".json", ".webmanifest"}


@dataclass(frozen=True)
class Asset:
    """One file, ready to send."""

    content: bytes
    compressed: bytes | None
    media_type: str
    etag: str
    cache_control: str


class Bundle:
    """The files of one front end. Names with a hash never change; the others are revalidated."""

    def __init__(self, folder: Path) -> None:
        self._assets = {
            path.relative_to(folder).as_posix(): _load(path)
            for path in folder.rglob("*")
            if path.is_file() and not path.name.startswith(".") and path.suffix != ".map"
        }

    def find(self, name: str) -> Asset | None:
        """Return a file by its path in the folder."""
        return self._assets.get(name.lstrip("/"))

    def respond(
        self, request: Request[Any, Any, State], asset: Asset | None, **headers: str
    ) -> Response[bytes]:
        """Answer with a file.

        Raises:
            NotFoundException: There is none.
        """
        if asset is None:
            raise NotFoundException
        headers = {
            "Cache-Control": asset.cache_control,
            "ETag": asset.etag,
            "X-Content-Type-Options": "nosniff",
            "Vary": "Accept-Encoding",
            **headers,
        }
        if request.headers.get("If-None-Match") == asset.etag:
            return Response(b"", status_code=304, headers=headers)
        content = asset.content
        if asset.compressed and "gzip" in request.headers.get("Accept-Encoding", ""):
            content = asset.compressed
            headers["Content-Encoding"] = "gzip"
        return Response(content, media_type=asset.media_type, headers=headers)


def handlers() -> list[HTTPRouteHandler]:
    """Return the routes of the dashboard and the widget."""
    dashboard, widget = Bundle(ROOT / "dashboard"), Bundle(ROOT / "widget")

    @get(["/app", "/app/{path:path}"], include_in_schema=False, sync_to_thread=False)
    def serve_dashboard(
        request: Request[Any, Any, State], path: FromPath[str] = ""
    ) -> Response[bytes]:
        asset = dashboard.find(path)
        if asset is None and "." not in path.rpartition("/")[2]:
            asset = dashboard.find("index.html")  # a place inside the dashboard
        return dashboard.respond(
            request,
            asset,
            **{
                "Content-Security-Policy": DASHBOARD_POLICY,
                "Referrer-Policy": "no-referrer",
                "Cross-Origin-Opener-Policy": "same-origin",
            },
        )

    @get("/widget/{path:path}", include_in_schema=False, sync_to_thread=False)
    def serve_widget(request: Request[Any, Any, State], path: FromPath[str]) -> Response[bytes]:
        return widget.respond(
            request,
            widget.find(path),
            **{
                "Access-Control-Allow-Origin": "*",
                "Cross-Origin-Resource-Policy": "cross-origin",
            },
        )

    return [serve_dashboard, serve_widget]


def _load(path: Path) -> Asset:
    content = path.read_bytes()
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    is_hashed = "-" in path.stem and path.parent.name in {"assets", "widget"}
    return Asset(
        content=content,
        compressed=gzip.compress(content, 6) if path.suffix in _COMPRESSED else None,
        media_type=media_type,
        etag=f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        cache_control=_IMMUTABLE if is_hashed else _REVALIDATE,
    )

"""``parlour serve``: HTTP, sockets, dashboard and widget."""

import click
import uvicorn

from parlour.app import create_app
from parlour.kit.settings import load_settings
from parlour.realtime.server import MAX_FRAME_BYTES


@click.command()
def serve() -> None:
    """Run a server: HTTP, sockets, dashboard and widget."""
    settings = load_settings()
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=MAX_FRAME_BYTES,
        ws_per_message_deflate=False,  # twice the memory of an idle connection
        ws_ping_interval=None,  # Socket.IO has a heartbeat of its own
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=5,
        lifespan="on",
    )

"""``parlour serve``: HTTP, sockets, dashboard and widget."""

import socket
from typing import Any

import click
import uvicorn

from parlour.app import Application, create_app
from parlour.kit.runtime import spare_collector
from parlour.kit.settings import Settings, load_settings
from parlour.realtime.engine import AbortableWebSocket
from parlour.realtime.server import MAX_FRAME_BYTES


class Server(uvicorn.Server):
    """uvicorn, which lets the sockets leave in order before it ends their connections."""

    def __init__(self, app: Application, settings: Settings, **options: Any) -> None:
        self._app = app
        defaults: dict[str, Any] = {
            "host": settings.host,
            "port": settings.port,
            "loop": "uvloop",
            "http": "httptools",
            "ws": AbortableWebSocket,
            "ws_max_size": MAX_FRAME_BYTES,
            "ws_per_message_deflate": False,  # twice the memory of an idle connection
            "ws_ping_interval": None,  # Socket.IO has a heartbeat of its own
            "proxy_headers": True,
            "forwarded_allow_ips": settings.trusted_proxies,
            "access_log": False,
            "log_level": "warning",
            "server_header": False,
            "timeout_graceful_shutdown": 5,
            "lifespan": "on",
        }
        super().__init__(uvicorn.Config(app, **(defaults | options)))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, send the clients elsewhere, then end."""
        for listening in self.servers:
            listening.close()
        await self._app.drain()
        await super().shutdown(sockets)


@click.command()
def serve() -> None:
    """Run a server: HTTP, sockets, dashboard and widget."""
    settings = load_settings()
    server = Server(create_app(settings), settings)
    spare_collector()
    server.run()

"""The baseline: python-socketio as it comes, behind uvicorn, which acks and does nothing else.

What Parlour does not reach of this figure is what it pays for storing and delivering.
"""

import sys
from typing import Any

import socketio
import uvicorn

sio = socketio.AsyncServer(
    async_mode="asgi", transports=["websocket"], cors_allowed_origins="*", namespaces=["/visitors"]
)


async def acknowledge(sid: str, message: dict[str, Any]) -> dict[str, bool]:
    """Answer a message."""
    return {"ok": True}


sio.on("message.send", acknowledge, namespace="/visitors")


if __name__ == "__main__":
    uvicorn.run(
        socketio.ASGIApp(sio),
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        log_level="warning",
        access_log=False,
    )

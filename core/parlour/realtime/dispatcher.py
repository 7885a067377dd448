"""The one way in for commands: size, schema, handler, ack. Whatever fails, the ack says so."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec
import structlog

from parlour.kit.commands import AgentPrincipal, AnyCommand, VisitorPrincipal
from parlour.kit.errors import AppError, Invalid, TooLarge
from parlour.kit.errors import Refusal as RefusalRead
from parlour.realtime.schemas import Failed

MAX_PAYLOAD_BYTES = 65_536

# An escaped NUL: `\\u0000` behind an even number of backslashes, which are text themselves.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")

log = structlog.get_logger(__name__)


class CommandUnknown(Invalid, code="unknown_command"):
    """There is no such command."""


class Dispatcher:
    """Knows every command, and runs each in the same way."""

    def __init__(self, commands: Sequence[AnyCommand]) -> None:
        self._commands = {(command.principal, command.name): command for command in commands}
        if len(self._commands) != len(commands):
            raise ValueError("Two commands have one name.")
        self._decoders = {
            command.payload: msgspec.json.Decoder(command.payload) for command in commands
        }

    async def dispatch(
        self, principal: AgentPrincipal | VisitorPrincipal, name: str, arguments: Sequence[Any]
    ) -> Any:
        """Run a command; return its ack."""
        try:
            command = self._commands.get((type(principal), name))
            if command is None:
                raise CommandUnknown
            answer = await command.handle(principal, self._payload(command, arguments))
        except AppError as refusal:
            return Failed(refusal.refusal)
        except Exception:
            log.exception("command_failed", command=name)
            return Failed(RefusalRead("internal", "Something went wrong here."))
        return {"ok": True, **(msgspec.structs.asdict(answer) if answer else {})}

    def _payload(self, command: AnyCommand, arguments: Sequence[Any]) -> Any:
        if len(arguments) != 1 or not isinstance(arguments[0], msgspec.Raw):
            raise Invalid("A command takes one object.")
        raw = bytes(arguments[0])
        if len(raw) > MAX_PAYLOAD_BYTES:
            raise TooLarge
        if _NUL.search(raw):
            raise Invalid("NUL characters cannot be stored.")
        try:
            return self._decoders[command.payload].decode(raw)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise Invalid(str(error)) from error

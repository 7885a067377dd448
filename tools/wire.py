"""Everything that goes over the wire, collected from the code that says it."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, get_type_hints

import msgspec

from parlour.app import litestar_app
from parlour.catalogue import BY_TYPE
from parlour.conversations import sockets as conversation_sockets
from parlour.conversations.schemas import AgentTyping, VisitorTyping
from parlour.kit.commands import AgentPrincipal, AnyCommand
from parlour.kit.errors import Refusal
from parlour.kit.events import Event
from parlour.kit.settings import load_settings
from parlour.problems import Problem
from parlour.realtime import commands as gateway_commands
from parlour.realtime.schemas import Closing, VisitorPresence
from parlour.visitors import sockets as visitor_sockets
from parlour.visitors.schemas import VisitorContextChanged

AGENTS, VISITORS = "agents", "visitors"
WIDGET_API = "/api/widget/"

SIGNALS: dict[str, dict[str, type[msgspec.Struct]]] = {
    AGENTS: {
        "visitor.context": VisitorContextChanged,
        "visitor.presence": VisitorPresence,
        "visitor.typing": VisitorTyping,
    },
    VISITORS: {"agent.typing": AgentTyping},
}

Schema = dict[str, Any]

_REFUSED: Schema = {
    "description": "A refusal: a problem as RFC 9457 describes it.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


@dataclass(frozen=True)
class SocketCommand:
    """A command as a client knows it: its name, what it carries, what its ack says besides ok."""

    name: str
    payload: type[msgspec.Struct]
    answer: type[msgspec.Struct] | None


def visitor_shape(event: type[Event]) -> type[msgspec.Struct] | None:
    """Return what a visitor receives of an event, if visitors receive it at all."""
    return _returned(event.for_visitor)


def events_for(audience: str) -> dict[str, type[msgspec.Struct]]:
    """Return what each event carries for an audience, by type."""
    known = sorted(BY_TYPE.items())
    if audience == AGENTS:
        return dict(known)
    return {type_: shape for type_, event in known if (shape := visitor_shape(event))}


def commands_of(audience: str) -> list[SocketCommand]:
    """Return the commands that an audience may give, by name."""
    found = [
        SocketCommand(command.name, command.payload, _returned(command.handle))
        for command in _commands()
        if (command.principal is AgentPrincipal) == (audience == AGENTS)
    ]
    return sorted(found, key=lambda command: command.name)


def _returned(function: Callable[..., Any]) -> type[msgspec.Struct] | None:
    hint = get_type_hints(function).get("return")
    return hint if isinstance(hint, type) and issubclass(hint, msgspec.Struct) else None


def _commands() -> list[AnyCommand]:
    # Commands are only looked at here, never given: nothing needs to be open.
    runtime: Any = SimpleNamespace(settings=load_settings())
    gateway: Any = None
    messages = conversation_sockets.VisitorMessages(runtime)
    return [
        *visitor_sockets.commands(runtime),
        *conversation_sockets.commands(runtime, messages),
        *gateway_commands.commands(runtime, gateway),
    ]


def socket_structs() -> list[type[msgspec.Struct]]:
    """Return every struct that sockets carry."""
    found: list[type[msgspec.Struct]] = [Refusal, Closing]
    for audience in (AGENTS, VISITORS):
        found += [*events_for(audience).values(), *SIGNALS[audience].values()]
        for command in commands_of(audience):
            found.append(command.payload)
            if command.answer and not is_log_answer(command.answer):
                found.append(command.answer)
    return list(dict.fromkeys(found))


def is_log_answer(struct: type[msgspec.Struct]) -> bool:
    """Tell whether an answer holds events, whose type only the catalogue knows."""
    return "events" in struct.__struct_fields__


def schemas_of(structs: Iterable[type]) -> dict[str, Schema]:
    """Return the JSON schemas of structs, and of all they hold, by name."""
    _, components = msgspec.json.schema_components(
        list(structs), ref_template="#/components/schemas/{name}"
    )
    return components


def document() -> Schema:
    """Return one OpenAPI document for REST and sockets."""
    schema = litestar_app(load_settings()).openapi_schema.to_schema()
    rest: Schema = json.loads(json.dumps(schema))
    for operation in _operations(rest):
        operation["responses"].pop("400", None)  # the framework's own, which we never answer
        operation["responses"]["default"] = _REFUSED
    components = {
        **schemas_of([*socket_structs(), Problem]),
        **rest.get("components", {}).get("schemas", {}),
    }
    return {
        "openapi": rest["openapi"],
        "info": rest["info"],
        "paths": dict(sorted(rest["paths"].items())),
        "components": {"schemas": dict(sorted(components.items()))},
    }


def widget_document(whole: Schema) -> Schema:
    """Return the part of the document that the widget speaks."""
    paths = {path: item for path, item in whole["paths"].items() if path.startswith(WIDGET_API)}
    said = [Refusal, Closing, *events_for(VISITORS).values(), *SIGNALS[VISITORS].values()]
    for command in commands_of(VISITORS):
        said.append(command.payload)
        if command.answer and not is_log_answer(command.answer):
            said.append(command.answer)
    schemas = whole["components"]["schemas"]
    needed: set[str] = {struct.__name__ for struct in said}
    waiting = [paths, *(schemas[name] for name in needed)]
    while waiting:
        for name in _references(waiting.pop()) - needed:
            needed.add(name)
            waiting.append(schemas[name])
    return {
        **whole,
        "paths": paths,
        "components": {"schemas": {name: schemas[name] for name in sorted(needed)}},
    }


def _operations(document: Schema) -> Iterable[Schema]:
    for item in document["paths"].values():
        yield from (operation for operation in item.values() if isinstance(operation, dict))


def _references(part: Any) -> set[str]:
    if isinstance(part, list):
        return set().union(*map(_references, part))
    if not isinstance(part, dict):
        return set()
    found = set().union(*map(_references, part.values()))
    if isinstance(reference := part.get("$ref"), str):
        found.add(reference.rpartition("/")[2])
    return found

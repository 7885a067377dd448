"""The house's own law, where no linter knows it."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from parlour.catalogue import AnyEvent
from parlour.kit.events import ConversationEvent, Event
from parlour.kit.settings import Settings

ROOT = Path(__file__).parents[2]
CORE = ROOT / "core" / "parlour"

MAY_COMMIT = {"kit/db.py", "migrations/runner.py"}
# What speaks a library's language, and nothing else: the rest can be read without knowing it.
MAY_IMPORT = {
    "litestar": (
        r"app\.py|demo\.py|problems\.py|static\.py|accounts/(bearer|cookies)\.py|\w+/routes(/\w+)?\.py"
    ),
    "socketio": r"app\.py|realtime/\w+\.py",
    "engineio": r"realtime/\w+\.py",
    "aiosmtplib": r"kit/mail\.py|doctor\.py",
    "taskiq": r"kit/tasks\.py",
    "taskiq_redis": r"kit/tasks\.py",
}
LONGEST = {"core": 400, "tests": 600, "tools": 400}


def core_files() -> Iterator[tuple[str, Path]]:
    """Every module of core, by its path below ``parlour``."""
    for path in sorted(CORE.rglob("*.py")):
        yield path.relative_to(CORE).as_posix(), path


def imported(path: Path) -> set[str]:
    """The top-level packages that a module imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def event_classes(base: type[Event] = Event) -> set[type[Event]]:
    """Every kind of event that core declares."""
    found: set[type[Event]] = set()
    for event in base.__subclasses__():
        if event is not ConversationEvent and event.__module__.startswith("parlour."):
            found.add(event)
        found |= event_classes(event)
    return found


def test_every_event_is_in_the_catalogue():
    assert set(get_args(AnyEvent)) == event_classes()


def test_every_module_of_events_is_known_to_the_catalogue():
    # An events.py that nobody imports would hide from the test above.
    modules = {f"parlour.{path.parent.name}.events" for path in CORE.glob("*/events.py")}
    assert modules <= set(sys.modules)


def test_event_types_are_unique_and_say_what_happened():
    types = [event.type for event in event_classes()]

    assert len(types) == len(set(types))
    assert [type_ for type_ in types if not re.fullmatch(r"[a-z_]+\.[a-z_]+ed", type_)] == []


def test_every_event_and_signal_is_in_the_reference():
    reference = (ROOT / "docs/reference/events.md").read_text()
    declared = {event.type for event in event_classes()}
    for _, path in core_files():
        declared |= set(re.findall(r'"""Signal ``([a-z.]+)``', path.read_text()))

    assert [name for name in sorted(declared) if f"### `{name}`" not in reference] == []


def test_every_command_is_in_the_reference():
    reference = (ROOT / "docs/reference/events.md").read_text()
    declared: set[str] = set()
    for _, path in core_files():
        declared |= set(re.findall(r'\bCommand\(\s*"([a-z._]+)"', path.read_text()))

    assert declared
    assert [name for name in sorted(declared) if f"| `{name}` |" not in reference] == []


def test_every_setting_is_described_and_in_the_reference():
    reference = (ROOT / "docs/reference/settings.md").read_text()
    for name, field in Settings.model_fields.items():
        assert field.description, f"{name} needs a description"
        assert f"| `PARLOUR_{name.upper()}` |" in reference, f"{name}: run `make generate`"


def test_only_the_edge_ends_a_transaction():
    ending = [
        name
        for name, path in core_files()
        if name not in MAY_COMMIT and re.search(r"\.(commit|rollback)\(", path.read_text())
    ]
    assert ending == []


@pytest.mark.parametrize(("library", "allowed"), MAY_IMPORT.items())
def test_a_library_is_spoken_in_one_place_only(library: str, allowed: str):
    elsewhere = [
        name
        for name, path in core_files()
        if library in imported(path) and not re.fullmatch(allowed, name)
    ]
    assert elsewhere == []


@pytest.mark.parametrize(("folder", "longest"), LONGEST.items())
def test_no_file_has_grown_too_long(folder: str, longest: int):
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines())
        for path in (ROOT / folder).rglob("*.py")
        if "node_modules" not in path.parts
    }
    assert {name: length for name, length in lengths.items() if length > longest} == {}


def test_every_make_target_says_what_it_does_and_is_in_contributing():
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z]+):.*?(?:## (.+))?$", makefile, re.MULTILINE)
    contributing = (ROOT / "CONTRIBUTING.md").read_text()

    shown = {name for name, said in targets if said}
    assert shown >= {"help", "setup", "up", "test", "check", "fix", "generate", "migration"}
    assert {name for name, said in targets if not said} == {"tools"}
    assert [name for name in sorted(shown - {"help"}) if f"make {name}" not in contributing] == []


def test_every_link_between_our_pages_leads_somewhere():
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").glob("*.md")]
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_every_decision_is_listed():
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\]\((\d{4}-[a-z-]+\.md)\)", (folder / "README.md").read_text())

    assert listed == sorted(path.name for path in folder.glob("[0-9]*.md"))

"""What the processes of a server use, as Linux tells it in ``/proc``."""

import os
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
# An argument that tells a process, and what the process is called here.
PARTS = {
    "bench.echo": "echo",
    "serve": "gateway",
    "work": "worker",
    "worker": "worker",
    "relay": "relay",
    "up": "up",
}


@dataclass(frozen=True)
class Usage:
    """What the processes of one part have used so far, and hold now."""

    cpu_seconds: float = 0.0
    rss_bytes: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(self.cpu_seconds + other.cpu_seconds, self.rss_bytes + other.rss_bytes)


@dataclass(frozen=True)
class _Process:
    parent: int
    arguments: tuple[str, ...]
    usage: Usage


def read_usage(root: int, data: Path | None = None) -> dict[str, Usage]:
    """Return the usage of each part of a server: the process ``root`` and what descends from it.

    Databases may have left the family: whatever names the data folder belongs to it, too.
    """
    processes = {pid: process for pid in _pids() if (process := _read(pid))}
    family = {root} | {
        pid
        for pid, process in processes.items()
        if data and any(str(data) in argument for argument in process.arguments)
    }
    grown = True
    while grown:
        children = {pid for pid, process in processes.items() if process.parent in family}
        grown = not children <= family
        family |= children
    usage: dict[str, Usage] = {}
    for pid in family & processes.keys():
        part = _part(processes[pid].arguments)
        usage[part] = usage.get(part, Usage()) + processes[pid].usage
    return usage


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _read(pid: int) -> _Process | None:
    folder = Path(f"/proc/{pid}")
    try:
        # The name in parentheses may hold anything; what follows the last one are numbers.
        numbers = (folder / "stat").read_text().rpartition(")")[2].split()
        arguments = (folder / "cmdline").read_text(errors="replace").rstrip("\0").split("\0")
    except OSError:  # it has ended meanwhile
        return None
    parent, resident = int(numbers[1]), int(numbers[21])
    # Its own time in both modes, and that of its children that have ended.
    ticks = sum(int(number) for number in numbers[11:15])
    return _Process(parent, tuple(arguments), Usage(ticks / TICKS, resident * PAGE))


def _part(arguments: tuple[str, ...]) -> str:
    program = Path(arguments[0].split(":")[0]).name
    if program.startswith("postgres"):
        return "postgres"
    if program.startswith("valkey"):
        return "valkey"
    return next((PARTS[argument] for argument in arguments if argument in PARTS), "other")

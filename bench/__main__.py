"""The runner: starts a server for each scenario, puts load on it, and prints what came of it."""

import argparse
import os
import platform
import resource
import sys
import time
from pathlib import Path

import msgspec
from rich.console import Console

from bench.account import Account
from bench.generator import Measurement, measure
from bench.server import Server, running_echo, running_parlour
from bench.table import print_tables

RESULTS = Path(__file__).parent / "results"
SCENARIOS = ("idle", "saturate", "open-loop", "replies", "idle-sockets", "echo")
# The access token of a scenario is good for ten minutes.
MOST_SECONDS = 420


def main() -> int:
    """Run the chosen scenarios; return 1 when anything was not as promised."""
    arguments = _parse()
    _allow_many_files()
    console = Console()
    runs: dict[str, list[Measurement]] = {}
    account = Account(Server(arguments.url.rstrip("/"))) if arguments.url else None
    for scenario in arguments.scenarios or SCENARIOS:
        for number in range(1, arguments.repeat + 1):
            console.print(f"{scenario} ({number} of {arguments.repeat}) …", style="dim")
            runs.setdefault(scenario, []).append(_run(scenario, arguments, account))
    print_tables(console, runs)
    console.print(f"Everything: {_write(runs, arguments)}", style="dim")
    return int(any(m.report.deviations for several in runs.values() for m in several))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("scenarios", nargs="*", metavar="scenario", help=", ".join(SCENARIOS))
    parser.add_argument("--url", help="measure this server instead of one started for it")
    parser.add_argument("--seconds", type=float, default=30, help="how long to measure")
    parser.add_argument("--warmup", type=float, default=3, help="seconds of load before that")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each; the median is shown")
    parser.add_argument("--visitors", type=int, default=200, help="visitors who write")
    parser.add_argument("--agents", type=int, default=5, help="agents who watch")
    parser.add_argument("--messages", type=int, default=500, help="idle: messages")
    parser.add_argument("--rate", type=float, default=1000, help="open-loop: messages a second")
    parser.add_argument("--connections", type=int, default=20, help="replies: connections")
    parser.add_argument("--count", type=int, default=3000, help="idle-sockets: connections")
    arguments = parser.parse_args()
    if unknown := set(arguments.scenarios) - set(SCENARIOS):
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    if arguments.seconds + arguments.warmup > MOST_SECONDS:
        parser.error(f"at most {MOST_SECONDS} seconds: the access token expires after ten minutes")
    return arguments


def _run(scenario: str, arguments: argparse.Namespace, account: Account | None) -> Measurement:
    """Run a scenario: where no server is given, on a new one, so that each finds the same."""
    names = ("seconds", "warmup", "visitors", "agents", "messages", "rate", "connections", "count")
    options = {name: float(getattr(arguments, name)) for name in names}
    if scenario == "echo":
        with running_echo() as server:
            return measure(scenario, server, "", "", options)
    if account:
        account.renew()
        return _measure_as(account, scenario, options)
    with running_parlour() as server:
        return _measure_as(Account(server), scenario, options)


def _measure_as(account: Account, scenario: str, options: dict[str, float]) -> Measurement:
    project = account.create_project()
    return measure(scenario, account.server, project, account.token, options)


def _allow_many_files() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _write(runs: dict[str, list[Measurement]], arguments: argparse.Namespace) -> Path:
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / time.strftime("%Y-%m-%dT%H%M%SZ.json", time.gmtime())
    machine = {
        "cpus": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }
    everything = {"machine": machine, "arguments": vars(arguments), "runs": runs}
    path.write_bytes(msgspec.json.format(msgspec.json.encode(everything), indent=2))
    return path


if __name__ == "__main__":
    sys.exit(main())

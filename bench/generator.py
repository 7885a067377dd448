"""Runs the load generator, and looks at the server's processes while it does."""

import os
import subprocess
from pathlib import Path
from threading import Timer

import msgspec

from bench.processes import Usage, read_usage
from bench.server import Server

LOAD = Path(__file__).parent / "load.ts"
# Beyond the time a scenario measures: connecting, settling, reading everything back.
GRACE_SECONDS = 600


class Summary(msgspec.Struct):
    """A distribution, in milliseconds."""

    count: int
    p50: float
    p90: float
    p99: float
    max: float


class Report(msgspec.Struct):
    """What the generator says of a scenario."""

    scenario: str
    seconds: float
    count: int
    per_second: float
    generator_cpu: float
    deviations: list[str]
    ack: Summary | None = None
    delivery: Summary | None = None
    figures: dict[str, float] = {}


class Measurement(msgspec.Struct):
    """A report, and what the server used while it was measured."""

    report: Report
    # Microseconds of CPU per message (or connection), by part of the server.
    cpu_us: dict[str, float]
    # Memory at the end, and how much more than at the beginning, by part of the server.
    rss_mb: dict[str, float]
    rss_growth_mb: dict[str, float]
    start_seconds: float | None


def measure(
    scenario: str, server: Server, project: str, token: str, options: dict[str, float]
) -> Measurement:
    """Run one scenario against a server."""
    command = ["node", str(LOAD), scenario, "--json", "--url", server.url, "--project", project]
    for name, value in options.items():
        command += [f"--{name}", f"{value:g}"]
    process = subprocess.Popen(  # noqa: S603 - our own program
        command,
        env=os.environ | {"PARLOUR_BENCH_TOKEN": token},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    timer = Timer(options.get("seconds", 0) + GRACE_SECONDS, process.kill)
    timer.start()
    try:
        report, usages = _converse(process, server)
    finally:
        timer.cancel()
        process.kill()
        process.wait()
    if report is None:
        raise RuntimeError(f"The generator ended without a report of {scenario}.")
    return _combine(report, usages, server)


def _converse(
    process: "subprocess.Popen[str]", server: Server
) -> tuple[Report | None, list[dict[str, Usage]]]:
    """Look at the server at each phase that the generator announces, until it reports."""
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("The generator cannot be heard.")
    usages: list[dict[str, Usage]] = []
    for line in process.stdout:
        if not line.startswith('{"phase":'):
            return msgspec.json.decode(line, type=Report), usages
        usages.append(read_usage(server.pid, server.data) if server.pid else {})
        process.stdin.write("on\n")
        process.stdin.flush()
    return None, usages


def _combine(report: Report, usages: list[dict[str, Usage]], server: Server) -> Measurement:
    before, after = usages
    nothing = Usage()
    cpu = {
        part: usage.cpu_seconds - before.get(part, nothing).cpu_seconds
        for part, usage in after.items()
    }
    growth = {
        part: usage.rss_bytes - before.get(part, nothing).rss_bytes for part, usage in after.items()
    }
    return Measurement(
        report,
        {part: round(seconds * 1e6 / max(report.count, 1), 1) for part, seconds in cpu.items()},
        {part: round(usage.rss_bytes / 1e6, 1) for part, usage in after.items()},
        {part: round(growth_bytes / 1e6, 1) for part, growth_bytes in growth.items()},
        server.start_seconds,
    )

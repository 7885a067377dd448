"""What was measured, as tables for a terminal."""

from collections.abc import Callable, Sequence
from statistics import median

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench.generator import Measurement, Report

Figure = Callable[[Report], float]


def _ack(share: str) -> Figure:
    return lambda report: getattr(report.ack, share) if report.ack else 0.0


# What a scenario is to reach: in words, what is compared, and whether more of it is better.
GOALS: dict[str, list[tuple[str, Figure, float, bool]]] = {
    "idle": [
        ("ack p50 ≤ 10 ms", _ack("p50"), 10, False),
        ("ack p99 ≤ 60 ms", _ack("p99"), 60, False),
    ],
    "saturate": [("≥ 1,500/s", lambda report: report.per_second, 1500, True)],
}


def print_tables(console: Console, runs: dict[str, list[Measurement]]) -> None:
    """Print what each scenario measured: the median of its runs."""
    console.print(_results(runs))
    console.print(_resources(runs))
    for scenario, measurements in runs.items():
        for deviation in (text for m in measurements for text in m.report.deviations):
            console.print(f"[red]{scenario}: {escape(deviation)}")


def _results(runs: dict[str, list[Measurement]]) -> Table:
    table = Table(title="Latency in milliseconds, p50 / p90 / p99")
    for column in ("scenario", "per second", "ack", "delivery", "goal", "checks"):
        table.add_column(column, justify="right" if column == "per second" else "left")
    for scenario, measurements in runs.items():
        reports = [measurement.report for measurement in measurements]
        deviations = sum(len(report.deviations) for report in reports)
        table.add_row(
            scenario,
            f"{median(report.per_second for report in reports):,.0f}",
            _latency(reports, "ack"),
            _latency(reports, "delivery"),
            _goal(scenario, reports),
            f"[red]{deviations} deviations" if deviations else "[green]all hold",
        )
    return table


def _resources(runs: dict[str, list[Measurement]]) -> Table:
    table = Table(title="What it took")
    for column in ("scenario", "server CPU µs each", "of which", "memory", "generator CPU"):
        table.add_column(column, justify="right" if "µs" in column else "left")
    for scenario, measurements in runs.items():
        parts = list(measurements[0].cpu_us)
        cpu = {part: median(m.cpu_us.get(part, 0) for m in measurements) for part in parts}
        split = ", ".join(f"{part} {used:,.0f}" for part, used in cpu.items() if used >= 1)
        generator = median(m.report.generator_cpu for m in measurements)
        table.add_row(
            scenario,
            f"{sum(cpu.values()):,.0f}",
            split,
            _memory(scenario, measurements),
            f"{generator:.0%} of a core",
        )
    return table


def _memory(scenario: str, measurements: Sequence[Measurement]) -> str:
    if "gateway" not in measurements[0].rss_mb:
        return ""
    held = median(measurement.rss_mb["gateway"] for measurement in measurements)
    text = f"gateway {held:,.0f} MB"
    if scenario == "idle-sockets":
        text += f", {median(per_thousand(m) for m in measurements):.1f} MB per 1,000"
    return text


def per_thousand(measurement: Measurement) -> float:
    """Return the memory in megabytes that a thousand connections took at the gateway."""
    return measurement.rss_growth_mb["gateway"] * 1000 / measurement.report.count


def _latency(reports: Sequence[Report], kind: str) -> str:
    summaries = [summary for report in reports if (summary := getattr(report, kind))]
    if not summaries:
        return ""
    return " / ".join(
        f"{median(getattr(summary, share) for summary in summaries):,.1f}"
        for share in ("p50", "p90", "p99")
    )


def _goal(scenario: str, reports: Sequence[Report]) -> str:
    return "\n".join(
        f"[{'green' if (value >= bound if more else value <= bound) else 'yellow'}]{words}"
        for words, figure, bound, more in GOALS.get(scenario, [])
        for value in [median(figure(report) for report in reports)]
    )

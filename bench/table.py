"""What was measured, as tables for a terminal."""

from collections.abc import Callable, Sequence
from statistics import median

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench.generator import Measurement, Report

Figure = Callable[[Measurement], float]


def per_thousand(measurement: Measurement) -> float:
    """Return the memory in megabytes that a thousand connections took at the gateway."""
    return measurement.rss_growth_mb.get("gateway", 0) * 1000 / measurement.report.count


def _per_second(measurement: Measurement) -> float:
    return measurement.report.per_second


def _latency_of(kind: str, share: str) -> Figure:
    def figure(measurement: Measurement) -> float:
        summary = getattr(measurement.report, kind)
        return getattr(summary, share) if summary else 0.0

    return figure


# What a scenario is to reach: in words, what is compared, and whether more of it is better.
GOALS: dict[str, list[tuple[str, Figure, float, bool]]] = {
    "idle": [
        ("ack p50 ≤ 6 ms", _latency_of("ack", "p50"), 6, False),
        ("ack p99 ≤ 30 ms", _latency_of("ack", "p99"), 30, False),
    ],
    "saturate": [("≥ 3,000/s", _per_second, 3000, True)],
    "open-loop": [
        ("ack p99 ≤ 150 ms", _latency_of("ack", "p99"), 150, False),
        ("delivery p99 ≤ 150 ms", _latency_of("delivery", "p99"), 150, False),
    ],
    "replies": [("≥ 400/s", _per_second, 400, True)],
    "idle-sockets": [
        ("≥ 400/s", _per_second, 400, True),
        ("≤ 60 MB per 1,000", per_thousand, 60, False),
    ],
}


def print_tables(console: Console, runs: dict[str, list[Measurement]]) -> None:
    """Print what each scenario measured: the median of its runs."""
    console.print(_results(runs))
    console.print(_resources(runs))
    if "saturate" in runs and "echo" in runs:
        share = _median_rate(runs["saturate"]) / _median_rate(runs["echo"])
        console.print(
            f"Storing and delivering: {share:.0%} of the rate of a server that only acks."
        )
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
            _goal(scenario, measurements),
            f"[red]{deviations} deviations" if deviations else "[green]all hold",
        )
    return table


def _median_rate(measurements: Sequence[Measurement]) -> float:
    return median(map(_per_second, measurements))


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


def _latency(reports: Sequence[Report], kind: str) -> str:
    summaries = [summary for report in reports if (summary := getattr(report, kind))]
    if not summaries:
        return ""
    return " / ".join(
        f"{median(getattr(summary, share) for summary in summaries):,.1f}"
        for share in ("p50", "p90", "p99")
    )


def _goal(scenario: str, measurements: Sequence[Measurement]) -> str:
    return "\n".join(
        f"[{'green' if (value >= bound if more else value <= bound) else 'yellow'}]{words}"
        for words, figure, bound, more in GOALS.get(scenario, [])
        for value in [median(map(figure, measurements))]
    )

"""The report of a full run: what was done, what came of it, and what that proves."""

import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from parlour.kit.clock import now
from tests.faults.experiment import AGENTS, VISITORS, Outcome

HEAD = """# What breaks, and what is lost: nothing

This page is written by `make faults`. It reports experiments on the promises of
[How a message travels](delivery.md): real processes are killed, stopped and cut off while clients
write and read, and every client keeps books that are compared with the database afterwards.

Each run has two gateways behind one port, two workers, a PostgreSQL with `fsync` and
`synchronous_commit` on, and a Valkey that keeps nothing. The clients behave as the widget and the
dashboard do: they mint ids, keep an outbox, send again until there is an ack, reconnect, catch up
by their place in the log. A message counts as acked when its line is in a file. Afterwards a judge
checks that

- **I1** every acked message is stored once, with its place and its text;
- **I2** no message is stored or shown twice;
- **I3** the places in a conversation are 1 … n without gaps, and every client showed them in order;
- **I4** ten seconds after the last fault every client shows what is stored (twenty where the
  clients themselves wait ten seconds for an answer: R5, R6);
- **I5** thirty seconds after it every event has its place in the log, and the log has no gaps.
"""

LIMITS = """## What these figures do not prove

- **Never** is not a figure. Where nothing failed in N independent trials, the chance of a failure
  is below 3/N at a confidence of 95 %; trials that share a machine and a program are not quite
  independent. The table says the bound, not zero.
- One machine, one disk, one kernel: nothing here cuts a network between data centres, corrupts
  memory, or lies about having written to disk. A crash of the whole machine, where `fsync` must
  hold its word, was not tried; PostgreSQL was.
- One PostgreSQL without replicas. A failover to a replica that is behind loses what it had not
  received: use synchronous replication if that matters.
- The load client, the proxy, and all servers share the cores, so times are those of a busy machine.
  They are upper bounds for a machine like it, and say nothing about a larger one.
- The load is synthetic: short texts, one project, members that are one account with several
  dashboards. Skew, attachments and thousands of projects are other experiments.
- The clients are models of the widget and the dashboard. That those two behave like the models is
  what their own tests are for.
"""

TIMES = {
    "converged_seconds": "shown everywhere after",
    "live_again_seconds_max": "live again after at most",
    "log_stood_still_seconds_max": "log stood still for at most",
    "blind_p99_seconds": "blind (p99)",
    "slow_closed_seconds_max": "slow socket closed after at most",
}


def write_report(
    path: Path, outcomes: Sequence[Outcome], scale: float, planned: Sequence[str]
) -> None:
    """Write the page."""
    outcomes = sorted(outcomes, key=lambda outcome: int(outcome.id[1:]))
    seconds = sum(outcome.seconds for outcome in outcomes)
    memory = round(psutil.virtual_memory().total / 2**30)
    machine = (
        f"{now():%Y-%m-%d}, scale {scale:g}, {seconds / 60:.0f} minutes on {os.cpu_count()} cores, "
        f"{memory} GB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}. At most {VISITORS} visitors (R10 and R7 say their "
        f"own) and {AGENTS} dashboards: what a load client affords beside everything else on this "
        "machine."
    )
    missing = [name for name in planned if name not in {outcome.id for outcome in outcomes}]
    if missing:
        machine += f" The run was ended before it came to {', '.join(missing)}."
    parts = [
        HEAD,
        "## The run\n",
        f"{machine}\n",
        _summary(outcomes, scale),
        "## Each experiment\n",
        *(_section(outcome) for outcome in outcomes),
        LIMITS,
        "## Running it\n",
        "`make faults` runs everything in full size and writes this page; "
        '`make faults ARGS="--only R1 --scale 0.1 --seed 7"` runs a part. A tenth of each runs '
        "with the tests, in `tests/faults/`. A failure prints its seed and where it left the truth "
        "file and the logs; `PARLOUR_FAULT_SEED` runs it again with the same choices. What the "
        "operating system schedules when is not in a seed.\n",
    ]
    path.write_text("\n".join(parts))


def _summary(outcomes: Sequence[Outcome], scale: float) -> str:
    met = "yes" if scale >= 1 else "at this size"
    lines = [
        "| | experiment | goal | done | acked | lost | doubled | gaps | shown wrongly | met |",
        "|---|---|---|---|--:|--:|--:|--:|--:|---|",
    ]
    for outcome in outcomes:
        figures = [
            f"{outcome.figures[name]:,}" if name in outcome.figures else "-"
            for name in ("acked", "lost", "doubled", "gaps", "shown_wrongly")
        ]
        cells = [outcome.id, outcome.title, outcome.goal, outcome.size, *figures]
        lines.append(f"| {' | '.join(cells)} | {met if outcome.is_met else '**no**'} |")
    return "\n".join(lines) + "\n"


def _section(outcome: Outcome) -> str:
    lines = [
        f"### {outcome.id}: {outcome.title}\n",
        f"Goal: {outcome.goal}. Done: {outcome.size}, in {outcome.seconds:.0f} s, "
        f"seed {outcome.seed}.\n",
    ]
    lines += [
        f"- {words}: {outcome.figures[name]} s"
        for name, words in TIMES.items()
        if name in outcome.figures
    ]
    if outcome.is_met:
        lines += [_bound(what, count) for what, count in outcome.trials.items() if count]
    else:
        lines += [f"- **Missed**: {violation}" for violation in outcome.violations]
    rest = {name: value for name, value in outcome.figures.items() if name not in TIMES}
    lines.append(f"- all figures: {'; '.join(_figure(*item) for item in rest.items())}")
    return "\n".join(lines) + "\n"


def _bound(what: str, count: int) -> str:
    return f"- 0 failures in {count:,} {what}: below {3 / count:.1g} for each, at 95 %"


def _figure(name: str, value: Any) -> str:
    words = name.replace("_", " ")
    if isinstance(value, dict):
        value = ", ".join(f"{key} {count:,}" for key, count in value.items()) or "none"
    return f"{words} {value}"

"""The full run: every experiment in its full size, one after the other, and the report of it."""

import argparse
import os
import random
import sys
import tempfile
from pathlib import Path

import uvloop
from rich.console import Console

from tests.faults.experiment import Outcome
from tests.faults.registry import EXPERIMENTS
from tests.faults.report import write_report

REPORT = Path("docs/explanation/faults.md")


def main() -> int:
    options = _parse()
    console = Console()
    seed = options.seed if options.seed is not None else _seed()
    folder = Path(tempfile.mkdtemp(prefix="parlour-faults-report-"))
    console.print(f"Seed {seed}, scale {options.scale:g}; what goes wrong is kept in {folder}")
    outcomes: list[Outcome] = []
    for name in options.only or EXPERIMENTS:
        experiment = EXPERIMENTS[name]
        console.print(f"\n[bold]{name}[/] {experiment.title} …")
        outcome = uvloop.run(experiment.run(seed, options.scale, folder))
        outcomes.append(outcome)
        console.print(f"  {outcome.size}: {outcome.seconds} s")
        console.print(f"  {outcome.figures}", markup=False)
        for violation in outcome.violations:
            console.print(f"  ✗ {violation}", style="red", markup=False)
        if not options.only:  # after each: what a run has shown so far is not lost with the rest
            write_report(REPORT, outcomes, options.scale, list(EXPERIMENTS))
    return 0 if all(outcome.is_met for outcome in outcomes) else 1


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument(
        "--only",
        nargs="+",
        choices=list(EXPERIMENTS),
        metavar="R1",
        help=f"some experiments, without writing {REPORT}",
    )
    parser.add_argument("--scale", type=float, default=1.0, help="1 is the full size")
    parser.add_argument("--seed", type=int, help="run with the chance of an earlier run")
    return parser.parse_args()


def _seed() -> int:
    chosen = os.environ.get("PARLOUR_FAULT_SEED")
    return int(chosen) if chosen else random.SystemRandom().randrange(2**31)


if __name__ == "__main__":
    sys.exit(main())

"""What an experiment is: a function of a size and of one source of chance, and what comes of it."""

import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from traceback import format_exception
from typing import Any

from tests.faults.judge import CONVERGE_SECONDS, judge
from tests.faults.stage import Stage

# What this load client affords beside everything else on two cores.
AGENTS = 6
VISITORS = 240
PER_SECOND = 200.0


@dataclass
class Outcome:
    """What came of an experiment."""

    id: str
    title: str
    goal: str
    seed: int
    size: str = ""
    seconds: float = 0.0
    # How often what must not fail was tried: the N of the bound 3/N, and of what.
    trials: dict[str, int] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def demand(self, holds: bool, what: str) -> None:
        """Note a violation unless something holds."""
        if not holds:
            self.violations.append(what)

    @property
    def is_met(self) -> bool:
        return not self.violations


@dataclass
class Run:
    """One run of one experiment: its size, its chance, and where it writes."""

    seed: int
    scale: float
    folder: Path
    outcome: Outcome

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)  # noqa: S311 - chance, not a secret

    def count(self, full: int, least: int = 1) -> int:
        """Return how many of something this size of the experiment has."""
        return max(least, round(full * self.scale))

    @asynccontextmanager
    async def stage(
        self,
        visitors: int = VISITORS,
        agents: int = AGENTS,
        *,
        has_links: bool = False,
        padding: int = 40,
    ) -> AsyncIterator[Stage]:
        """Set the stage; what was written to disk stays where something went wrong."""
        stage = Stage(self.rng, self.folder, visitors, agents, has_links, padding)
        async with stage:
            yield stage
        if self.outcome.is_met:
            stage.remove()

    async def conclude(
        self, stage: Stage, faulted_at: float, *, converge_seconds: float = CONVERGE_SECONDS
    ) -> None:
        """Let the judge look at the clients and the database, and take over what it finds."""
        verdict = await judge(stage, faulted_at=faulted_at, converge_seconds=converge_seconds)
        self.outcome.figures |= verdict.figures
        self.outcome.violations += verdict.violations
        self.outcome.trials["messages"] = verdict.figures["acked"]


@dataclass(frozen=True)
class Experiment:
    """An experiment by its name, with what it is to show."""

    id: str
    title: str
    goal: str
    body: Callable[[Run], Awaitable[None]]

    async def run(self, seed: int, scale: float, folder: Path) -> Outcome:
        """Run it. Whatever goes wrong is in what comes back."""
        outcome = Outcome(self.id, self.title, self.goal, seed)
        began = time.monotonic()
        try:
            await self.body(Run(seed, scale, folder / f"{self.id}-{seed}", outcome))
        except Exception as error:
            outcome.violations.append("".join(["It broke off: ", *format_exception(error)]))
        outcome.seconds = round(time.monotonic() - began, 1)
        return outcome

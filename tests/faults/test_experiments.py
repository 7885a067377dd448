"""A tenth of every experiment: the tier that runs with every change.

Each has a cluster of its own. ``PARLOUR_FAULT_SEED`` runs a failure again with its choices.
"""

import os
import random
import shutil
import tempfile
from pathlib import Path

import pytest
import uvloop

from tests.faults.registry import EXPERIMENTS

# One after the other: what one does to the machine must not be what another measures.
pytestmark = pytest.mark.xdist_group("faults")

# Of the full size; where a tenth would be next to nothing, the experiments know a least size.
SCALES = {"R1": 0.08, "R2": 0.1, "R6": 0.15, "R11": 0.05, "R12": 0.1, "R15": 0.125}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_nothing_acknowledged_is_lost(name: str) -> None:
    # Not pytest's own folder: that one goes with a later run, and a failure may be rare.
    folder = Path(tempfile.mkdtemp(prefix="parlour-faults-report-"))
    seed = int(os.environ.get("PARLOUR_FAULT_SEED") or random.SystemRandom().randrange(2**31))
    outcome = uvloop.run(EXPERIMENTS[name].run(seed, SCALES.get(name, 0.1), folder))
    assert outcome.violations == [], (
        f"PARLOUR_FAULT_SEED={seed}; books and logs are in {folder}; {outcome.figures}"
    )
    assert outcome.figures["stored"] >= outcome.figures["acked"]
    shutil.rmtree(folder)

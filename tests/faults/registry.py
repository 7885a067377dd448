"""Every experiment, in the order in which a full run does them: the longest last."""

from tests.faults.crashes import (
    crash_at_failpoints,
    freeze_and_thaw,
    kill_at_random,
    lose_postgres,
    lose_valkey,
    reconnect_storm,
    restart_in_turn,
)
from tests.faults.experiment import Experiment
from tests.faults.strains import hold_transactions, poison_links, race, read_slowly

EXPERIMENTS = {
    experiment.id: experiment
    for experiment in (
        Experiment(
            "R1",
            "Processes killed at random",
            "≥ 300 kills, ≥ 150,000 acked: 0 lost, doubled, out of order, gaps",
            kill_at_random,
        ),
        Experiment(
            "R11",
            "Many writers, few conversations",
            "100,000 messages: 0 gaps, doubled, out of order",
            race,
        ),
        Experiment(
            "R3",
            "Valkey killed, and restarted empty",
            "50 times: 0 lost; live again within 10 s",
            lose_valkey,
        ),
        Experiment(
            "R4",
            "PostgreSQL stopped at once",
            "30 times: 0 lost; 503, never 500; live again within 10 s",
            lose_postgres,
        ),
        Experiment(
            "R10",
            "1,000 sockets come back",
            "20 times: all back within 15 s of a gateway's kill",
            reconnect_storm,
        ),
        Experiment(
            "R5",
            "Processes that stand still",
            "20 times, 5 to 20 s: nothing out of order; another relay within 15 s",
            freeze_and_thaw,
        ),
        Experiment(
            "R12",
            "Long transactions before the relay",
            "50,000 events: 0 skipped",
            hold_transactions,
        ),
        Experiment(
            "R7",
            "Slow readers",
            "gateway + < 64 MB; closed within 30 s; the others' p99 doubles at most",
            read_slowly,
        ),
        Experiment(
            "R15",
            "Rolling restarts",
            "0 lost; nobody blind for more than 3 s (p99); no 5xx but 503",
            restart_in_turn,
        ),
        Experiment(
            "R6",
            "Bad networks",
            "6 toxics on 3 links, 10 s each: 0 lost, doubled, out of order, gaps",
            poison_links,
        ),
        Experiment(
            "R2",
            "A crash at every failpoint",
            "20 times each: 0 lost, doubled, out of order, gaps",
            crash_at_failpoints,
        ),
    )
}

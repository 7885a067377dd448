"""Failpoints: named places where a test lets a process die, to see that nothing is lost there.

``PARLOUR_FAILPOINT=before_commit:7`` ends the process, as a crash would, when it comes to that
place for the seventh time. Without ``PARLOUR_TEST=1`` there are none.
"""

import os
from collections import Counter

# Who dies there: the gateway (recv, after_ack, request_after_commit_before_response), whoever
# stores a message, or the worker.
NAMES = (
    "recv",
    "tx_begin",
    "after_seq",
    "before_commit",
    "after_commit_before_ack",
    "after_ack",
    "task_after_effect_before_ack",
    "request_after_commit_before_response",
    "relay_after_sequence_before_commit",
    "relay_after_commit_before_publish",
    "relay_after_publish",
    "subscriber_after_handler_before_commit",
    "subscriber_after_commit",
)
STATUS = 9

_is_test = os.environ.get("PARLOUR_TEST") == "1"
_chosen, _, _times = os.environ.get("PARLOUR_FAILPOINT", "").partition(":")
_reached: Counter[str] = Counter()

if _is_test and _chosen and _chosen not in NAMES:
    raise ValueError(f"There is no failpoint {_chosen}.")


def _reach(name: str) -> None:
    _reached[name] += 1
    if name == _chosen and _reached[name] == int(_times or 1):
        os._exit(STATUS)


def _pass(name: str) -> None:
    pass


reach = _reach if _is_test else _pass

"""Who acts too often is told when to go on, and is forgotten afterwards."""

import pytest
from limits import parse

from parlour.kit import limits
from parlour.kit.errors import RateLimited


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(limits, "time", found)
    return found


def test_one_act_too_many_is_refused_until_the_first_has_left_the_window(clock: Clock) -> None:
    window, rate = limits.MovingWindow(), parse("3/10 second")
    for _ in range(3):
        window.hit(rate, "mia")
        clock.now += 2

    with pytest.raises(RateLimited) as refusal:
        window.hit(rate, "mia")
    assert refusal.value.retry_after == 4
    window.hit(rate, "leo")

    clock.now += 4
    window.hit(rate, "mia")
    with pytest.raises(RateLimited):
        window.hit(rate, "mia")


def test_whoever_has_long_been_silent_is_forgotten(clock: Clock) -> None:
    window, rate = limits.MovingWindow(), parse("3/10 second")
    for number in range(1_000):
        window.hit(rate, str(number))
    clock.now += 11

    for number in range(500):
        window.hit(rate, f"later {number}")

    assert len(window._acts) == 500

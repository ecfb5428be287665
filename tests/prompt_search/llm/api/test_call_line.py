"""How many calls at once, learned from what the server answers."""

import pytest

from prompt_search.llm.api.call_line import AdaptiveLimit


class Clock:
    """Stands still until it is set."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_starts_at_the_most() -> None:
    assert AdaptiveLimit(32).now == 32
    assert AdaptiveLimit(0).now == 1


def test_a_burst_of_refusals_halves_it_once() -> None:
    limit = AdaptiveLimit(32)
    sent_at = limit.halvings
    for _ in range(32):
        limit.throttled(sent_at)
    assert limit.now == 16


def test_refusals_of_calls_sent_later_halve_it_again_down_to_one() -> None:
    limit = AdaptiveLimit(32)
    seen = []
    for _ in range(7):
        limit.throttled(limit.halvings)
        seen.append(limit.now)
    assert seen == [16, 8, 4, 2, 1, 1, 1]


def test_a_round_of_answers_raises_it_by_one() -> None:
    limit = AdaptiveLimit(32)
    limit.throttled(limit.halvings)
    for _ in range(16):
        limit.answered()
    assert limit.now == 16
    limit.answered()
    assert limit.now == 17


def test_it_never_grows_beyond_the_most() -> None:
    limit = AdaptiveLimit(4)
    for _ in range(100):
        limit.answered()
    assert limit.now == 4


def test_the_longest_pause_asked_for_holds() -> None:
    clock = Clock()
    limit = AdaptiveLimit(4, clock)
    assert limit.pause == 0
    limit.hold(5)
    limit.hold(1)
    assert limit.pause == 5
    clock.now += 3
    assert limit.pause == 2
    clock.now += 3
    assert limit.pause == 0


def test_it_tells_for_how_long_no_call_was_completed() -> None:
    clock = Clock()
    limit = AdaptiveLimit(4, clock)
    assert limit.quiet_for(since=90.0) == pytest.approx(10)
    limit.answered()
    clock.now += 4
    assert limit.quiet_for(since=90.0) == pytest.approx(4)
    assert limit.quiet_for(since=103.0) == pytest.approx(1)

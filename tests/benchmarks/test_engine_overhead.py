"""Time is booked on the innermost part that runs, and on the engine where none does."""

from threading import Thread

from benchmarks.engine_overhead import ENGINE, Shares


class Clock:
    """Moves when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_part_within_another_counts_for_itself_only() -> None:
    clock = Clock()
    shares = Shares(clock)
    clock.now += 1
    with shares.part("images"):
        clock.now += 2
        with shares.part("imports"):
            clock.now += 4
        clock.now += 8
    clock.now += 16
    shares.settle()
    assert shares.seconds == {ENGINE: 17, "images": 10, "imports": 4}


def test_a_part_that_raises_is_left() -> None:
    clock = Clock()
    shares = Shares(clock)

    def fail() -> None:
        clock.now += 3
        raise KeyError

    try:
        shares.timing("model", fail)()
    except KeyError:
        clock.now += 5
    shares.settle()
    assert shares.seconds == {ENGINE: 5, "model": 3}


def test_other_threads_book_nothing() -> None:
    clock = Clock()
    shares = Shares(clock)
    thread = Thread(target=shares.timing("model", lambda: setattr(clock, "now", 7.0)))
    thread.start()
    thread.join()
    shares.settle()
    assert shares.seconds == {ENGINE: 7}

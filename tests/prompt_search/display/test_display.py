"""Something moves by itself, on a terminal, in a pipe and in a notebook. The clock is the test's own."""

import io
import logging
import threading
from typing import Any

import pytest
from rich.console import Console

from prompt_search.display.display import Display
from prompt_search.display.lines import Lines, Ticker
from prompt_search.display.live import LiveTotals, panel
from prompt_search.display.notebook import NotebookTotals, totals_html
from prompt_search.display.totals import Totals
from prompt_search.run.progress import Silent, Status, showing


class Clock:
    """Goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Counting:
    """A view that counts what happens to it."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def start(self) -> None:
        self.calls.append("start")

    def stop(self) -> None:
        self.calls.append("stop")

    def moved(self, *, new_phase: bool) -> None:
        self.calls.append("new phase" if new_phase else "moved")

    def note(self, text: str) -> None:
        self.calls.append(text)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def lines(clock: Clock, *, quiet: bool = False) -> tuple[Lines, Totals, io.StringIO]:
    said = io.StringIO()
    totals = Totals(clock)
    return Lines(Console(file=said, width=50, highlight=False), totals, quiet=quiet), totals, said


def beats(view: Lines, clock: Clock, seconds: int) -> None:
    """A look every second, as the ticker does."""
    for _ in range(seconds):
        clock.now += 1
        view.beat()


def test_a_pipe_has_a_line_at_least_every_ten_seconds_whatever_the_program_does(clock: Clock) -> None:
    view, totals, said = lines(clock)
    totals.take(Status(phase="loading models"))
    view.moved(new_phase=True)
    beats(view, clock, 60)
    times = [float(line[1:8]) for line in said.getvalue().splitlines()]
    assert times[0] == 0
    assert all(later - earlier <= 10 for earlier, later in zip(times, [*times[1:], 60.0], strict=True))
    assert len(times) <= 8


def test_a_line_tells_how_far_it_is_and_is_not_broken(clock: Clock) -> None:
    view, totals, said = lines(clock)
    totals.take(Status(phase="encoding images", done=0, total=2320))
    beats(view, clock, 8)
    assert said.getvalue() == ""
    totals.status.done = 1160
    beats(view, clock, 2)
    assert said.getvalue() == "[   9.0 s] encoding images: 1160 of 2320, 129/s, 9 s left\n"


def test_what_was_said_otherwise_puts_the_next_line_off(clock: Clock) -> None:
    view, _, said = lines(clock)
    beats(view, clock, 8)
    view.note("warning: a picture is broken")
    beats(view, clock, 8)
    assert said.getvalue() == "warning: a picture is broken\n"


def test_a_search_is_told_with_its_best_and_its_calls(clock: Clock) -> None:
    totals = Totals(clock)
    totals.take(
        Status(phase="cupl", best_fitness=0.25, best_top1=0.5, candidates=3, llm_calls=4, llm_planned=20, cache_hits=1)
    )
    assert totals.line().startswith(
        "cupl: best fitness 0.2500 (top-1 50.0 % on search); candidates 3; LLM calls 4 of 20"
    )
    assert totals.share() == 0.2
    totals.status.held_until = clock.now + 432
    assert "; waiting for the server; tokens" in totals.line()


def test_quiet_lines_say_notes_and_waits_only(clock: Clock) -> None:
    view, totals, said = lines(clock, quiet=True)
    view.moved(new_phase=True)
    beats(view, clock, 30)
    assert said.getvalue() == ""
    totals.status.held_until = clock.now + 432
    view.moved(new_phase=False)
    view.moved(new_phase=False)
    assert said.getvalue().count("left alone for 7 min 12 s") == 1


def drawn(clock: Clock, status: Status, width: int) -> list[str]:
    totals = Totals(clock)
    totals.take(status)
    clock.now += 7
    console = Console(file=io.StringIO(), width=width, highlight=False)
    with console.capture() as captured:
        console.print(panel(totals, "*"))
    return [line.rstrip() for line in captured.get().splitlines()]


@pytest.mark.parametrize("width", [80, 50, 20])
def test_the_terminal_shows_the_phase_the_clock_and_a_bar_at_any_width(clock: Clock, width: int) -> None:
    shown = drawn(clock, Status(phase="encoding images", done=70, total=140), width)
    assert max(map(len, shown)) <= width
    text = " ".join(" ".join(shown).split())
    assert "* encoding images 7 s" in text or width == 20
    assert any(set(line.strip()) <= set("━╸╺ ") and "━" in line for line in shown)
    if width > 20:
        assert "70 of 140, 10/s, 7 s left" in text


def test_loading_has_a_bar_and_the_clock_goes_on_without_news(clock: Clock) -> None:
    status = Status(phase="loading models")
    first, later = drawn(clock, status, 50), drawn(clock, status, 50)
    assert any("━" in line for line in first)
    totals = Totals(clock)
    seconds = []
    for _ in range(2):
        clock.now += 5
        seconds.append(totals.seconds())
    assert seconds == [5, 10]
    assert len(first) == len(later)


def test_the_terminal_is_refreshed_by_a_thread_of_its_own(clock: Clock) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=50)
    view = LiveTotals(console, Totals(clock))
    view.start()
    try:
        assert view.is_refreshing
        view.note("note: a\tword " * 8)
    finally:
        view.stop()
    assert not view.is_refreshing
    view.start()  # as after a question
    view.stop()


def test_a_ticker_beats_by_itself_until_it_is_stopped() -> None:
    beaten = threading.Semaphore(0)
    ticker = Ticker(beaten.release, seconds=0.001)
    ticker.start()
    assert all(beaten.acquire(timeout=60) for _ in range(3))
    ticker.stop()


def test_a_notebook_shows_totals_and_notes_escaped(clock: Clock) -> None:
    totals = Totals(clock)
    totals.take(Status(phase="<script>", done=1, total=4))
    clock.now += 2
    page = totals_html(totals, ["note: <img src=x>"], ended=False)
    assert "<script>" not in page
    assert "<img" not in page
    assert '<progress style="width:20em" value="0.2500">' in page
    assert "1 of 4, 0/s, 6 s left" in page


def test_a_notebook_writes_over_one_output_and_ends_without_a_bar(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []

    class Handle:
        def update(self, page: Any) -> None:
            shown.append(page.data)

    import IPython.display

    monkeypatch.setattr(IPython.display, "display", lambda page, display_id: Handle())
    view = NotebookTotals(Totals(clock))
    view.start()
    view.note("note: a class has one image")
    view.stop()
    view.draw()  # a beat that came late
    assert "<progress" in shown[0]
    assert all("<progress" not in page and "one image" in page for page in shown[1:])
    assert len(shown) == 3


def test_a_display_within_a_display_begins_and_ends_once(clock: Clock) -> None:
    view = Counting()
    display = Display(clock=clock, view=view)
    with display, showing(display):
        display.update(Status(phase="reading"))
        display.update(Status(phase="reading", done=1))
        display.warn("two files \x1b[2J are empty")
        logging.getLogger("prompt_search.somewhere").warning("slow")
    logging.getLogger("prompt_search.somewhere").warning("too late")
    shown = ["start", "new phase", "moved", "note: two files \\x1b[2J are empty", "warning: slow", "stop"]
    assert view.calls == shown


def test_quiet_shows_warnings_only(clock: Clock) -> None:
    view = Counting()
    with Display(quiet=True, clock=clock, view=view) as display:
        display.warn("read as templates")
        display.warn("warning: few images")
        assert display.confirm("Go on?")
    assert view.calls == ["start", "warning: few images", "stop"]


def test_an_observer_without_a_beginning_is_just_told() -> None:
    silent = Silent()
    with showing(silent):
        silent.warn("told")
    assert silent.warnings == ["told"]

"""A run that is killed or interrupted, at whatever moment, and started again by the same command: same bytes."""

import json
import os
import shutil
import signal
import sqlite3
import threading
from collections import Counter
from pathlib import Path

import pytest

from optimizers import STRATEGIES
from prompt_search.run.journal.differences import compare_runs
from tests.fakes.killed_program import ASKED, KEPT, PROCESS, SMALL, Ended, Ending, Program, Surroundings, run_of
from tests.fakes.openai_server import Behaviour, Exchange, OpenAIServer, Received, completion
from tests.prompt_search.conftest import COLOURS, paint

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")

FIVE = COLOURS | {"yellow_sun": (240, 220, 30), "grey_mouse": (120, 120, 120)}
MORE: dict[str, tuple[str, ...]] = {
    "cupl": ("--base-to-new", "--start", "mine.txt"),
    "greedy-tokens": ("--certificate",),
    "ipo": ("--captions", "3"),
}
"""What some of them are run with, so that every kind of event is among the moments."""
OF_ONE_START = {".lock", "run.json", "journal.jsonl", "ledger.jsonl"}
"""Files that tell when and where a start was; of the journal all but the times is compared."""
SAMPLE = 19
"""Where not all moments are tried, each of this many."""


class Trial:
    """A run that went through, and others of the same command that are ended on their way."""

    def __init__(self, place: Path, strategy: str) -> None:
        self.place, self.arguments = place, run_of(strategy, *MORE.get(strategy, ()))
        self.whole = self.program("whole")
        self.ended = self.whole.start()
        assert self.ended.code == 0, self.ended.said

    def program(self, name: str) -> Program:
        place = self.place / name
        place.mkdir()
        paint(place / "images", 6, FIVE)
        (place / "mine.txt").write_text("my own {}\n")
        return Program(place, *self.arguments)

    def wrong_after(self, ending: Ending, code: int, said: str = "") -> list[str]:
        """What is not as it should be with a run that ends so and is started again."""
        program = self.program(f"ended-{ending.moment}")
        ended, begun = program.start(ending), len(program.log())
        again = program.start()
        wrong = self._wrong(program, ended, code, said) + self._wrong(program, again, 0, "")
        kept = {sample for what, sample in program.log()[:begun] if what == KEPT}
        if twice := [sample for what, sample in program.log()[begun:] if what == ASKED and sample in kept]:
            wrong.append(f"{len(twice)} replies were asked for again")
        if again.code == 0:
            wrong += self._different(program)
        shutil.rmtree(program.place)
        name = self.ended.moments[ending.moment]
        return [f"{name} (moment {ending.moment}): {each}" for each in wrong]

    def _wrong(self, program: Program, ended: Ended, code: int, said: str) -> list[str]:
        wrong = [] if ended.code == code else [f"exit code {ended.code}, not {code}: {ended.said[-400:]}"]
        if "Traceback" in ended.said or said not in ended.said:
            wrong.append(f"it said {ended.said[-400:]}")
        return wrong

    def _different(self, program: Program) -> list[str]:
        one, other = self.whole.place / "out", program.place / "out"
        different = compare_runs(one, other)
        here, there = ({path.name for path in folder.iterdir()} for folder in (one, other))
        compared = sorted((here & there) - OF_ONE_START)
        different += [name for name in compared if (one / name).read_bytes() != (other / name).read_bytes()]
        return different + [f"{name} is only in one of the folders" for name in sorted(here ^ there)]


@pytest.fixture(scope="module")
def trials() -> dict[str, Trial]:
    return {}


@pytest.fixture
def trial(request: pytest.FixtureRequest, trials: dict[str, Trial], tmp_path_factory: pytest.TempPathFactory) -> Trial:
    name: str = request.param
    if name not in trials:
        trials[name] = Trial(tmp_path_factory.mktemp(name), name)
    return trials[name]


each_strategy = pytest.mark.parametrize("trial", SMALL, indirect=True)
one_strategy = pytest.mark.parametrize("trial", ["hill-climb"], indirect=True)


def test_no_strategy_is_left_out() -> None:
    assert SMALL.keys() == STRATEGIES.keys()


@one_strategy
def test_a_run_killed_at_a_moment_ends_in_the_same_bytes(trial: Trial) -> None:
    moments = range(0, len(trial.ended.moments), SAMPLE)
    assert [wrong for moment in moments for wrong in trial.wrong_after(Ending(moment), -signal.SIGKILL)] == []


@pytest.mark.heavy
@each_strategy
def test_a_run_killed_at_any_moment_ends_in_the_same_bytes(trial: Trial) -> None:
    moments = range(len(trial.ended.moments))
    assert [wrong for moment in moments for wrong in trial.wrong_after(Ending(moment), -signal.SIGKILL)] == []


SIGNALS = {
    "SIGINT": (signal.SIGINT,),
    "SIGINT twice": (signal.SIGINT, signal.SIGINT),
    "SIGTERM": (signal.SIGTERM,),
    "SIGTERM twice": (signal.SIGTERM, signal.SIGTERM),
}
INTERRUPTED = 4


def wrong_after_signals(trial: Trial, which: str, moments: range) -> list[str]:
    signals = SIGNALS[which]
    said = "" if len(signals) > 1 else "same command again"
    return [wrong for moment in moments for wrong in trial.wrong_after(Ending(moment, signals), INTERRUPTED, said)]


@one_strategy
@pytest.mark.parametrize("which", ["SIGINT", "SIGTERM twice"])
def test_a_run_interrupted_at_a_moment_ends_in_the_same_bytes(trial: Trial, which: str) -> None:
    moments = range(SAMPLE // 2, len(trial.ended.moments), 2 * SAMPLE)
    assert wrong_after_signals(trial, which, moments) == []


@pytest.mark.heavy
@each_strategy
@pytest.mark.parametrize("which", SIGNALS)
def test_a_run_interrupted_at_any_moment_ends_in_the_same_bytes(trial: Trial, which: str) -> None:
    assert wrong_after_signals(trial, which, range(0, len(trial.ended.moments), SAMPLE)) == []


@pytest.mark.parametrize("trial", ["greedy-tokens"], indirect=True)
def test_what_a_certificate_asks_is_counted_as_that_whether_it_is_asked_now_or_was_before(trial: Trial) -> None:
    phases = json.loads((trial.whole.place / "out" / "prompts.json").read_text())["result"]["cost"]["phases"]
    assert [each["phase"] for each in phases] == ["greedy-tokens", "certificate"]
    priced = trial.ended.moments.index("before event searched placebos")
    assert trial.wrong_after(Ending(priced, (signal.SIGINT,)), INTERRUPTED, "same command again") == []


class Deadly:
    """A server's script: good answers, and with the third that is sent to a process it is killed."""

    def __init__(self) -> None:
        self.program: Program | None = None
        self._sent: Counter[str] = Counter()
        self._counting = threading.Lock()

    def __call__(self, received: Received) -> Behaviour:
        def behave(exchange: Exchange) -> None:
            exchange.send(200, completion(f"It is small and plain in {received.body['seed']} ways."))
            with self._counting:
                self._sent[received.headers[PROCESS]] += 1
                if self._sent[received.headers[PROCESS]] == 3 and self.program:
                    self.program.kill(int(received.headers[PROCESS]))

        return behave


def test_every_start_gains_though_it_is_killed_right_after_the_third_reply_was_sent(tmp_path: Path) -> None:
    """Of 8 questions put together the first is put, and its reply kept, before the others go out."""
    paint(tmp_path / "images", per_class=6)
    deadly = Deadly()
    with OpenAIServer(deadly) as server:
        program = deadly.program = Program(tmp_path, *run_of("cupl", "--base-url", server.url))
        patient = Surroundings(head_start=600.0)
        kept = [0]
        while (ended := program.start(surroundings=patient)).code == -signal.SIGKILL:
            kept.append(replies_in(tmp_path / "cache" / "completions.sqlite"))
            assert kept[-1] > kept[-2]
    assert ended.code == 0, ended.said
    assert len(kept) > 2


def replies_in(cache: Path) -> int:
    connection = sqlite3.connect(cache)
    (count,) = connection.execute("SELECT count(*) FROM replies").fetchone()
    connection.close()
    return int(count)

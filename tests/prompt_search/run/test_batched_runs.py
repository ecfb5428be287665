"""Whole runs whose questions go into a provider's batch: ended at any time, they go on with the same batch."""

import json
import os
import re
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file

from prompt_search.run.journal.differences import compare_runs
from tests.fakes.batch_server import BatchServer
from tests.fakes.killed_program import Program, run_of
from tests.prompt_search.conftest import paint

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")

Answer = tuple[int, bytes, dict[str, str]]
INTERRUPTED, BAD_INPUT = 4, 2
SINGLE, MANY = ("--set", "samples=1"), ("--set", "samples=4")


def say(body: dict[str, Any]) -> str:
    return f"It is small and plain in {body['seed'] % 1000} ways."


def program(place: Path, url: str, *more: str, strategy: str = "cupl") -> Program:
    place.mkdir()
    paint(place / "images", per_class=6)
    return Program(place, *run_of(strategy, "--base-url", url, *more))


def handed_over(folder: Path) -> tuple[str, bytes]:
    """The prompt file without the address of the server, and the classifier's numbers."""
    prompts = re.sub(r"127\.0\.0\.1:\d+", "SERVER", (folder / "prompts.json").read_text())
    return prompts, load_file(folder / "classifier.safetensors")["weight"].tobytes()


class Ending:
    """Sends a signal to the program when it asks for something for the first time."""

    def __init__(self, method: str, path: str, which: signal.Signals) -> None:
        self.program: Program | None = None
        self.sent = 0
        self._method, self._path, self._which = method, path, which

    def __call__(self, method: str, path: str) -> Answer | None:
        if self.program and not self.sent and method == self._method and path.startswith(f"/v1{self._path}"):
            self.sent += 1
            process = self.program.process
            assert process is not None
            os.kill(process, self._which)
        return None


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, BatchServer]]:
    """A batched run that went through."""
    place = tmp_path_factory.mktemp("batched") / "whole"
    with BatchServer(say) as server:
        ended = program(place, server.url, *MANY, "--batch").start()
        assert ended.code == 0, ended.said
        yield place / "out", server


def test_a_batched_run_comes_to_what_single_questions_come_to(whole: tuple[Path, BatchServer], tmp_path: Path) -> None:
    folder, server = whole
    assert (len(server.jobs), len(server.single)) == (1, 1)
    assert len(server.jobs[0].requests) > 15
    with BatchServer(say) as other:
        ended = program(tmp_path / "single", other.url, *MANY).start()
        assert ended.code == 0, ended.said
    assert not other.jobs
    assert Counter(other.asked()) == Counter(server.asked())
    assert handed_over(tmp_path / "single" / "out") == handed_over(folder)


@pytest.mark.parametrize(
    ("method", "path", "which", "code"),
    [
        ("POST", "/files", signal.SIGKILL, -signal.SIGKILL),
        ("POST", "/batches", signal.SIGKILL, -signal.SIGKILL),
        ("GET", "/batches/", signal.SIGKILL, -signal.SIGKILL),
        ("GET", "/files/", signal.SIGKILL, -signal.SIGKILL),
        ("GET", "/batches/", signal.SIGINT, INTERRUPTED),
    ],
)
def test_a_run_that_is_ended_goes_on_with_the_same_batch(
    whole: tuple[Path, BatchServer], tmp_path: Path, method: str, path: str, which: signal.Signals, code: int
) -> None:
    ending = Ending(method, path, which)
    with BatchServer(say, before=ending) as server:
        ending.program = program(tmp_path / "ended", server.url, *MANY, "--batch")
        ended = ending.program.start()
        assert (ended.code, ending.sent) == (code, 1), ended.said
        if which is signal.SIGINT:
            assert "goes on at the provider: give the same command again" in " ".join(ended.said.split())
        again = ending.program.start()
        assert again.code == 0, again.said
        assert len(server.jobs) == 1
        assert max(Counter(server.asked()).values()) == 1
    assert handed_over(tmp_path / "ended" / "out") == handed_over(whole[0])


def test_a_batch_that_is_out_is_fetched_by_a_start_without_batches(
    whole: tuple[Path, BatchServer], tmp_path: Path
) -> None:
    ending = Ending("GET", "/batches/", signal.SIGKILL)
    with BatchServer(say, before=ending) as server:
        ending.program = program(tmp_path / "ended", server.url, *MANY, "--batch")
        assert ending.program.start().code == -signal.SIGKILL
        plain = Program(tmp_path / "ended", *run_of("cupl", "--base-url", server.url, *MANY))
        again = plain.start()
        assert again.code == 0, again.said
        assert (len(server.jobs), len(server.single)) == (1, 1)
    assert handed_over(tmp_path / "ended" / "out") == handed_over(whole[0])


def test_a_batched_run_is_replayed_without_a_server(whole: tuple[Path, BatchServer]) -> None:
    folder, server = whole
    asked = len(server.headers)
    replayed = Program(folder.parent, "replay", "out", "--out", "again").start()
    assert replayed.code == 0, replayed.said
    assert not compare_runs(folder, folder.parent / "again")
    assert len(server.headers) == asked


def test_the_ledger_of_a_batched_run_is_settled(whole: tuple[Path, BatchServer]) -> None:
    lines = [json.loads(line) for line in (whole[0] / "ledger.jsonl").read_text().splitlines()]
    reserved, released, used = (
        sum(line.get(kind, [0])[0] for line in lines) for kind in ("reserved", "released", "used")
    )
    assert reserved == released > 0
    assert used == 10 * (1 + len(whole[1].jobs[0].requests))


def test_few_questions_are_sent_singly(tmp_path: Path) -> None:
    with BatchServer(say) as server:
        ended = program(tmp_path / "few", server.url, *SINGLE, "--batch").start()
    assert ended.code == 0, ended.said
    assert (server.jobs, len(server.single) > 1) == ([], True)


@pytest.mark.parametrize(
    ("strategy", "more", "said"),
    [
        ("hill-climb", ["--base-url", "http://127.0.0.1:9/v1"], "each question is made of the answers before it"),
        ("cupl", ["--llm", "local"], "batch needs a server with OpenAI's batch API"),
    ],
)
def test_where_batches_are_of_no_use_the_run_is_refused_at_once(
    tmp_path: Path, strategy: str, more: list[str], said: str
) -> None:
    paint(tmp_path / "images", per_class=6)
    ended = Program(tmp_path, *run_of(strategy, *more, "--batch")).start()
    assert ended.code == BAD_INPUT
    assert said in " ".join(ended.said.split())
    assert not (tmp_path / "out" / "journal.jsonl").exists()


def test_a_plan_says_how_batches_will_be_used(tmp_path: Path) -> None:
    planned = program(tmp_path / "planned", "http://127.0.0.1:9/v1", *MANY, "--batch", "--dry-run")
    ended = planned.start()
    assert ended.code == 0, ended.said
    told = " ".join(((tmp_path / "planned" / "stdout.txt").read_text() + ended.said).split())
    assert "16 questions or more put together by cupl go to the provider as a batch" in told

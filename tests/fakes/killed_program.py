"""The program in a process of its own, in a small world, ended by a signal at a chosen moment.

Each process is forked from one that has everything imported (`multiprocessing`'s fork server), so it begins at once.
Language model and image-text model are fakes; everything between command line and files is the program's own.
"""

import ctypes
import datetime
import json
import multiprocessing
import os
import random
import re
import resource
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from pathlib import Path
from typing import Any

import prompt_search.llm.choose
import prompt_search.models
from evaluators.heads import linear_probe
from optimizers import Ability, Reply, Sample
from prompt_search.cli.main import main
from prompt_search.llm.api.batch_server import BatchPatience
from prompt_search.llm.api.openai_compatible import OpenAICompatible
from prompt_search.llm.api.sample_call import Patience
from prompt_search.llm.completion_cache import CompletionCache
from prompt_search.report import page
from prompt_search.run.journal.event_lines import as_line
from prompt_search.run.journal.events import Event
from prompt_search.run.journal.journal import JOURNAL, Journal
from prompt_search.run.money.ledger import Ledger
from tests.fakes.pixel_model import PixelModel

__all__ = [
    "ASKED",
    "KEPT",
    "PROCESS",
    "SMALL",
    "Ended",
    "Ending",
    "Program",
    "Surroundings",
    "run_of",
    "said_by_the_model",
]

ASKED, KEPT = "asked", "kept"
"""What the language model writes down: a sample it was asked for, and one whose reply was taken from it."""
PROCESS = "openai-organization"
"""The header that tells a server which process a call is from."""
LOG = "model.jsonl"
SPOKEN = "stderr.txt"
MOMENTS = "moments.jsonl"
SMALL: dict[str, tuple[str, ...]] = {
    "auto": ("samples=1", "calls=1"),
    "cupl": ("samples=1",),
    "ensemble-selection": ("samples=1", "rounds=1", "pairs=1", "listed=3"),
    "fudd": ("k=2", "max_pairs=2"),
    "greedy-tokens": ("length=1", "tokens=4"),
    "glov": ("steps=1", "samples=2"),
    "hill-climb": ("iterations=2", "pool=4"),
    "ipo": ("steps=1", "samples=2"),
    "proapo": ("generations=1", "group_generations=1", "samples=2", "groups=1"),
    "reflect": ("steps=1", "parents=1", "mistakes=1", "classes=1"),
}
WORDS = ("small", "bright", "dark", "plain", "wide", "old", "tall", "near")


@dataclass(frozen=True)
class Ending:
    """What ends the program.

    Attributes:
        moment: the number of it, counted from 0, in the order in which a run comes to them.
        signals: sent there, and at each moment after it one more.
    """

    moment: int
    signals: tuple[signal.Signals, ...] = (signal.SIGKILL,)


@dataclass(frozen=True)
class Surroundings:
    """What is odd about the process.

    Attributes:
        clock: seconds by which the clock of the day is wrong.
        largest_file: bytes; a write beyond fails, as on a full disk.
        ruled_by_rights: the superuser is held to the rights of files and folders like everybody else.
        head_start: see `Patience`.
    """

    clock: float = 0.0
    largest_file: int | None = None
    ruled_by_rights: bool = False
    head_start: float = Patience().head_start


@dataclass(frozen=True)
class Ended:
    """What a process left: exit code (a signal's number below 0), standard error, and the moments it came to."""

    code: int
    said: str
    moments: list[str]


class Program:
    """Runs `prompt-search` in a folder.

    Args:
        place: the working folder.
        arguments: of the program; with a `--base-url` the language model is what is there.
    """

    def __init__(self, place: Path, *arguments: str) -> None:
        self.place, self.arguments = place, arguments
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.fakes.warm_start"])

    def start(self, ending: Ending | None = None, surroundings: Surroundings = Surroundings()) -> Ended:
        """The command, to its end."""
        self._forget()
        process = self._process = self._context.Process(
            target=_run, args=(self.place, self.arguments, ending, surroundings)
        )
        process.start()
        process.join()
        assert process.exitcode is not None
        return self._left(process.exitcode)

    def start_cold(self, **environment: str) -> Ended:
        """The command in a process that shares nothing with this one, in another environment."""
        self._forget()
        command = [sys.executable, "-m", __name__, str(self.place), *self.arguments]
        return self._left(subprocess.run(command, env=os.environ | environment).returncode)

    def _forget(self) -> None:
        for name in (SPOKEN, MOMENTS):
            (self.place / name).unlink(missing_ok=True)

    def _left(self, code: int) -> Ended:
        moments = self.place / MOMENTS
        return Ended(
            code, (self.place / SPOKEN).read_text(), moments.read_text().splitlines() if moments.exists() else []
        )

    @property
    def process(self) -> int | None:
        """The number of the process that `start` waits for."""
        return self._process.pid

    def kill(self, process: int) -> None:
        """End the process that `start` waits for, if it is this one."""
        if self._process.pid == process:
            self._process.kill()

    def log(self) -> list[tuple[str, str]]:
        """What the language model wrote down, over all starts."""
        path = self.place / LOG
        return [tuple(json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []


def run_of(strategy: str, *more: str) -> tuple[str, ...]:
    """The arguments of a small run of a strategy, in the folder `out`."""
    settings = [part for setting in SMALL[strategy] for part in ("--set", setting)]
    few = ("--shots", "2", "--select-shots", "2", "--llm", "scripted/model", "--yes")
    return ("run", "images", "--out", "out", "--strategy", strategy, *settings, *few, *more)


def said_by_the_model(sample: Sample) -> str:
    """Tokens or templates in tags where they are wanted, else sentences; a function of the sample alone."""
    rng = random.Random(sample.key)
    question, stated = sample.request.messages[-1].content, sample.request.likelihood
    if stated is not None:
        told = re.findall(r"\s*\S+", stated.text) or [f" {word}" for word in WORDS[: stated.top]]
        return json.dumps([(token, -1.0 - place) for place, token in enumerate(told)])
    if "Templates that were tried" in question:
        return f"<INS>a {rng.choice(WORDS)} view of a {{}}.</INS>"
    if "{}" in question:
        return "\n".join(f"a {rng.choice(WORDS)} and {rng.choice(WORDS)} picture of a {{}}." for _ in range(3))
    return "\n".join(f"It is {rng.choice(WORDS)} and {rng.choice(WORDS)} in the sun." for _ in range(3))


class _Model:
    """Writes down what it is asked and what was taken from it."""

    name = "scripted"
    identity = "scripted@nowhere"
    abilities: frozenset[Ability] = frozenset({"vision", "likelihood"})

    def __init__(self, place: Path, come_to: Callable[[str], None]) -> None:
        self._place, self._come_to = place, come_to

    def complete(self, samples: Sequence[Sample], on_reply: Callable[[int, Reply], None]) -> None:
        """See `LanguageModel.complete`."""
        for index, sample in enumerate(samples):
            self._write(ASKED, sample)
            self._come_to("request: asked")
            text = said_by_the_model(sample)
            on_reply(index, Reply(text, prompt_tokens=10, completion_tokens=len(text.split())))
            self._write(KEPT, sample)
            self._come_to("request: answered")

    def _write(self, what: str, sample: Sample) -> None:
        _append(self._place / LOG, json.dumps([what, sample.key]))


class _Moments:
    """Counts them, and sends signals to this process where it shall end."""

    def __init__(self, place: Path, ending: Ending | None) -> None:
        self._place, self._ending = place, ending
        self._number = 0

    def come_to(self, name: str) -> None:
        """Another moment."""
        _append(self._place / MOMENTS, name)
        past = self._number - self._ending.moment if self._ending else -1
        self._number += 1
        if self._ending is not None and 0 <= past < len(self._ending.signals):
            os.kill(os.getpid(), self._ending.signals[past])

    def around(self, owner: Any, name: str, told: Callable[..., str]) -> None:
        """Moments before and after every call of a function."""
        function = getattr(owner, name)

        @wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:
            what = told(*arguments)
            self.come_to(f"before {what}")
            result = function(*arguments, **named)
            self.come_to(f"after {what}")
            return result

        setattr(owner, name, call)

    def in_half_a_line(self) -> None:
        """Moments at which half a line of the journal is on disk."""
        write = Journal._write

        def in_two_parts(journal: Journal, key: str, event: Event) -> None:
            path, line = journal.folder / JOURNAL, as_line(key, event, "")
            path.touch()
            whole = path.stat().st_size
            with path.open("ab") as file:
                file.write(line[: len(line) // 2])
            self.come_to(f"half of event {event.kind}")
            os.truncate(path, whole)
            write(journal, key, event)

        Journal._write = in_two_parts  # type: ignore[method-assign, assignment]


def _run(place: Path, arguments: Sequence[str], ending: Ending | None, surroundings: Surroundings) -> None:
    """In a process of its own."""
    os.chdir(place)
    os.environ["PROMPT_SEARCH_CACHE"] = str(place / "cache")
    os.environ["OPENAI_ORG_ID"] = str(os.getpid())
    for name, stream in (("stdout.txt", sys.stdout), (SPOKEN, sys.stderr)):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream.fileno())
    moments = _Moments(place, ending)
    _surround(surroundings)
    prompt_search.models.load_model = lambda name, **_: PixelModel()
    # They take most of the time, and are not what is looked at.
    linear_probe.PENALTIES, linear_probe.FITS = (0.01,), 2
    vars(page)["has_matplotlib"] = lambda: False
    if "--base-url" not in arguments:
        prompt_search.llm.choose.language_model = lambda *_, **__: _Model(place, moments.come_to)
    moments.in_half_a_line()
    moments.around(Journal, "_write", lambda journal, key, event: f"event {event.kind}")
    moments.around(os, "replace", lambda source, target: f"rename to {Path(target).name}")
    moments.around(os, "rename", lambda source, target: f"rename to {Path(target).name}")
    moments.around(CompletionCache, "put", lambda *_: "reply into the cache")
    moments.around(Ledger, "_write", lambda ledger, entry: f"ledger {' '.join(entry)}")
    sys.argv = ["prompt-search", *arguments]
    main()


def _surround(surroundings: Surroundings) -> None:
    often = BatchPatience(first=0.1, longest=0.1)
    patient = partial(OpenAICompatible, patience=Patience(head_start=surroundings.head_start), batch_patience=often)
    vars(prompt_search.llm.choose)["OpenAICompatible"] = patient
    if surroundings.clock:
        _set_clock(surroundings.clock)
    if surroundings.largest_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (surroundings.largest_file, surroundings.largest_file))
    if surroundings.ruled_by_rights and os.geteuid() == 0:
        _give_up_capabilities()


def _set_clock(seconds: float) -> None:
    """For all that asks for the time of day."""
    now = time.time
    time.time = lambda: now() + seconds

    class Shifted(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> "Shifted":
            return cls.fromtimestamp(time.time(), tz)

    datetime.datetime = Shifted  # type: ignore[misc]
    CompletionCache.__init__.__defaults__ = (time.time,)


def _give_up_capabilities() -> None:
    """Linux: see capabilities(7)."""
    libc = ctypes.CDLL(None, use_errno=True)
    header, nothing = struct.pack("=Ii", 0x20080522, 0), bytes(24)
    if libc.capset(header, nothing) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def _append(path: Path, line: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(handle, line.encode() + b"\n")
    os.close(handle)


if __name__ == "__main__":
    _run(Path(sys.argv[1]), sys.argv[2:], None, Surroundings())

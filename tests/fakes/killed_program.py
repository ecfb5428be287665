"""The program in a process of its own, in a small world, ended by a signal at a chosen moment.

Each process is forked from one that has everything imported (`multiprocessing`'s fork server), so it begins at once.
Language model and image-text model are fakes; everything between command line and files is the program's own.
"""

import json
import multiprocessing
import os
import random
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from pathlib import Path
from typing import Any

import prompt_search.llm.choose
import prompt_search.models
from optimizers import Ability, Reply, Sample
from prompt_search.cli.main import main
from prompt_search.llm.api.openai_compatible import OpenAICompatible
from prompt_search.llm.api.sample_call import Patience
from prompt_search.llm.completion_cache import CompletionCache
from prompt_search.run.journal import event_lines
from prompt_search.run.journal import journal as journal_module
from prompt_search.run.journal.events import Event
from prompt_search.run.journal.journal import Journal
from prompt_search.run.money.ledger import Ledger
from tests.fakes.pixel_model import PixelModel

__all__ = ["ASKED", "KEPT", "PROCESS", "Ended", "Ending", "Program", "said_by_the_model"]

ASKED, KEPT = "asked", "kept"
"""What the language model writes down: a sample it was asked for, and one whose reply was taken from it."""
PROCESS = "openai-organization"
"""The header that tells a server which process a call is from."""
LOG = "model.jsonl"
SPOKEN = "stderr.txt"
MOMENTS = "moments.jsonl"
IMPORTED = (
    "datasets",
    "evaluators.heads",
    "httpx",
    "jinja2",
    "open_clip.tokenizer",
    "openai.resources.chat",
    "pillow_heif",
    "prompt_search.cli.display",
    "prompt_search.cli.plan_table",
    "prompt_search.cli.result_table",
    "prompt_search.data.load",
    "prompt_search.report.page",
    "prompt_search.run.engine",
    "prompt_search.run.outcome.outputs",
    "prompt_search.run.plan.early_checks",
    "prompt_search.run.run",
    "pytest",
    "rich.progress",
)
"""What a run imports when it comes to it, and a process by the way."""
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
class Ended:
    """What a process left: exit code (a signal's number below 0), standard error, and the moments it came to."""

    code: int
    said: str
    moments: list[str]


class Program:
    """Runs `prompt-search run` in a folder.

    Args:
        place: the working folder, with pictures in `images`.
        options: of the command, behind the images' folder; with a `--base-url` the language model is what is there.
        patient: whether the first of several calls may take its time before the others go out.
    """

    def __init__(self, place: Path, *options: str, patient: bool = False) -> None:
        self.place, self.options, self._patient = place, options, patient
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([__name__, *IMPORTED])

    def start(self, ending: Ending | None = None) -> Ended:
        """The command, to its end."""
        for name in (SPOKEN, MOMENTS):
            (self.place / name).unlink(missing_ok=True)
        process = self._process = self._context.Process(
            target=_run, args=(self.place, self.options, ending, self._patient)
        )
        process.start()
        process.join()
        assert process.exitcode is not None
        moments = self.place / MOMENTS
        return Ended(
            process.exitcode,
            (self.place / SPOKEN).read_text(),
            moments.read_text().splitlines() if moments.exists() else [],
        )

    def kill(self, process: int) -> None:
        """End the process that `start` waits for, if it is this one."""
        if self._process.pid == process:
            self._process.kill()

    def log(self) -> list[tuple[str, str]]:
        """What the language model wrote down, over all starts."""
        path = self.place / LOG
        return [tuple(json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []


def said_by_the_model(sample: Sample) -> str:
    """Templates in tags where they are wanted, else sentences; a function of the sample alone."""
    rng = random.Random(sample.key)
    question = sample.request.messages[-1].content
    if "<INS>" in question:
        return f"<INS>a {rng.choice(WORDS)} view of a {{}}.</INS>"
    if "{}" in question:
        return "\n".join(f"a {rng.choice(WORDS)} and {rng.choice(WORDS)} picture of a {{}}." for _ in range(3))
    return "\n".join(f"It is {rng.choice(WORDS)} and {rng.choice(WORDS)} in the sun." for _ in range(3))


class _Model:
    """Writes down what it is asked and what was taken from it."""

    name = "scripted"
    identity = "scripted@nowhere"
    abilities: frozenset[Ability] = frozenset({"vision"})

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
        as_line = event_lines.as_line

        def watched(key: str, event: Event, time: str) -> bytes:
            line = as_line(key, event, time)
            path = self._place / "out" / "journal.jsonl"
            whole = path.stat().st_size
            with path.open("ab") as file:
                file.write(line[: len(line) // 2])
            self.come_to(f"half of event {event.kind}")
            os.truncate(path, whole)
            return line

        vars(journal_module)["as_line"] = watched


def _run(place: Path, options: Sequence[str], ending: Ending | None, patient: bool) -> None:
    """In the process that is forked."""
    os.chdir(place)
    os.environ["PROMPT_SEARCH_CACHE"] = str(place / "cache")
    for name, stream in (("stdout.txt", sys.stdout), (SPOKEN, sys.stderr)):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream.fileno())
    moments = _Moments(place, ending)
    prompt_search.models.load_model = lambda name, **_: PixelModel()
    os.environ["OPENAI_ORG_ID"] = str(os.getpid())
    if patient:
        vars(prompt_search.llm.choose)["OpenAICompatible"] = partial(
            OpenAICompatible, patience=Patience(head_start=600.0)
        )
    if "--base-url" not in options:
        prompt_search.llm.choose.language_model = lambda *_, **__: _Model(place, moments.come_to)
    moments.around(Journal, "_write", lambda journal, key, event: f"event {event.kind}")
    moments.in_half_a_line()
    moments.around(os, "replace", lambda source, target: f"rename to {Path(target).name}")
    moments.around(os, "rename", lambda source, target: f"rename to {Path(target).name}")
    moments.around(CompletionCache, "put", lambda *_: "reply into the cache")
    moments.around(Ledger, "_write", lambda ledger, entry: f"ledger {' '.join(entry)}")
    sys.argv = ["prompt-search", "run", "images", "--out", "out", "--llm", "scripted/model", "--yes", *options]
    main()


def _append(path: Path, line: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(handle, line.encode() + b"\n")
    os.close(handle)

"""How the cost of a run grows with the number of classes: whole ProAPO runs in a fake world, each in its own process.

The world has images and texts whose features are drawn from hashes, and a language model that answers at once, so what
is measured is the strategy, the scoring, the journal and the files. Memory is the peak, with imports. Then the same
command is given again in another process: it replays the journal, as a resumed run does up to where it goes on.

And how the time to score a prompt set grows with the number of images.
"""

import hashlib
import json
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np

from benchmarks.measure import Figure
from evaluators import ClassLabel, Evaluator, LabeledImages, PromptSet, TextEncoder
from evaluators.models.image_text_model import FloatArray

__all__ = ["carry_out", "measure"]

SHOTS, WIDTH = 16, 64
MOST_SECONDS, MOST_GB, MOST_JOURNAL_MB = 600.0, 2.0, 50.0
"""At 1,000 classes; the first is five minutes of two cores."""


@dataclass
class FakeModel:
    """A text's features: its class's direction, which the first word of the text tells, and noise from its hash."""

    width: int = WIDTH
    name: str = "fake"
    fingerprint: str = "fa4e"
    preprocessing: str = "none"
    context_length: int = 77
    logit_scale: float = 20.0

    def token_keys(self, texts: Sequence[str]) -> list[bytes]:
        """The texts themselves."""
        return [text.encode() for text in texts]

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Words."""
        return [len(text.split()) + 2 for text in texts]

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """[len(texts), WIDTH]."""
        digests = b"".join(hashlib.shake_128(text.encode()).digest(2 * WIDTH) for text in texts)
        noise = (np.frombuffer(digests, dtype="<u2").reshape(len(texts), WIDTH) / 2**15 - 1).astype(np.float32)
        directions = np.stack([_direction(_class_in(text)) for text in texts])
        return _unit(directions + np.float32(0.6) * noise)

    def encode_images(self, images: object) -> FloatArray:
        """Never asked: the images come as features."""
        raise NotImplementedError


def _class_in(text: str) -> int:
    return next((int(word.strip(".,:")[3:]) for word in text.split() if word.startswith("qzx")), 0)


def _direction(number: int) -> FloatArray:
    row: FloatArray = _unit(np.random.default_rng(number).standard_normal((1, WIDTH), dtype=np.float32))[0]
    return row


def _unit(rows: FloatArray) -> FloatArray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def _images(classes: int, split: int) -> LabeledImages:
    labels = np.repeat(np.arange(classes, dtype=np.int64), SHOTS)
    noise = np.random.default_rng([split, classes]).standard_normal((len(labels), WIDTH), dtype=np.float32)
    features = _unit(np.stack([_direction(int(label)) for label in labels]) + np.float32(0.17) * noise)
    ids = tuple(f"c{i:04}" for i in range(classes))
    return LabeledImages(features, labels, ids, tuple(f"{split}/{i}" for i in range(len(labels))))


def _answer(messages: list[dict[str, str]]) -> str:
    digest = hashlib.sha256(messages[-1]["content"].encode()).hexdigest()
    marks = [digest[i : i + 6] for i in range(0, 30, 6)]
    described = "sentence" in messages[-1]["content"]
    return "\n".join(f"It has the mark {mark} on its side." if described else f"the marked {mark}" for mark in marks)


def carry_out(classes: int, folder: Path, called: str = "fake") -> Path:
    """One ProAPO run in the fake world, its model called so; the run's folder, which is inside of `folder`."""
    from prompt_search.data.load import DataSplits
    from prompt_search.data.report import DataReport
    from prompt_search.run import inputs
    from prompt_search.run.config import RunConfig
    from prompt_search.run.progress import Silent
    from prompt_search.run.resources import Resources
    from prompt_search.run.run import Run

    search, select, test = (_images(classes, number) for number in range(3))
    labels = tuple(ClassLabel(f"c{i:04}", f"qzx{i}") for i in range(classes))
    report = DataReport(classes, {"search": len(search), "select": len(select), "test": len(test)})
    data = DataSplits(labels, search, select, test, report, f"fake {classes}")
    (folder / "data").mkdir(parents=True, exist_ok=True)
    with patch.object(inputs, "load_data", lambda *_, **__: data):
        config = RunConfig.of(str(folder / "data"), strategies=("proapo",), description="Marked things.")
        resources = Resources(cache_dir=folder / "cache", observer=Silent())
        Run(config, folder / "run", resources=resources, model=FakeModel(name=called), llm=_answer).execute()
    return folder / "run"


def run(classes: int, folder: Path) -> None:
    """One ProAPO run, or what is left of it; prints its cost, bytes of the journal, events, candidates."""
    started = time.perf_counter()
    journal = carry_out(classes, folder) / "journal.jsonl"
    wall = time.perf_counter() - started
    usage = resource.getrusage(resource.RUSAGE_SELF)
    with journal.open() as lines:
        events = list(map(json.loads, lines))
    candidates = sum(len(event["candidates"]) for event in events if event["event"] == "score")
    found = {
        "processor": usage.ru_utime + usage.ru_stime,
        "wall": wall,
        "peak": usage.ru_maxrss * 1024,
        "journal": journal.stat().st_size,
        "events": len(events),
        "candidates": candidates,
    }
    print(json.dumps(found))


SIZES = (10, 100, 1000)


IMAGES = (160, 1_600, 16_000, 50_000)
"""Of the splits that prompt sets are scored on"""
SETS, COLUMNS = 8, 100
"""which are so many at once, of so many classes."""


def measure(device: str) -> list[Figure]:
    """Per number of classes the processor seconds, the peak of memory, the journal, and the exponents of growth."""
    figures: list[Figure] = []
    per_candidate = {}
    for classes in SIZES:
        with TemporaryDirectory() as folder:
            first, again = (_in_a_process(classes, Path(folder)) for _ in range(2))
        per_candidate[classes] = first["processor"] / first["candidates"]
        figures += _of_a_run(classes, first, again)
    figures.append(_exponent("growth: exponent", "processor time a candidate", per_candidate, "C"))
    per_set = {images: _seconds_a_set(images, device) for images in IMAGES}
    what = f"to score a prompt set of {COLUMNS} classes, D = {WIDTH}, {SETS} sets at once"
    figures += [Figure(f"growth: scoring, N = {n:,}", what, 1000 * each, "ms") for n, each in per_set.items()]
    return [*figures, _exponent("growth: exponent of scoring", what, per_set, "N")]


def _of_a_run(classes: int, first: Mapping[str, float], again: Mapping[str, float]) -> list[Figure]:
    what = f"a ProAPO run, {classes} classes, {SHOTS} + {SHOTS} images a class, {first['candidates']:.0f} candidates"
    limits = (MOST_SECONDS, MOST_GB, MOST_JOURNAL_MB) if classes == 1000 else (None, None, None)
    replayed = f"the same command again, {again['events']:.0f} events, {again['candidates']:.0f} candidates"
    return [
        Figure(f"growth: processor, C = {classes}", what, first["processor"], "s", limits[0], _clock(first)),
        Figure(f"growth: memory, C = {classes}", what, first["peak"] / 1e9, "GB", limits[1]),
        Figure(f"growth: journal, C = {classes}", what, first["journal"] / 1e6, "MB", limits[2]),
        Figure(f"growth: replayed, C = {classes}", replayed, again["processor"], "s", None, _clock(again)),
        Figure(f"growth: memory replayed, C = {classes}", replayed, again["peak"] / 1e9, "GB"),
    ]


def _clock(found: Mapping[str, float]) -> str:
    candidates, events = (found[name] / found["wall"] for name in ("candidates", "events"))
    return f"{found['wall']:.0f} s by the clock, {candidates:.0f} candidates and {events:.1f} events a second"


def _exponent(name: str, what: str, costs: Mapping[int, float], of: str) -> Figure:
    """The slope of a line through the logarithms."""
    sizes, seconds = np.log(list(costs)), np.log(list(costs.values()))
    slope = float(np.polyfit(sizes, seconds, 1)[0])
    return Figure(name, f"{what}, {of} = {min(costs):,} to {max(costs):,}", slope, f"of {of}")


def _seconds_a_set(images: int, device: str) -> float:
    """The least of three times, the texts' features known."""
    labels = np.arange(images, dtype=np.int64) * COLUMNS // images
    noise = np.random.default_rng(images).standard_normal((images, WIDTH), dtype=np.float32)
    classes = tuple(ClassLabel(f"c{i:04}", f"qzx{i}") for i in range(COLUMNS))
    x = _unit(np.stack([_direction(int(label)) for label in labels]) + np.float32(0.17) * noise)
    split = LabeledImages(x, labels, tuple(label.id for label in classes), tuple(map(str, range(images))))
    sets = [PromptSet.of(classes, [f"the {i} marked {{}}"]) for i in range(SETS)]
    seconds = []
    with TemporaryDirectory() as folder:
        texts = TextEncoder(FakeModel(), Path(folder))
        for _ in range(3):
            evaluator = Evaluator(split, texts, devices=[device])
            began = time.perf_counter()
            evaluator.score(sets)
            seconds.append(time.perf_counter() - began)
    return min(seconds) / SETS


def _in_a_process(classes: int, folder: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.growth", str(classes), str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    run(int(sys.argv[1]), Path(sys.argv[2]))

"""Run folders as a run leaves them, of any number of classes, without a model: all figures are drawn."""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pyarrow as pa
from PIL import Image
from pyarrow import parquet

from evaluators import PHOTO_TEMPLATE, ClassLabel, PromptSet, Score
from prompt_search.prompt_files.prompts_json import PromptFile, write_prompts_json
from prompt_search.report.predictions import PREDICTIONS
from prompt_search.report.result import NO_WORDS, PROBE, RANDOM_WORDS, Cost, PhaseCost, ReplyCounts, Result, Role, Row
from prompt_search.report.statistics import PairedCounts
from prompt_search.run.config import RunConfig
from prompt_search.run.journal.events import (
    Asked,
    Facts,
    PhaseBegun,
    Question,
    Replied,
    ScoredCandidates,
    ScoredOnSelect,
    SealedRead,
    TextsWeighed,
)
from prompt_search.run.journal.journal import Journal
from prompt_search.run.journal.recorded_texts import RecordedTexts
from prompt_search.run.money.budget import Budget

__all__ = ["MODEL", "record_run"]

MODEL = {"name": "mini-clip", "precision": "fp32", "fingerprint": "f1", "width": 8, "logit_scale": 34.81}
PLAIN = ("names only", f'"{PHOTO_TEMPLATE}"', "80 general templates")
ROWS: tuple[tuple[str, Role], ...] = (
    (PLAIN[1], "baseline"),
    (NO_WORDS, "placebo"),
    (RANDOM_WORDS, "placebo"),
    (PROBE, "adapter"),
)
PER_CLASS = 4
"""Test images."""


def record_run(
    folder: Path,
    names: Sequence[str],
    *,
    until: Literal["begun", "searched", "finished"] = "finished",
    candidates: int = 40,
    texts: int = 6,
    said: str = "It has a bushy tail.",
    images: bool = True,
) -> Path:
    """Write the folder of a run with classes of these names; returns it.

    Args:
        until: how far the run got.
        texts: of each class in the winner.
        said: what the language model answers, a reply for each text of a class.
        images: whether the pictures are there.
    """
    rng = random.Random(len(names))
    classes = tuple(ClassLabel(f"c{number:04}", name) for number, name in enumerate(names))
    data = folder.parent / f"{folder.name}-images"
    config = RunConfig.of(str(data), description="Small pictures.")
    folder.mkdir(parents=True)
    content = {"arguments": config.to_json(), "budget": Budget().to_json()}
    (folder / "run.json").write_text(json.dumps(content))
    found = PromptSet.of(classes, [], {label.id: _texts(label.name, said, texts) for label in classes})
    recorded = RecordedTexts(classes)
    with Journal(folder) as journal:
        journal.event(Facts, "", lambda: _facts(classes))
        _score(
            journal,
            recorded,
            classes,
            [PromptSet.of(classes, [each]) for each in ("{}", PHOTO_TEMPLATE, "a bad {}")],
            rng,
        )
        if until == "begun":
            return folder
        for number, phase in enumerate(("cupl", "hill-climb")):
            journal.event(PhaseBegun, str(number), lambda phase=phase: PhaseBegun(name=phase))  # type: ignore[misc]
            journal.event(Asked, phase, lambda: _asked([said, "Nothing."]))
            _score(
                journal,
                recorded,
                classes,
                [PromptSet.of(classes, [f"{phase} {i} {{}}"]) for i in range(candidates // 2)],
                rng,
            )
        winning = _score(journal, recorded, classes, [found], rng)
        write_prompts_json(folder / "best_so_far.json", PromptFile(found, MODEL, _provenance(), {"proven": False}))
        if until == "searched":
            return folder
        _finish(journal, found, winning, rng)
    if images:
        _paint(data, classes)
    _predict(folder, classes, rng)
    return folder


def _finish(journal: Journal, found: PromptSet, winning: Score, rng: random.Random) -> None:
    classes, n = len(found.classes), len(found.classes) * PER_CLASS
    select = _drawn(classes, n, rng)
    journal.event(ScoredOnSelect, found.fingerprint[:8], lambda: ScoredOnSelect(scores=(select,)))
    worth = tuple(tuple((round(rng.gauss(0.001, 0.002), 6), rng.randrange(-1, 3)) for _ in own) for own in found.texts)
    journal.event(TextsWeighed, found.fingerprint, lambda: TextsWeighed(templates=(), texts=worth))
    scores = tuple(_drawn(classes, n, rng) for _ in range(1 + len(ROWS)))
    counts = [PairedCounts(n, n // 4, n // (4 + i)) for i in range(len(ROWS))]
    sealed = SealedRead(
        read=1,
        scores=scores,
        heads=(PROBE,),
        only_winner=tuple(each.only_first for each in counts),
        only_other=tuple(each.only_second for each in counts),
        calibration=(0.12, 0.03),
    )
    journal.event(SealedRead, found.fingerprint, lambda: sealed)
    winner = Row("winner (hill-climb)", "winner", found, winning, select, scores[0], None)
    plain = PromptSet.of(found.classes, [PHOTO_TEMPLATE])
    rows = [winner]
    for (name, role), score, paired in zip(ROWS, scores[1:], counts, strict=True):
        rows.append(Row(name, role, plain, None if role != "baseline" else select, None, score, paired))
    cost = Cost((PhaseCost("cupl", 2, 200, 40, 0.0025), PhaseCost("hill-climb", 2, 300, 50, 0.0035)))
    notes = ("10 classes: <b>none</b> of them is skipped",)
    result = Result(
        winner, tuple(rows), "hill-climb", None, 1, cost, ReplyCounts(usable=4), notes, journal.folder, selected=True
    )
    write_prompts_json(result.prompts_file, PromptFile(found, MODEL, _provenance(), result.to_json()))


def _texts(name: str, said: str, texts: int) -> list[str]:
    return [f"a photo of a {name}. {said}", *(f"{name} number {i}" for i in range(1, texts))]


def _provenance() -> dict[str, object]:
    return {
        "data": {"name": "pictures", "fingerprint": "d1", "sizes": {"search": 8, "select": 8, "test": 8}},
        "shots": None,
        "select_shots": None,
        "seed": 0,
        "strategies": [["cupl", {"samples": 2}], ["hill-climb", {}]],
        "language_model": "scripted@sha256:00",
    }


def _facts(classes: Sequence[ClassLabel]) -> Facts:
    identity = {
        "data": "d1",
        "model": ["mini-clip", "fp32", "f1"],
        "language model": "scripted",
        "strategies": [["cupl", {}]],
        "captions": 0,
        "fitness": "top1-fitted-ce",
    }
    return Facts(
        identity=identity,
        classes=tuple(classes),
        new_classes=(),
        sizes={"search": len(classes), "select": len(classes), "test": len(classes) * PER_CLASS},
        labels=tuple(range(len(classes))),
        baselines={},
        start=(),
        notes=("pictures were read",),
    )


def _asked(replies: Sequence[str]) -> Asked:
    question = Question(
        messages=({"role": "user", "content": "Describe it."},), temperature=1.0, top_p=1.0, max_tokens=50,
        json_schema=None, times=len(replies),
    )  # fmt: skip
    answered = tuple(
        Replied(text=text, finish="stop", prompt_tokens=9, completion_tokens=5, error=None, form=None, shortened=False)
        for text in replies
    )
    return Asked(
        refused=0, reached=None, limit=None, needed=None, samples=tuple(map(str, range(len(replies)))),
        requests=(question,), replies=answered, usd=0.0025,
    )  # fmt: skip


def _score(
    journal: Journal,
    recorded: RecordedTexts,
    classes: Sequence[ClassLabel],
    candidates: Sequence[PromptSet],
    rng: random.Random,
) -> Score:
    """Record candidates with drawn scores; that of the last."""
    scores = tuple(_drawn(len(classes), len(classes), rng) for _ in candidates)
    made = recorded.record(candidates, scores)
    recorded.learn(made)
    journal.event(ScoredCandidates, candidates[0].fingerprint, lambda: made)
    return scores[-1]


def _drawn(classes: int, n: int, rng: random.Random) -> Score:
    """A score on n images, as many of every class; a third of them is taken for the next class or another."""
    each, wrong = n // classes, dict[tuple[int, int], int]()
    for label in range(classes):
        for _ in range(sum(rng.random() < 0.35 for _ in range(each)) if classes > 1 else 0):
            other = (label + rng.randrange(1, min(classes, 4))) % classes if classes > 2 else 1 - label
            wrong[label, other] = wrong.get((label, other), 0) + 1
    misses = [sum(wrong.get((label, other), 0) for other in range(classes)) for label in range(classes)]
    recall = tuple(round(1 - missed / each, 6) for missed in misses)
    loss = round(rng.uniform(0.4, 0.9), 6)
    confusions = tuple(sorted(((a, b, k) for (a, b), k in wrong.items()), key=lambda row: (-row[2], row)))
    return Score(
        n, round(1 - sum(misses) / n, 6), 1.0 if classes > 5 else None, loss, loss, 30.0, 0.1, 0.5, 1.0, 0.2, recall,
        (loss,) * classes, confusions,
    )  # fmt: skip


def _paint(data: Path, classes: Sequence[ClassLabel]) -> None:
    for number, label in enumerate(classes):
        (data / label.id).mkdir(parents=True)
        Image.new("RGB", (40, 30), (number * 37 % 256, number * 91 % 256, 120)).save(data / label.id / "0.png")


def _predict(folder: Path, classes: Sequence[ClassLabel], rng: random.Random) -> None:
    ids = [label.id for label in classes]
    table = {
        "image": [f"{each}/0.png" for each in ids],
        "split": ["test"] * len(ids),
        "label": ids,
        "winner": [each if rng.random() < 0.6 else rng.choice(ids) for each in ids],
        "baseline": [each if rng.random() < 0.4 else rng.choice(ids) for each in ids],
    }
    parquet.write_table(pa.table(table), folder / PREDICTIONS)

"""Ten thousand edits: a score is that of a fresh evaluator, in any order, in any company, in another process."""

import hashlib
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from evaluators import Evaluator, LabeledImages, PromptSet, Score, TextEncoder
from tests.fakes.hashed_model import HashedModel, random_unit_rows

CLASSES = [f"c{i}" for i in range(7)]
POOL = {c: [f"{c} described in way {j}" for j in range(12)] for c in CLASSES}
EDITS = 10_000


def evaluator(folder: Path, memory_limit: int = 2**26) -> Evaluator:
    images = random_unit_rows(90, 32)
    split = LabeledImages(images, np.arange(90) % len(CLASSES), tuple(CLASSES), tuple(map(str, range(90))))
    return Evaluator(split, TextEncoder(HashedModel(), folder), memory_limit)


def edited(edits: int, seed: int) -> Iterator[PromptSet]:
    """A walk: each set differs from the one before in the texts of one class, which may come back to older ones."""
    rng = random.Random(seed)
    texts = {c: POOL[c][:3] for c in CLASSES}
    for _ in range(edits):
        name = rng.choice(CLASSES)
        texts[name] = rng.sample(POOL[name], rng.randint(1, 4))
        yield PromptSet.of({c: c for c in CLASSES}, texts=texts)


def in_random_company(scorer: Evaluator, sets: list[PromptSet], rng: random.Random) -> list[Score]:
    scores: list[Score] = []
    while len(scores) < len(sets):
        scores += scorer.score(sets[len(scores) : len(scores) + rng.randint(1, 400)])
    return scores


def checksum(folder: Path, seed: int) -> str:
    """Of all scores, each set scored in an order and company that depend on the seed."""
    rng = random.Random(seed)
    sets = list(edited(EDITS, seed=0))
    order = rng.sample(range(EDITS), EDITS)
    scores = dict(zip(order, in_random_company(evaluator(folder), [sets[i] for i in order], rng), strict=True))
    return hashlib.sha256(json.dumps([scores[i].to_json() for i in range(EDITS)]).encode()).hexdigest()


def test_scores_after_ten_thousand_edits_do_not_depend_on_order_company_or_process(tmp_path: Path) -> None:
    here = checksum(tmp_path / "here", seed=1)
    code = (
        f"from pathlib import Path; from {__name__} import checksum; print(checksum(Path({str(tmp_path)!r}, 'x'), 2))"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert other.stdout.strip() == here, other.stderr[-2000:]


def test_an_edited_set_scores_as_with_a_fresh_evaluator_that_sees_it_alone(tmp_path: Path) -> None:
    walk = list(edited(600, seed=3))
    seasoned = evaluator(tmp_path / "seasoned").score(walk)
    for i in range(0, len(walk), 20):
        (alone,) = evaluator(tmp_path / "fresh").score([walk[i]])
        assert alone == seasoned[i]


def test_classes_that_were_forgotten_come_back_the_same(tmp_path: Path) -> None:
    walk = list(edited(60, seed=4))
    forgetful = evaluator(tmp_path, memory_limit=1)
    first, again = forgetful.score(walk), forgetful.score(walk)
    assert first == again
    assert len(forgetful._embeddings._kept) == 1


def test_a_child_costs_the_classes_it_changes(tmp_path: Path) -> None:
    scorer = evaluator(tmp_path)
    parent, child = list(edited(2, seed=5))
    scorer.score([parent])
    before = scorer._texts.encoded
    made: list[int] = []
    real = scorer._embeddings._make
    scorer._embeddings._make = lambda classes: made.append(len(classes)) or real(classes)  # type: ignore[method-assign,func-returns-value]
    scorer.score([child])
    (changed,) = [i for i in range(len(CLASSES)) if child.texts[i] != parent.texts[i]]
    assert made == [1]
    assert scorer._texts.encoded - before == len(set(child.texts[changed]) - set(parent.texts[changed]))

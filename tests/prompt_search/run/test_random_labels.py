"""Where nothing can be found, nothing is found more often than chance allows: whole searches on random labels."""

import random
from math import comb
from pathlib import Path

import numpy as np

from evaluators import DEFAULT_FITNESS, FITNESS_PRESETS, ClassLabel, LabeledImages, TextEncoder
from optimizers import HillClimbing, Optimizer, ProApo, Sample, Task
from prompt_search.report.result import Cost, ReplyCounts, Result
from prompt_search.run.journal.journal import Journal
from prompt_search.run.journal.journaled_search import JournaledSearch
from prompt_search.run.money.budget import Budget
from prompt_search.run.money.ledger import Ledger
from prompt_search.run.money.metered import Clock, MeteredModel
from prompt_search.run.outcome.baselines import plain_baselines
from prompt_search.run.outcome.choice import Contender, choose_winner
from prompt_search.run.outcome.sealed_test import as_finalist, prove
from prompt_search.run.outcome.split_evaluators import SplitEvaluators
from prompt_search.run.progress import Silent
from tests.fakes.hashed_model import HashedModel, random_unit_rows
from tests.fakes.scripted_model import ScriptedModel

SEEDS = 200
LEVEL = 0.025
"""How often the lower end of a 95 % interval is above the truth."""

CLASSES = tuple(ClassLabel(name, name) for name in ("ash", "elm", "oak", "yew"))
FITNESS = FITNESS_PRESETS[DEFAULT_FITNESS]
WORDS = ("small", "bright", "dark", "plain", "wide", "old", "tall", "near")


def images(split: str, seed: int) -> LabeledImages:
    """Forty images of every split whose labels have nothing to do with them."""
    rng = random.Random(f"{split}/{seed}")
    labels = np.array([rng.randrange(len(CLASSES)) for _ in range(40)], dtype=np.int64)
    features = random_unit_rows(40, 32, seed=rng.randrange(2**31))
    return LabeledImages(features, labels, tuple(c.id for c in CLASSES), tuple(f"{split}{i}" for i in range(40)))


def answer(sample: Sample) -> str:
    rng = random.Random(sample.key)
    return f"a {rng.choice(WORDS)} and {rng.choice(WORDS)} picture of a {{}}."


def strategy(seed: int) -> Optimizer:
    """In turn the one that asks and the one that tries hundreds of candidates."""
    if seed % 2:
        return ProApo(generations=2, children=30, samples=4, groups=1, group_generations=1, rounds=1, domain_words=0)
    return HillClimbing(iterations=4, pool=12)


def verdict(seed: int, folder: Path, texts: TextEncoder) -> str:
    """A whole run: search, choice on select, one look at test."""
    evaluators = SplitEvaluators(lambda split: images(split, seed), texts)
    labels = tuple(map(int, images("search", seed).labels))
    task = Task(CLASSES, 40, lambda text: True, labels=labels)
    with Journal(folder) as journal:
        ledger = Ledger(folder / "ledger.jsonl", None)
        search = JournaledSearch(
            task,
            journal=journal,
            evaluators=evaluators,
            model=MeteredModel(ScriptedModel(answer), ledger, Budget(), Clock()),
            fitness=FITNESS,
            seed=seed,
            observer=Silent(),
            on_best=lambda best: None,
        )
        plain = plain_baselines(CLASSES, task.fits)
        entries = search.score(list(plain.values()))
        contenders = [Contender(name, "baseline", entry) for name, entry in zip(plain, entries, strict=True)]
        contenders += [Contender("x", "x", entry) for entry in search.score(list(strategy(seed).run(search))[:8])]
        choice = choose_winner(contenders, {}, evaluators, FITNESS, journal)
        beside = [as_finalist(each) for each in choice.baselines if each is not choice.final]
        rows, reads, *_ = prove(choice.final, beside, dict, lambda: None, evaluators, journal)
    result = Result(rows[0], tuple(rows), choice.final.found_by, None, reads.read, Cost(), ReplyCounts(), (), folder)
    return result.verdict()


def most_by_chance(n: int, p: float, miss: float = 1e-3) -> int:
    """The smallest k with P(Binomial(n, p) > k) <= miss."""
    left = 1.0
    for k in range(n + 1):
        left -= comb(n, k) * p**k * (1 - p) ** (n - k)
        if left <= miss:
            return k
    return n


def test_gains_on_random_labels_are_as_rare_as_chance_has_it(tmp_path: Path) -> None:
    texts = TextEncoder(HashedModel(), tmp_path / "cache")
    verdicts = [verdict(seed, tmp_path / str(seed), texts) for seed in range(SEEDS)]
    gains = sum(said.endswith("a proven gain.") for said in verdicts)
    assert gains <= most_by_chance(SEEDS, LEVEL)
    assert sum("winner against" in said for said in verdicts) > SEEDS / 2  # most runs had something to prove


def test_the_bound_is_the_binomial_one() -> None:
    assert most_by_chance(200, 0.025) == 13
    assert most_by_chance(1, 0.5) == 1

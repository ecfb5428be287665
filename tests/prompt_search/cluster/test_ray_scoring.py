"""Candidates scored by actors of a real Ray cluster of two nodes, while workers and a node of it die."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import prompt_search
from evaluators import ClassLabel, Evaluator, ImageTextModel, LabeledImages, PromptSet, Score, TextEncoder
from optimizers import ProApo
from prompt_search import Resources
from prompt_search.cluster.ray_scoring import RayScoring
from prompt_search.data.load import DataSplits
from prompt_search.data.report import DataReport
from prompt_search.report.result import Result
from prompt_search.run import inputs
from prompt_search.run.journal.differences import compare_runs
from prompt_search.run.progress import Silent, Status
from tests.fakes.hashed_model import HashedModel, random_unit_rows
from tests.fakes.scripted_model import ScriptedModel
from tests.prompt_search.cluster.two_nodes import REAL_RAY, two_nodes
from tests.prompt_search.conftest import plausible

pytestmark = REAL_RAY
IDS = tuple(f"c{i:02}" for i in range(40))


@pytest.fixture
def cluster() -> Iterator[Any]:
    with two_nodes(cpus=2) as made:
        yield made


def images(n: int) -> LabeledImages:
    return LabeledImages(random_unit_rows(n, 32), np.arange(n) % len(IDS), IDS, tuple(map(str, range(n))))


def sets(numbers: Sequence[int]) -> list[PromptSet]:
    """Sets that differ from the first in a class, and every fifth in all."""
    names = {i: f"thing {i}" for i in IDS}
    return [
        PromptSet.of(names, [f"number {number} of {{}}"])
        if number % 5 == 0
        else PromptSet.of(names, ["a {}"], {IDS[number % len(IDS)]: [f"with the mark {number}"]})
        for number in numbers
    ]


def alone(folder: Path, numbers: Sequence[int]) -> list[Score]:
    return Evaluator(images(3000), TextEncoder(HashedModel(), folder / "alone")).score(sets(numbers))


@pytest.mark.usefixtures("cluster")
def test_scores_and_texts_have_the_bits_of_one_process(tmp_path: Path) -> None:
    with RayScoring("ray", HashedModel(), fewest_images=1000) as scoring:
        assert scoring.share_out(images(999)) is None
        evaluator = Evaluator(
            images(3000), TextEncoder(HashedModel(), tmp_path / "there", scoring.encode_texts),
            share_out=scoring.share_out,
        )  # fmt: skip
        assert scoring.actors == []
        assert evaluator.score(sets(range(12))) == alone(tmp_path, range(12))
        assert len(scoring.actors) == 3
        texts = [f"text {number}" for number in range(500)]
        np.testing.assert_array_equal(scoring.encode_texts(texts), HashedModel().encode_texts(texts))


def test_the_share_of_a_worker_that_was_killed_is_done_again(cluster: Any, tmp_path: Path) -> None:
    import ray

    with RayScoring("ray", HashedModel(), fewest_images=1000) as scoring:
        evaluator = Evaluator(images(3000), TextEncoder(HashedModel(), tmp_path / "there"), share_out=scoring.share_out)
        before = evaluator.score(sets(range(6)))
        ray.kill(scoring.actors[0], no_restart=False)
        after = evaluator.score(sets(range(6, 12)))
    assert before + after == alone(tmp_path, range(12))


class Killing(Silent):
    """Kills an actor when so many candidates are scored."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after, self.killed = after, False
        self.scoring: RayScoring | None = None

    def update(self, status: Status) -> None:
        import ray

        if self.scoring and not self.killed and status.candidates >= self.after:
            ray.kill(self.scoring.actors[-1], no_restart=False)
            self.killed = True


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, engine: str = "here", observer: Killing | None = None) -> Result:
    """A run on 1,100 images a split, whose features are given."""
    observer = observer or Killing(10**9)

    def scoring(engine: str, model: ImageTextModel) -> RayScoring:
        assert observer is not None
        observer.scoring = RayScoring(engine, model, fewest_images=1000)
        return observer.scoring

    classes = tuple(ClassLabel(i, f"thing {i}") for i in IDS)
    report = DataReport(len(IDS), dict.fromkeys(("search", "select", "test"), 1100))
    data = DataSplits(classes, images(1100), images(1101), images(1102), report, "given")
    monkeypatch.setattr(inputs, "load_data", lambda *_, **__: data)
    monkeypatch.setattr("prompt_search.run.engine.RayScoring", scoring)
    (folder / "images").mkdir(parents=True)
    return prompt_search.optimize(
        folder / "images",
        model=HashedModel(),
        llm=ScriptedModel(plausible),
        strategy=[ProApo(generations=1, group_generations=1, samples=2, groups=2)],
        out=folder / "run",
        resources=Resources(engine=engine, cache_dir=folder / "cache", observer=observer),
    )


@pytest.mark.usefixtures("cluster")
def test_a_run_in_which_a_worker_dies_comes_to_the_files_of_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = run(tmp_path / "here", monkeypatch)
    observer = Killing(20)
    there = run(tmp_path / "there", monkeypatch, "ray", observer)
    assert observer.killed
    assert compare_runs(here.folder, there.folder) == []
    for name in ("prompts.json", "classifier.safetensors"):
        assert (here.folder / name).read_bytes() == (there.folder / name).read_bytes()


def test_the_shares_of_a_node_that_died_are_done_on_the_others(cluster: Any, tmp_path: Path) -> None:
    with RayScoring("ray", HashedModel(), fewest_images=1000) as scoring:
        evaluator = Evaluator(images(3000), TextEncoder(HashedModel(), tmp_path / "there"), share_out=scoring.share_out)
        before = evaluator.score(sets(range(6)))
        cluster.remove_node(cluster.second, allow_graceful=False)
        after = evaluator.score(sets(range(6, 12)))
    assert before + after == alone(tmp_path, range(12))

"""Runs that FuDD takes part in, and runs that pairwise prompts win."""

import json
import random
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pytest

from evaluators import Candidate, ClassPair, Difference, PairwisePrompts, PromptSet, class_weights
from optimizers import Fudd, Plan, Sample, Search, Task
from prompt_search import Resources
from prompt_search.exports.export import export
from prompt_search.prompt_files.classifier import read_classifier
from prompt_search.prompt_files.prompts_json import read_prompts_json
from prompt_search.report.result import Result
from prompt_search.run.journal.events import Asked, ScoredCandidates, ScoredOnSelect, TopClasses
from prompt_search.run.journal.journal import read_records
from prompt_search.run.money.budget import Budget
from prompt_search.score_file import score
from tests.prompt_search.conftest import World

WORDS = ("red", "green", "blue", "round", "flat", "wide", "dark", "noisy", "leaf", "sky", "ball", "thing")


def told(sample: Sample) -> str:
    """Two differences that depend on the sample alone."""
    rng = random.Random(sample.key)
    captions = [f"{rng.choice(WORDS)} and {rng.choice(WORDS)} all over" for _ in range(4)]
    found = [{"attribute": "look", "first": captions[i], "second": captions[i + 2]} for i in range(2)]
    return json.dumps({"differences": found})


@dataclass(frozen=True)
class RandomPairs:
    """Many random pairwise prompts with one pair left out; the best of them are handed over."""

    tries: int = 150

    def plan(self, task: Task) -> Plan:
        return Plan(llm_calls=0, evaluations=self.tries)

    def run(self, search: Search) -> list[Candidate]:
        scored = search.score([self._draw(search) for _ in range(self.tries)])
        return [entry.candidate for entry in sorted(scored, key=lambda entry: entry.rank_key)[:3]]

    def _draw(self, search: Search) -> PairwisePrompts:
        def caption() -> str:
            return " ".join(search.rng.choices(WORDS, k=3))

        ids = [label.id for label in search.task.classes]
        pairs = [ClassPair(a, b, (Difference("look", caption(), caption()),)) for a, b in combinations(ids, 2)]
        return PairwisePrompts(PromptSet.of(search.task.classes, ["a photo of a {}."]), tuple(pairs[1:]), k=3)


def run_fudd(world: World, out: str, **arguments: object) -> Result:
    return world.run(out, told, [Fudd(k=3)], **arguments)


def test_fudd_asks_for_each_pair_once_and_its_forms_are_scored_on_the_search_and_the_select_split(world: World) -> None:
    result = run_fudd(world, "run")
    events = [record.event for record in read_records(result.folder / "journal.jsonl")]
    asked = [event for event in events if isinstance(event, Asked)]  # the first question of a run goes out alone
    assert sum(len(event.requests) for event in asked) == 3
    (top,) = [event for event in events if isinstance(event, TopClasses)]
    assert len(top.classes) == 9
    candidates = [each for event in events if isinstance(event, ScoredCandidates) for each in event.candidates]
    assert [len(each["pairs"]) for each in candidates if "pairs" in each] == [3]
    (select,) = [event for event in events if isinstance(event, ScoredOnSelect)]
    assert len(select.scores) == 5


def test_a_budget_that_covers_one_pair_still_gives_a_result(world: World) -> None:
    result = run_fudd(world, "run", budget=Budget(max_calls=1))
    assert result.stopped_by is not None
    assert any("2 pairs without a usable text" in note for note in result.notes)


def test_two_runs_write_the_same_bytes(world: World) -> None:
    first, second = run_fudd(world, "a"), run_fudd(world, "b")
    for name in ("prompts.json", "classifier.safetensors"):
        assert (first.folder / name).read_bytes() == (second.folder / name).read_bytes()


@pytest.fixture
def won(world: World) -> Result:
    """A run that pairwise prompts win."""
    result = world.run("won", strategy=[RandomPairs()])
    assert result.pairwise is not None
    return result


def test_a_pairwise_winner_is_kept_whole_and_deployed_compiled(world: World, won: Result) -> None:
    assert won.pairwise is not None
    assert read_prompts_json(won.prompts_file).prompts == won.pairwise
    assert won.prompts == won.pairwise.compiled()
    weights, _, provenance = read_classifier(won.classifier_file)
    assert (weights == class_weights(won.pairwise.compiled(), world.model)).all()
    assert provenance["pairwise"] == "compiled"
    (compiled,) = [row for row in won.rows if row.role == "compiled"]
    assert compiled.candidate == won.prompts
    assert compiled.against_winner is not None
    text = (won.folder / "README.md").read_text()
    assert f"top-1 on the same test images {100 * compiled.test.top1:.1f} %." in " ".join(text.split())
    assert "pairs of classes are told apart" in (won.folder / "report.html").read_text()


def test_placebos_of_a_pairwise_winner_have_as_many_texts_as_its_compiled_form(won: Result) -> None:
    words, shuffled, *searched = [row.candidate for row in won.rows if row.role == "placebo"]
    assert len(searched) == 3
    assert [len(own) for own in words.rendered] == [len(own) for own in won.prompts.rendered]
    assert sorted(shuffled.rendered) == sorted(won.prompts.rendered)


def test_the_share_of_test_images_that_fell_back_is_told(won: Result) -> None:
    assert "100.0 % of the test images needed the template for a pair without texts" in won.notes


def test_the_file_scores_as_the_run_did_and_exports_what_each_form_can_hold(
    world: World, won: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prompt_search.prompt_data.load_prompt_model", lambda *_, **__: world.model)
    scored = score(won.folder, str(world.images), resources=Resources(cache_dir=world.folder / "cache-won"))
    assert scored.same_data
    assert scored.splits["test"] == won.winner.test
    assert scored.splits["test"].top5 is None
    pairs, names, texts = export(won.folder, ["fudd", "cupl"])
    assert (pairs.name, names.name) == ("fudd_prompt_pairs.json", "fudd_class_names.json")
    again = score(
        pairs, str(world.images), resources=Resources(cache_dir=world.folder / "cache-won"), model="mini-clip"
    )
    assert set(again.splits) == {"search", "select", "test"}
    assert json.loads(texts.read_text()) == {
        c.name: list(own) for c, own in zip(won.prompts.classes, won.prompts.rendered, strict=True)
    }


def test_a_pairwise_file_may_be_a_baseline_and_a_start(world: World, won: Result, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_bytes(won.prompts_file.read_bytes())
    result = world.run("next", told, [Fudd(k=3)], baseline=[path], start=[path])
    (own,) = [row for row in result.rows if row.name == "yours: mine.json"] or [result.winner]
    assert own.candidate == won.pairwise or own.candidate == won.prompts
    assert own.search == won.winner.search

"""Who is handed over: the fittest that was found, in its last form, unless a baseline does better on select."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from evaluators import DEFAULT_FITNESS, FITNESS_PRESETS, ClassLabel, PromptSet, Saying, SelectionSettings, TextLibrary
from evaluators.scoring.score import Score
from optimizers import Scored
from prompt_search.run.journal.journal import Journal
from prompt_search.run.outcome import choice
from prompt_search.run.outcome.choice import Choice, Contender, choose_winner
from prompt_search.run.outcome.last_selection import Recipe, Refitted
from prompt_search.run.outcome.split_evaluators import SplitEvaluators

CLASSES = (ClassLabel("a", "cat"), ClassLabel("b", "dog"))
RECIPE = Recipe(TextLibrary(CLASSES, ("{}",), ((Saying("tabby"),), (Saying("poodle"),))), SelectionSettings(hold=3.0))
LAST = PromptSet.of(CLASSES, ["the last form of {}"])


def score(top1: float, cross_entropy: float = 0.5) -> Score:
    return Score(
        n=10, top1=top1, top5=None, cross_entropy=cross_entropy, fitted_cross_entropy=cross_entropy, fitted_scale=1.0,
        margin=0.0, prediction_entropy=0.0, marginal_entropy=0.0, redundancy=0.0, recall=(top1, top1),
        class_cross_entropy=(0.5, 0.5), confusions=(),
    )  # fmt: skip


def choose(
    folder: Path, select: dict[str, Score], last: Score | None = None, monkeypatch: pytest.MonkeyPatch | None = None
) -> Choice:
    """Contenders `photo` and `names` are baselines; `selected` can be selected again, with `last` as its figure."""
    contenders, scores = [], {}
    for order, (name, of_select) in enumerate(select.items()):
        prompts = PromptSet.of(CLASSES, [f"{name} of {{}}"])
        found_by = "baseline" if name in ("photo", "names") else name
        contenders.append(Contender(name, found_by, Scored(prompts, score(0.5), 0.0, order)))
        scores[prompts.fingerprint] = of_select
    recipes = {c.searched.candidate.fingerprint: RECIPE for c in contenders if c.name == "selected"}
    if monkeypatch is not None and last is not None:
        monkeypatch.setattr(choice, "refit", lambda *_: Refitted(LAST, score(0.9), last))

    def of(candidates: Sequence[PromptSet]) -> list[Score]:
        return [scores[candidate.fingerprint] for candidate in candidates]

    evaluators = cast(SplitEvaluators, SimpleNamespace(select=SimpleNamespace(score=of)))
    with Journal(folder) as journal:
        return choose_winner(
            contenders, recipes, evaluators, FITNESS_PRESETS[DEFAULT_FITNESS], journal, again=last is not None
        )


def test_the_fittest_that_was_found_wins(tmp_path: Path) -> None:
    found = choose(tmp_path, {"photo": score(0.5), "ipo": score(0.6), "glov": score(0.7)})
    assert found.final.name == "glov"
    assert found.beaten is None
    assert [each.name for each in found.baselines] == ["photo"]


def test_a_baseline_that_gets_more_right_takes_the_place_of_what_was_found(tmp_path: Path) -> None:
    found = choose(tmp_path, {"photo": score(0.6), "names": score(0.7), "ipo": score(0.65, 0.1)})
    assert found.final.name == "names"
    assert found.beaten is not None
    assert found.beaten.name == "ipo"
    assert found.recipe is None


def test_a_fitter_baseline_takes_the_place_of_what_was_not_selected_again(tmp_path: Path) -> None:
    assert choose(tmp_path, {"photo": score(0.6, 0.4), "ipo": score(0.6, 0.5)}).final.name == "photo"


def test_the_last_form_competes_with_its_figure_of_images_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    select = {"photo": score(0.6, 0.4), "ipo": score(0.65), "selected": score(0.5)}
    found = choose(tmp_path, select, score(0.7), monkeypatch)
    assert found.final.searched.candidate.fingerprint == LAST.fingerprint
    assert found.before is not None
    assert found.before.select == score(0.5)
    assert found.recipe is RECIPE


def test_only_more_images_right_speak_for_a_baseline_against_a_last_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = choose(tmp_path, {"photo": score(0.6, 0.1), "selected": score(0.6)}, score(0.6, 0.9), monkeypatch)
    assert found.final.searched.candidate.fingerprint == LAST.fingerprint


def test_a_baseline_ahead_of_the_last_form_alone_leaves_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = choose(tmp_path, {"photo": score(0.6), "selected": score(0.7)}, score(0.5), monkeypatch)
    assert found.final.name == "selected"
    assert found.before is None
    assert found.recipe is RECIPE
    assert found.beaten is None


def test_a_baseline_ahead_of_both_forms_is_handed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = choose(tmp_path, {"photo": score(0.8), "selected": score(0.7)}, score(0.5), monkeypatch)
    assert found.final.name == "photo"
    assert found.before is None
    assert found.recipe is None


def test_without_anything_found_the_fittest_baseline_is_left(tmp_path: Path) -> None:
    found = choose(tmp_path, {"photo": score(0.6, 0.4), "names": score(0.6, 0.3)})
    assert found.final.name == "names"
    assert found.beaten is None

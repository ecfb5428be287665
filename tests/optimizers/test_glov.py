"""GLOV: what the language model is shown, when it is steered, what is handed over."""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from evaluators import PHOTO_TEMPLATE, PromptSet, Score
from optimizers import SHORTLIST, Glov, Request, Steering, Task
from optimizers.errors import SettingsError
from prompt_search.testing.oracle_world import offered_among_noise, oracle_world
from prompt_search.testing.scripted_search import ScriptedSearch, plain_score


def by_hash(candidate: PromptSet) -> Score:
    return plain_score(random.Random(candidate.fingerprint).randrange(1000) / 1000)


def by_template(scores: dict[str, float]) -> Callable[[PromptSet], Score]:
    """The mean over a candidate's templates; 0.5 for what is not listed."""
    return lambda c: plain_score(sum(scores.get(t, 0.5) for t in c.templates) / len(c.templates))


def numbered() -> Callable[[Request], str]:
    counter: Iterator[int] = iter(range(10**6))
    return lambda _: f"view {next(counter)} of a {{}}."


def ranks(question: str) -> list[list[tuple[int, str, str]]]:
    """The ranked lines of a question: one list per paragraph that has some."""
    found = [re.findall(r"^rank (\d+): (.*) \((\d+\.\d) %\)$", part, re.M) for part in question.split("\n\n")]
    return [[(int(rank), template, figure) for rank, template, figure in lines] for lines in found if lines]


def test_the_first_step_shows_the_initial_template_alone(task: Task) -> None:
    search = ScriptedSearch(task, numbered(), lambda _: plain_score(0.6554))
    Glov(steps=1, samples=2).run(search)
    assert ranks(search.questions[0]) == [[(1, PHOTO_TEMPLATE, "65.5")]]


def test_the_best_and_the_worst_are_shown_ascending_with_rank_and_accuracy(task: Task) -> None:
    search = ScriptedSearch(task, numbered(), by_hash)
    Glov(steps=2, samples=20).run(search)
    scored = {c.templates[0]: by_hash(c).top1 for c in search.scored_alone[:21]}
    ranked = sorted(scored, key=lambda template: -scored[template])
    expected = [(rank, t, f"{100 * scored[t]:.1f}") for rank, t in enumerate(ranked, start=1)]
    best, worst = ranks(search.questions[-1])
    assert best == expected[:5][::-1]
    assert worst == expected[-5:][::-1]


@pytest.mark.parametrize("found", [1, 2, 5, 6, 9, 10, 11])
def test_few_templates_are_never_in_both_lists(task: Task, found: int) -> None:
    replies = [f"view {i} of a {{}}" for i in range(found - 1)] or ["x"]
    search = ScriptedSearch(task, [*replies, ""] if found > 1 else ["a photo of a {}.", ""], by_hash)
    Glov(steps=2, samples=max(found - 1, 1)).run(search)
    lists = ranks(next(q for q in search.questions[max(found - 1, 1) :] if "rank" in q))
    shown = [template for lines in lists for _, template, _ in lines]
    assert len(shown) == len(set(shown)) == min(found, 10)


def test_the_samples_of_a_step_are_equal_requests_with_the_settings(task: Task) -> None:
    search = ScriptedSearch(task, numbered(), by_hash)
    Glov(steps=2, samples=4, temperature=0.4, top_p=0.5, max_tokens=33).run(search)
    assert len(search.requests) == 8
    assert [len(set(search.requests[i : i + 4])) for i in (0, 4)] == [1, 1]
    assert {(r.temperature, r.top_p, r.max_tokens) for r in search.requests} == {(0.4, 0.5, 33)}


def test_defaults_are_those_of_the_paper_but_for_the_steps() -> None:
    assert (Glov().steps, Glov().samples, Glov().k, Glov().temperature, Glov().top_p, Glov().max_tokens) == (
        20, 10, 5, 1.0, 0.9, 50,
    )  # fmt: skip


def test_empty_duplicate_and_placeless_samples_are_dropped(task: Task) -> None:
    replies = ["", "new {}.", "no place", "new {}.", "{} {}", PHOTO_TEMPLATE] + [""] * 20
    search = ScriptedSearch(task, replies)
    Glov(steps=1, samples=6).run(search)
    assert [c.templates for c in search.scored_alone] == [(PHOTO_TEMPLATE,), ("new {}.",)]
    assert search.messages[0] == "glov: 3 of 6 replies held a usable template (asked again: 3)"


def test_the_shortlist_has_ensembles_of_the_best_steps_and_the_best_single_templates(task: Task) -> None:
    # 6 steps of 4; the best template of step s is s/10, and in each step the third is better than the fourth.
    scores = {f"step {s} nr {i} {{}}": s / 10 + 0.01 * i for s in range(6) for i in range(4)}
    replies = list(scores)
    search = ScriptedSearch(task, replies, by_template(scores | {PHOTO_TEMPLATE: 0.0}))
    shortlist = [built.templates for built in Glov(steps=6, samples=4).run(search)]
    ensembles = [templates for templates in shortlist if len(templates) > 1]
    assert ensembles == [tuple(f"step {s} nr {i} {{}}" for i in (3, 2, 1)) for s in (5, 4, 3, 2)]
    single = [templates[0] for templates in shortlist if len(templates) == 1]
    assert single == ["step 5 nr 3 {}", "step 4 nr 2 {}", "step 1 nr 1 {}", PHOTO_TEMPLATE], "different ones"
    assert shortlist[0] == ("step 5 nr 3 {}",)
    assert len(shortlist) == SHORTLIST


def test_without_ensembles_the_shortlist_is_single_templates(task: Task) -> None:
    scored = ScriptedSearch(task, numbered(), lambda c: by_hash(c) if len(c.templates) == 1 else plain_score(0.0))
    shortlist = Glov(steps=12, samples=1).run(scored)
    assert [built.templates for built in shortlist[:1]] == [scored.archive.best(1)[0].candidate.compiled().templates]
    assert {len(built.templates) for built in shortlist} == {1}


def test_an_ensemble_can_win(task: Task) -> None:
    search = ScriptedSearch(task, numbered(), lambda c: plain_score(0.9 if len(c.templates) == 3 else 0.5))
    assert len(Glov(steps=1, samples=5).run(search)[0].templates) == 3


def test_the_first_template_can_win(task: Task) -> None:
    search = ScriptedSearch(task, numbered(), by_template({PHOTO_TEMPLATE: 0.9}))
    assert Glov(steps=2, samples=3).run(search)[0].templates == (PHOTO_TEMPLATE,)
    assert "glov: no proposal was better than the first templates" in search.messages


def test_steering_is_off_until_the_first_strict_improvement_and_follows_each_further_one(task: Task) -> None:
    scores = {PHOTO_TEMPLATE: 0.5, "equal {}": 0.5, "worse {}": 0.1, "better {}": 0.6, "lower {}": 0.55, "best {}": 0.7}
    replies = ["worse {}", "equal {}", "better {}", "lower {}", "best {}", "none"]
    search = ScriptedSearch(task, replies, by_template(scores))
    Glov(steps=6, samples=1, steering=True, alpha=0.5, layer=3).run(search)
    steerings = [request.steering for request in search.requests[:6]]
    assert steerings[:3] == [None, None, None]
    assert steerings[3] == steerings[4] == Steering("better {}", PHOTO_TEMPLATE, 0.5, 3)
    assert steerings[5] == Steering("best {}", "better {}", 0.5, 3)


def test_the_runner_up_is_strictly_worse(task: Task) -> None:
    scores = {PHOTO_TEMPLATE: 0.5, "a {}": 0.9, "b {}": 0.9, "c {}": 0.7}
    search = ScriptedSearch(task, ["a {}", "b {}", "c {}", "d {}", "e {}", "f {}"], by_template(scores))
    Glov(steps=2, samples=3, steering=True).run(search)
    assert search.requests[-1].steering == Steering("a {}", "c {}", 1.0, None)


def test_without_the_setting_nothing_is_steered_and_nothing_needed(task: Task) -> None:
    search = ScriptedSearch(task, numbered(), by_hash)
    Glov(steps=3, samples=2).run(search)
    assert {request.steering for request in search.requests} == {None}
    assert Glov().needs == frozenset()
    assert Glov(steering=True).needs == {"steering"}


def test_confusions_of_the_best_are_told_if_wanted(task: Task) -> None:
    def score(candidate: PromptSet) -> Score:
        return replace(plain_score(0.9), confusions=((0, 1, 10),), recall=(0.8, 1.0, 1.0))

    search = ScriptedSearch(replace(task, feedback="confusions"), numbered(), score)
    Glov(steps=1, samples=1).run(search)
    assert '10 images of "cat" taken for "owl"' in search.questions[0]


@pytest.mark.parametrize("seed", range(3))
def test_it_finds_the_best_template_of_the_oracle(tmp_path: Path, seed: int) -> None:
    world = oracle_world(tmp_path, seed=seed)
    shortlist = Glov().run(world.search(offered_among_noise([world.best], every=31, seed=seed), seed))
    assert shortlist[0].templates == (world.best,)


@pytest.mark.parametrize("settings", [Glov(steps=1, samples=1), Glov(steps=7, samples=3)])
@pytest.mark.parametrize("reply", ["view", "empty"])
def test_the_plan_bounds_what_happens(task: Task, settings: Glov, reply: str) -> None:
    start = PromptSet.of(task.classes, ["my {}", "your {}"])
    search = ScriptedSearch(replace(task, start=(start,)), numbered() if reply == "view" else (), by_hash)
    settings.run(search)
    plan = settings.plan(search.task)
    assert plan.llm_calls == len(search.requests) * (2 if reply == "view" else 1)
    assert plan.evaluations >= len(search.scored_alone)


def test_a_run_is_a_function_of_settings_replies_and_scores(task: Task) -> None:
    runs = []
    for seed in (0, 1):
        search = ScriptedSearch(task, numbered(), by_hash, seed=seed)
        runs.append((Glov(steps=3, samples=4).run(search), list(search.archive), search.requests, search.messages))
    assert runs[0] == runs[1]


@pytest.mark.parametrize("reply", ["", "{", "{} {}", "\ud800", "I'm sorry.", "<b>", "word " * 999])
def test_hostile_replies_leave_the_first_template(task: Task, reply: str) -> None:
    shortlist = Glov(steps=2, samples=2).run(ScriptedSearch(task, lambda _: reply))
    assert [built.templates for built in shortlist] == [(PHOTO_TEMPLATE,)]


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"samples": 0}, {"top_p": 0.0}, {"temperature": 3.0}, {"layer": -2}])
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        Glov(**wrong)  # type: ignore[arg-type]


def test_the_lists_are_in_order_of_the_accuracy_they_show(task: Task) -> None:
    """With the default fitness a lower cross-entropy can outweigh a few images."""

    def score(candidate: PromptSet) -> Score:
        accuracy, loss = {"bold {}": (0.70, 3.0), "mild {}": (0.66, 0.2)}.get(candidate.templates[0], (0.5, 1.0))
        return plain_score(accuracy, cross_entropy=loss)

    search = ScriptedSearch(task, ["bold {}", "mild {}", ""], score)
    Glov(steps=2, samples=2, k=2).run(search)
    question = next(q for q in search.questions if "mild {}" in q and "bold {}" in q)
    assert "rank 2: mild {} (66.0 %)\nrank 1: bold {} (70.0 %)" in question

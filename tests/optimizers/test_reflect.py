"""Reflection: who has children, what the language model is told and asked, and what becomes of its texts."""

from dataclasses import replace
from pathlib import Path

import pytest

from evaluators import PromptSet, Score
from optimizers import Reflect, Reply, Request, Task
from optimizers.archive import Scored
from optimizers.errors import SettingsError
from optimizers.reflect import pareto_front
from prompt_search.testing import ScriptedSearch, check_strategy, oracle_world, plain_score
from prompt_search.testing.oracle_world import ANIMALS

TRAITS = dict(zip(ANIMALS, ["stripe", "whisker", "beak", "wing", "brush", "antler"], strict=True))
VISIBLE = {name: f"{name} {trait}" for name, trait in TRAITS.items()}
QUICK = Reflect(steps=2, parents=2, classes=2)


def knowing(request: Request) -> str:
    """A language model that knows what can be seen, and says it among other things."""
    asked = request.messages[-1].content
    if "have in common" in asked and "Now write" not in asked:
        return "They are all taken for each other because the texts say nothing of their parts."
    name = next(name for name in ANIMALS if f'sentences for "{name}"' in asked)
    return f"A {name} with its {TRAITS[name]} can be seen.\nThere is an umbrella beside it."


def entry(order: int, *recall: float | None) -> Scored:
    candidate = PromptSet.of({f"c{i}": f"c{i}" for i in range(len(recall))}, [f"{order} {{}}"])
    return Scored(candidate, replace(plain_score(0.5, len(recall)), recall=recall), fitness=-order, order=order)


def test_the_front_has_who_is_best_on_some_class_with_the_number_of_its_classes() -> None:
    front = pareto_front([entry(0, 0.9, 0.1, 0.5), entry(1, 0.2, 0.8, 0.5), entry(2, 0.8, 0.7, 0.4)])
    assert [(each.order, wins) for each, wins in front] == [(0, 2), (1, 2)]


def test_who_is_worse_somewhere_and_better_nowhere_is_not_in_the_front() -> None:
    front = pareto_front([entry(0, 1.0, 0.5), entry(1, 1.0, 0.9), entry(2, 1.0, 0.9)])
    assert [each.order for each, _ in front] == [1, 2]


def test_classes_without_images_say_nothing() -> None:
    assert [each.order for each, _ in pareto_front([entry(0, None, 0.5), entry(1, None, 0.6)])] == [1]


@pytest.mark.parametrize("seed", range(3))
def test_it_finds_the_words_that_can_be_seen(tmp_path: Path, seed: int) -> None:
    world = oracle_world(tmp_path, best="{}", visible=VISIBLE, seed=seed)
    search = world.search(knowing, seed)
    found = Reflect().run(search)[0]
    ours, photo = search.score([found, PromptSet.of(found.classes, ["a photo of a {}."])])
    assert ours.fitness > photo.fitness + 0.1
    told = [TRAITS[label.name] in " ".join(own) for label, own in zip(found.classes, found.rendered, strict=True)]
    assert sum(told) >= 4


def test_the_question_tells_the_mistakes_with_counts_and_the_texts_of_both_classes(task: Task) -> None:
    def score(candidate: PromptSet) -> Score:
        return replace(plain_score(0.9), confusions=((0, 1, 10),), recall=(0.8, 1.0, 1.0))

    search = ScriptedSearch(task, lambda request: "They share a shape.", score)
    Reflect(steps=1, parents=1).run(search)
    first, *later = search.requests
    assert '10 images of "cat" taken for "owl"' in first.messages[0].content
    assert 'The texts are:\n- "cat": ' in first.messages[0].content
    assert [message.role for message in later[0].messages] == ["user", "assistant", "user"]
    assert later[0].messages[1].content == "They share a shape."
    assert 'not in one of "owl"' in later[0].messages[2].content


def test_without_a_diagnosis_the_texts_are_asked_for_in_one_turn(task: Task) -> None:
    search = ScriptedSearch(task, lambda request: "", lambda _: replace(plain_score(0.9), confusions=((0, 1, 10),)))
    Reflect(steps=1, parents=1).run(search)
    assert all(message.content for request in search.requests for message in request.messages)


def test_new_texts_come_in_the_place_of_the_old_and_beside_them_and_only_for_the_classes_concerned(task: Task) -> None:
    def score(candidate: PromptSet) -> Score:
        return replace(plain_score(0.9), confusions=((0, 1, 10),), recall=(0.8, 1.0, 1.0))

    search = ScriptedSearch(task, lambda request: "It has soft round ears.", score)
    Reflect(steps=1, parents=1, classes=1).run(search)
    texts = {candidate.rendered[0] for candidate in search.scored}
    written = "a photo of a cat. It has soft round ears."
    assert (written,) in texts
    assert any(own[-1] == written and len(own) > 1 for own in texts)
    plain = {candidate.rendered[1:] for candidate in search.scored[:2]}
    assert {candidate.rendered[1:] for candidate in search.scored} == plain


def test_a_class_never_has_more_texts_than_it_may(tmp_path: Path) -> None:
    world = oracle_world(tmp_path, best="{}", visible=VISIBLE)
    search = world.search(knowing)
    begun = {candidate.rendered[c] for candidate in search.scored for c in range(6)}
    Reflect(most=3).run(search)
    plain = {own for candidate in search.scored[:2] for own in candidate.rendered}
    assert all(len(own) <= 3 for candidate in search.scored for own in candidate.rendered if own not in plain | begun)


def test_no_mistakes_are_no_reason_to_ask(task: Task) -> None:
    search = ScriptedSearch(task, knowing, lambda _: plain_score(1.0))
    assert Reflect().run(search)
    assert search.requests == []
    assert "reflect: the parents make no mistakes on the search images" in search.messages


def test_classes_of_one_name_are_not_asked_about(task: Task) -> None:
    twins = replace(task, classes=tuple(replace(label, name="cat") for label in task.classes))
    search = ScriptedSearch(twins, knowing, lambda _: replace(plain_score(0.9), confusions=((0, 1, 10),)))
    Reflect().run(search)
    assert search.requests == []


@pytest.mark.parametrize("settings", [Reflect(steps=1, parents=1), QUICK, Reflect(mistakes=1, classes=5)])
@pytest.mark.parametrize("usable", [True, False])
def test_the_plan_bounds_what_happens(tmp_path: Path, settings: Reflect, usable: bool) -> None:
    world = oracle_world(tmp_path, best="{}", visible=VISIBLE)
    search = world.search(knowing if usable else ())
    settings.run(search)
    plan = settings.plan(world.task)
    assert len(search.requests) <= plan.llm_calls
    assert len(search.archive) <= plan.evaluations
    if not usable:  # every rewriting is put twice
        assert len(search.requests) > plan.llm_calls // 2


def test_it_keeps_what_a_strategy_promises(tmp_path: Path) -> None:
    def answer(request: Request) -> str:
        return "Its leaves are wide and old.\nIt stands tall near the water."

    check_strategy(QUICK, answer, tmp_path)


@pytest.mark.parametrize("reply", ["", "{", "{} {}", "\ud800", "I'm sorry, I can't.", "{0.__class__}"])
def test_hostile_replies_leave_the_plain_prompts(tmp_path: Path, reply: str) -> None:
    world = oracle_world(tmp_path, best="{}", visible=VISIBLE)
    found = QUICK.run(world.search(lambda _: Reply(reply)))
    plain = world.search()
    QUICK.run(plain)
    assert {own for each in found for texts in each.rendered for own in texts} <= {
        own for each in plain.scored for texts in each.rendered for own in texts
    }


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"mistakes": 0}, {"temperature": 3.0}])
def test_settings_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(SettingsError, match="reflect"):
        Reflect(**wrong)

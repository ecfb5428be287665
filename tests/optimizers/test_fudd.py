"""FuDD: which pairs are asked for, in what order, what is made of the replies, and what is handed over."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators import PHOTO_TEMPLATE, Candidate, ClassLabel, PairwisePrompts, PromptSet
from optimizers import Reply, Request, Task
from optimizers.errors import BudgetReached, SettingsError
from optimizers.fudd import Fudd, meeting_pairs
from prompt_search.testing.oracle_world import oracle_world
from prompt_search.testing.scripted_search import ScriptedSearch

NAMES = ("cat", "dog", "owl", "red fox", "stoat")
CLASSES = tuple(ClassLabel(f"n{i}", name) for i, name in enumerate(NAMES))


class Meeting(ScriptedSearch):
    """A search in which the shortlists of the images are given."""

    shortlists: tuple[tuple[int, ...], ...] = ()
    asked_for: tuple[Candidate, int] | None = None

    def top_classes(self, candidate: Candidate, k: int) -> tuple[tuple[int, ...], ...]:
        self.asked_for = candidate, k
        return tuple(classes[:k] for classes in self.shortlists)


def names_in(request: Request) -> tuple[str, str]:
    first, second = request.messages[0].content.split("An image shows ")[1].split(". In which")[0].split(" or ")
    return first.strip('"'), second.strip('"')


def told(request: Request, *attributes: str) -> str:
    first, second = names_in(request)
    found = [
        {"attribute": a, "first": f"a {first} and its {a}", "second": f"the {a} of a {second}"}
        for a in attributes or ("ears", "tail")
    ]
    return json.dumps({"differences": found})


def meeting(
    shortlists: tuple[tuple[int, ...], ...],
    answer: Callable[[Request], str | Reply] = told,
    classes: tuple[ClassLabel, ...] = CLASSES,
) -> Meeting:
    task = Task(classes, len(shortlists), fits=lambda text: len(text.split()) <= 20)
    search = Meeting(task, answer)
    search.shortlists = shortlists
    return search


SHORTLISTS = ((0, 1, 2), (1, 0, 3), (1, 0, 4), (3, 2, 0), (2, 3, 1), (2, 3, 0))


def asked(search: Meeting) -> list[tuple[int, int]]:
    return [tuple(map(NAMES.index, names_in(request))) for request in search.requests]  # type: ignore[misc]


def test_pairs_that_meet_are_asked_for_once_each_most_frequent_first() -> None:
    search = meeting(SHORTLISTS)
    Fudd(k=3).run(search)
    order = [(0, 1), (2, 3), (0, 2), (0, 3), (1, 2), (1, 3), (0, 4), (1, 4)]
    assert asked(search) == order
    assert search.asked_for == (PromptSet.of(CLASSES, [PHOTO_TEMPLATE]), 3)


def test_pairs_that_meet_equally_often_are_asked_for_in_order_of_how_often_they_are_first_and_second() -> None:
    search = meeting(((0, 1, 2), (2, 1, 0), (1, 2, 0), (0, 2, 1)))
    Fudd(k=3, max_pairs=2).run(search)
    assert asked(search) == [(1, 2), (0, 1)]


def test_only_the_k_best_classes_of_an_image_meet() -> None:
    search = meeting(SHORTLISTS)
    Fudd(k=2).run(search)
    assert asked(search) == [(0, 1), (2, 3)]


def test_no_more_pairs_than_allowed_are_asked_for_and_the_log_says_so() -> None:
    search = meeting(SHORTLISTS)
    (whole, _) = Fudd(k=3, max_pairs=2).run(search)
    assert asked(search) == [(0, 1), (2, 3)]
    assert isinstance(whole, PairwisePrompts)
    assert [(pair.ids, pair.images) for pair in whole.pairs] == [(("n0", "n1"), 3), (("n2", "n3"), 3)]
    assert search.messages[0] == "fudd: 8 pairs of classes meet in the top 3; 2 of them are asked for"


@given(st.lists(st.lists(st.integers(0, 7), unique=True, max_size=5), max_size=30))
def test_counts_are_those_of_the_images_and_equal_ones_are_in_order(shortlists: list[list[int]]) -> None:
    counts = meeting_pairs(shortlists)
    expected = {
        pair: n for pair in combinations(range(8), 2) if (n := sum(set(pair) <= set(own) for own in shortlists))
    }
    assert counts == expected
    assert [pair for pair, _ in counts.most_common()] == sorted(expected, key=lambda pair: (-expected[pair], pair))


def test_the_pairwise_prompts_and_their_compiled_form_are_handed_over_scored() -> None:
    search = meeting(SHORTLISTS)
    whole, compiled = Fudd(k=3).run(search)
    assert isinstance(whole, PairwisePrompts)
    assert (whole.k, len(whole.pairs), whole.base.templates) == (3, 8, (PHOTO_TEMPLATE,))
    assert compiled == whole.compiled()
    assert search.scored == [whole, compiled]
    assert whole.pairs[0].texts("n1") == ("the ears of a dog", "the tail of a dog")


def test_the_compiled_form_takes_as_many_pairs_as_it_is_told() -> None:
    whole, compiled = Fudd(k=3, compile_pairs=1).run(meeting(SHORTLISTS))
    assert compiled.rendered[:3] == (
        ("a cat and its ears", "a cat and its tail"),
        ("the ears of a dog", "the tail of a dog"),
        ("a photo of a owl.",),
    )
    assert whole.compiled() == compiled
    (alone,) = Fudd(k=3, compile_pairs=0).run(meeting(SHORTLISTS))
    assert isinstance(alone, PairwisePrompts)


def test_what_the_budget_does_not_cover_stays_without_texts() -> None:
    search = meeting(SHORTLISTS)
    search._replies = lambda request: told(request) if len(search.requests) <= 3 else Reply("", finish="budget")
    (whole, _) = Fudd(k=3).run(search)
    assert isinstance(whole, PairwisePrompts)
    assert [pair.ids for pair in whole.pairs] == [("n0", "n1"), ("n0", "n2"), ("n2", "n3")]
    assert "fudd: 3 of 3 replies held a usable difference" in search.messages
    assert "fudd: 5 pairs without a usable text fall back to the template" in search.messages


def test_a_budget_that_covers_nothing_ends_the_strategy() -> None:
    class Broke(Meeting):
        def ask(self, requests: object, usable: object = None) -> list[Reply]:
            raise BudgetReached("no calls left")

    search = Broke(Task(CLASSES, 6, fits=lambda _: True))
    search.shortlists = SHORTLISTS
    with pytest.raises(BudgetReached):
        Fudd().run(search)


@pytest.mark.parametrize(
    "reply", ["", "I'm sorry, I can't do that.", "{}", "[" * 5000, '{"differences": []}', "\ud800"]
)
def test_nothing_usable_is_an_empty_shortlist(reply: str) -> None:
    search = meeting(SHORTLISTS, lambda _: reply)
    assert Fudd(k=3).run(search) == []
    assert search.scored == []
    assert search.messages[-1] == "fudd: no pair has a usable text, so there is nothing to hand over"


@pytest.mark.parametrize(("shortlists", "k"), [(SHORTLISTS, 1), (((0,), (3,)), 10)])
def test_without_a_pair_that_meets_nothing_is_asked(shortlists: tuple[tuple[int, ...], ...], k: int) -> None:
    search = meeting(shortlists)
    assert Fudd(k=k).run(search) == []
    assert search.requests == []


def test_classes_of_one_name_are_not_asked_about() -> None:
    classes = (ClassLabel("a", "crane"), ClassLabel("b", " Crane"), ClassLabel("c", "owl"))
    search = meeting(((0, 1, 2),), classes=classes)
    Fudd().run(search)
    assert [names_in(request) for request in search.requests] == [("crane", "owl"), ("Crane", "owl")]


def test_differences_beyond_the_context_are_dropped_counted_and_the_others_kept() -> None:
    long = "a cat with " + "very " * 30 + "long ears"

    def answer(request: Request) -> str:
        value = json.loads(told(request, "ears", "tail"))
        value["differences"][0]["first"] = long
        return json.dumps(value)

    search = meeting(((0, 1),), answer)
    (whole, _) = Fudd().run(search)
    assert isinstance(whole, PairwisePrompts)
    assert [d.attribute for d in whole.pairs[0].differences] == ["tail"]
    assert any("1 differences of 1 pairs kept; 0 were about the wrong class, 1 longer" in m for m in search.messages)


def test_no_more_attributes_are_kept_than_were_asked_for() -> None:
    search = meeting(((0, 1),), lambda request: told(request, "ears", "tail", "nose", "paws"))
    (whole, _) = Fudd(attributes=2).run(search)
    assert isinstance(whole, PairwisePrompts)
    assert [d.attribute for d in whole.pairs[0].differences] == ["ears", "tail"]
    assert "Name 1 to 2 attributes" in search.questions[0]
    schema = json.loads(search.requests[0].json_schema or "")
    assert schema["properties"]["differences"]["maxItems"] == 2


def test_captions_in_the_wrong_order_go_to_their_classes() -> None:
    def turned(request: Request) -> str:
        value = json.loads(told(request, "ears"))
        (each,) = value["differences"]
        each["first"], each["second"] = each["second"], each["first"]
        return json.dumps(value)

    (whole, _) = Fudd().run(meeting(((0, 1),), turned))
    assert isinstance(whole, PairwisePrompts)
    assert whole.pairs[0].texts("n0") == ("a cat and its ears",)


def test_requests_carry_the_settings() -> None:
    search = meeting(SHORTLISTS)
    Fudd(temperature=0.3, max_tokens=77).run(search)
    assert {(r.temperature, r.max_tokens) for r in search.requests} == {(0.3, 77)}


@pytest.mark.parametrize("settings", [Fudd(k=3), Fudd(k=3, max_pairs=3), Fudd(k=3, compile_pairs=0), Fudd(k=1), Fudd()])
def test_the_plan_is_the_most_that_happens(settings: Fudd) -> None:
    search = meeting(SHORTLISTS, lambda _: "")
    settings.run(search)
    useful = meeting(SHORTLISTS)
    settings.run(useful)
    plan = settings.plan(search.task)
    assert len(search.requests) <= plan.llm_calls
    assert len(useful.scored) == plan.evaluations
    assert settings.plan(replace(search.task, n_search=10**6)).llm_calls <= 2 * min(10, settings.max_pairs)


@pytest.mark.parametrize(
    "broken",
    [{"k": 0}, {"attributes": 0}, {"attributes": 6}, {"max_pairs": 0}, {"compile_pairs": -1}, {"temperature": 3.0}],
    ids=str,
)
def test_settings_out_of_range_are_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=f"fudd: {next(iter(broken))}"):
        Fudd(**broken)


def test_a_run_is_a_function_of_replies_and_shortlists() -> None:
    def noisy(request: Request) -> str:
        rng = random.Random(request.messages[0].content)
        return rng.choice([told(request), told(request, "nose"), "", told(request)[:-30]])

    first, second = (Fudd(k=3).run(meeting(SHORTLISTS, noisy)) for _ in range(2))
    assert first == second


def test_labels_are_never_looked_at() -> None:
    first, second = meeting(SHORTLISTS), meeting(SHORTLISTS)
    first.task = replace(first.task, labels=(0,) * 6)
    second.task = replace(second.task, labels=(4,) * 6)
    assert Fudd(k=3).run(first) == Fudd(k=3).run(second)
    assert first.requests == second.requests


def test_in_a_world_where_captions_name_what_is_visible_both_forms_beat_the_template(tmp_path: Path) -> None:
    shown = {"cat": "whiskers paws", "owl": "beak feathers", "fox": "snout bushy", "deer": "antlers hooves"}
    world = oracle_world(tmp_path, best="{}", visible=shown)

    def visible(request: Request) -> str:
        first, second = (f"a {name} with {shown[name]}" for name in names_in(request))
        return json.dumps([{"attribute": "looks", "first": first, "second": second}])

    search = world.search(visible)
    (base,) = search.score([PromptSet.of(world.task.classes, [PHOTO_TEMPLATE])])
    whole, compiled = (search.archive.find(candidate) for candidate in Fudd(k=3).run(search))
    assert whole is not None
    assert compiled is not None
    assert whole.score.top1 > base.score.top1 + 0.2
    assert compiled.score.top1 > base.score.top1 + 0.2

"""Where searches for templates begin."""

from dataclasses import replace

from evaluators import ClassPair, Difference, PairwisePrompts, PromptSet
from optimizers import Message, Request, Task
from optimizers.template_search import (
    ask_templates,
    described_candidate,
    first_templates,
    hand_over,
    initial_templates,
    joined,
    own_templates,
    score_templates,
)
from prompt_search.testing.scripted_search import ScriptedSearch, plain_score


def test_without_templates_of_the_user_the_usual_one_is_the_first(task: Task) -> None:
    assert initial_templates(task) == ["a photo of a {}."]
    assert initial_templates(replace(task, fits=lambda text: len(text.split()) <= 2)) == ["{}"]


def test_templates_of_the_user_come_first_sorted_each_once_where_they_fit(task: Task) -> None:
    start = (
        PromptSet.of(task.classes, ["your {}", "long " * 30 + "{}"]),
        PromptSet.of(task.classes, ["my {}", "your {}"]),
    )
    assert (
        initial_templates(replace(task, start=start))
        == own_templates(replace(task, start=start))
        == ["my {}", "your {}"]
    )


def test_a_template_that_makes_texts_the_archive_has_of_other_parts_keeps_its_words(task: Task) -> None:
    search = ScriptedSearch(task)
    texts = {label.id: [f"art of {label.name}"] for label in task.classes}
    (known,) = search.score([PromptSet.of(task.classes, texts=texts)])
    (scored,) = score_templates(search, ["art of {}"])
    assert (scored.template, scored.entry, len(search.scored)) == ("art of {}", known, 1)
    assert hand_over(search, [scored], None)[0].templates == ("art of {}",)


def test_a_search_begins_with_the_best_templates_that_were_scored_alone(task: Task) -> None:
    texts = {label.id: [f"{label.name} has a face"] for label in task.classes}
    alone = [PromptSet.of(task.classes, [f"{i} {{}}"]) for i in range(9)]
    others = [
        PromptSet.of(task.classes, ["{}"]),
        PromptSet.of(task.classes, ["a photo of a {}."]),
        PromptSet.of(task.classes, ["a {}", "b {}"]),
        PromptSet.of(task.classes, ["c {}"], texts),
    ]
    search = ScriptedSearch(task, scorer=lambda c: plain_score(0.9 if c in others else int(c.templates[0][0]) / 10))
    search.score([*alone, *others])
    assert first_templates(search, ["my {}", "7 {}"]) == ["my {}", "7 {}", "8 {}", "6 {}", "5 {}", "4 {}"]
    assert len(search.scored) == 13, "nothing is scored for it"


def words(candidate: PromptSet) -> set[str]:
    return {word for template in candidate.templates for word in template.split()}


def test_an_ensemble_is_built_from_what_was_found_without_a_question(task: Task) -> None:
    """Fitness is how many of the good words there are, wherever."""
    search = ScriptedSearch(task, scorer=lambda c: plain_score(len(words(c) & {"red", "big", "old"}) / 10))
    found = score_templates(search, ["red {}", "big {}", "plain {}", "old {}"])
    first, *_ = hand_over(search, found, None)
    assert sorted(first.templates) == ["big {}", "old {}", "red {}"]
    assert not search.requests


def test_a_shortlist_has_no_two_of_nearly_the_same_words(task: Task) -> None:
    search = ScriptedSearch(task, scorer=lambda c: plain_score(1 / len(c.templates) / (1 + len(c.templates[0]))))
    found = score_templates(search, [*(f"a photo of {i} {{}}." for i in range(9)), "an old drawing, maybe: {}"])
    handed_over = hand_over(search, found, None)
    assert [c.templates for c in handed_over] == [("a photo of 0 {}.",), ("an old drawing, maybe: {}",)]


def test_templates_take_the_place_of_those_that_open_the_texts_of_the_best_so_far(task: Task) -> None:
    """What a template is worth is not lost among the texts it is joined to."""
    described = PromptSet.of(
        task.classes,
        texts={
            label.id: [f"a photo of a {label.name}. It has a face.", f"a photo of a {label.name}.", "own words"]
            for label in task.classes
        },
    )
    search = ScriptedSearch(task, scorer=lambda c: plain_score(0.9 if any(c.texts) else 0.1))
    search.score([PromptSet.of(task.classes, ["a photo of a {}."]), described])
    assert described_candidate(search) == described
    exchanged, beside, itself = joined(search, described, ["art of {}", "{}:"])
    assert exchanged.render(0) == (
        "art of cat It has a face.",
        "cat: It has a face.",
        "art of cat",
        "cat:",
        "own words",
    )
    assert beside.render(0)[:2] == ("art of cat", "cat:")
    assert itself == described
    handed_over = hand_over(search, score_templates(search, ["art of {}"]), described)
    assert described in handed_over
    assert PromptSet.of(task.classes, ["art of {}"]) in handed_over


def test_pairwise_prompts_are_compiled_before_templates_are_joined_to_them(task: Task) -> None:
    photo = PromptSet.of(task.classes, ["a photo of a {}."])
    pair = ClassPair("n01", "n02", (Difference("ears", "a cat with ears", "an owl without"),))
    pairwise = PairwisePrompts(photo, (pair,))
    search = ScriptedSearch(task, scorer=lambda c: plain_score(0.9 if isinstance(c, PairwisePrompts) else 0.1))
    search.score([photo, pairwise])
    assert described_candidate(search) == pairwise.compiled()


def test_a_reply_with_many_templates_gives_five_and_those_that_fit_only(task: Task) -> None:
    long = "a {} " + "and so on " * 9
    reply = "\n".join(["a red {}.", long, "{} {}", *(f"view {i} of a {{}}." for i in range(9))])
    answers = ask_templates(ScriptedSearch(task, [reply]), Request((Message("user", "?"),)), samples=1)
    assert answers.readings == [["a red {}.", *(f"view {i} of a {{}}." for i in range(4))]]

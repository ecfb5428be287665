"""Where searches for templates begin."""

from dataclasses import replace

from evaluators import ClassPair, Difference, PairwisePrompts, PromptSet
from optimizers import Message, Request, Task
from optimizers.template_search import (
    ask_templates,
    base_candidate,
    first_templates,
    initial_templates,
    own_templates,
    score_templates,
    single_templates,
)
from tests.fakes.scripted_search import ScriptedSearch, plain_score


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


def test_templates_are_joined_to_the_class_texts_of_the_best(task: Task) -> None:
    texts = {label.id: [f"{label.name} has a face"] for label in task.classes}
    search = ScriptedSearch(task, scorer=lambda c: plain_score(0.9 if any(c.texts) else 0.1))
    assert base_candidate(search).texts == ((),) * 3
    search.score([PromptSet.of(task.classes, ["{}"]), PromptSet.of(task.classes, texts=texts)])
    (entry,) = score_templates(search, base_candidate(search), ["art of {}"])
    assert entry.template == "art of {}"
    assert search.scored[-1].render(0) == ("art of cat", "cat has a face")


def test_a_template_that_makes_texts_the_archive_has_of_other_parts_keeps_its_words(task: Task) -> None:
    search = ScriptedSearch(task)
    texts = {label.id: [f"art of {label.name}"] for label in task.classes}
    (known,) = search.score([PromptSet.of(task.classes, texts=texts)])
    (scored,) = score_templates(search, PromptSet.of(task.classes, ["{}"]), ["art of {}"])
    assert (scored.template, scored.entry, len(search.scored)) == ("art of {}", known, 1)
    assert single_templates(PromptSet.of(task.classes, ["{}"]), [scored])[0].templates == ("art of {}",)


def test_a_search_begins_with_the_best_templates_scored_alone_over_the_same_texts(task: Task) -> None:
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
    base = PromptSet.of(task.classes, ["{}"])
    assert first_templates(search, base, ["my {}", "7 {}"]) == ["my {}", "7 {}", "8 {}", "6 {}", "5 {}", "4 {}"]
    assert first_templates(search, PromptSet.of(task.classes, ["{}"], texts), []) == ["c {}"]
    assert len(search.scored) == 13, "nothing is scored for it"


def test_pairwise_prompts_are_compiled_as_a_base(task: Task) -> None:
    photo = PromptSet.of(task.classes, ["a photo of a {}."])
    pair = ClassPair("n01", "n02", (Difference("ears", "a cat with ears", "an owl without"),))
    pairwise = PairwisePrompts(photo, (pair,))
    search = ScriptedSearch(task, scorer=lambda c: plain_score(0.9 if isinstance(c, PairwisePrompts) else 0.1))
    search.score([photo, pairwise])
    assert base_candidate(search) == pairwise.compiled()


def test_the_best_of_the_templates_found_are_handed_over_each_once(task: Task) -> None:
    figures = {"bad {}": 0.1, "good {}": 0.9, "fair {}": 0.5}
    search = ScriptedSearch(task, scorer=lambda c: plain_score(figures[c.templates[0]]))
    base = base_candidate(search)
    found = score_templates(search, base, [*figures, "good {}"])
    assert [c.templates for c in single_templates(base, found)] == [("good {}",), ("fair {}",), ("bad {}",)]
    assert [c.templates for c in single_templates(base, found, most=1)] == [("good {}",)]


def test_a_reply_with_many_templates_gives_five_and_those_that_fit_only(task: Task) -> None:
    long = "a {} " + "and so on " * 9
    reply = "\n".join(["a red {}.", long, "{} {}", *(f"view {i} of a {{}}." for i in range(9))])
    answers = ask_templates(ScriptedSearch(task, [reply]), Request((Message("user", "?"),)), samples=1)
    assert answers.readings == [["a red {}.", *(f"view {i} of a {{}}." for i in range(4))]]

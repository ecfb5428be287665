"""Where searches for templates begin."""

from dataclasses import replace

from evaluators import ClassPair, Difference, PairwisePrompts, PromptSet
from optimizers import Task
from optimizers.template_search import (
    base_candidate,
    best_prompt_sets,
    initial_templates,
    own_templates,
    score_templates,
    template_of,
)
from tests.fakes.scripted_search import ScriptedSearch, plain_score


def test_without_templates_of_the_user_the_usual_one_is_the_first(task: Task) -> None:
    assert initial_templates(task) == ["a photo of a {}."]
    assert initial_templates(replace(task, fits=lambda text: len(text.split()) <= 2)) == ["{}"]


def test_templates_of_the_user_come_first_each_once_where_they_fit(task: Task) -> None:
    start = (
        PromptSet.of(task.classes, ["my {}", "long " * 30 + "{}"]),
        PromptSet.of(task.classes, ["your {}", "my {}"]),
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
    assert entry.candidate.compiled().render(0) == ("art of cat", "cat has a face")
    assert template_of(entry) == "art of {}"


def test_pairwise_prompts_are_compiled_as_a_base_and_not_handed_over(task: Task) -> None:
    photo = PromptSet.of(task.classes, ["a photo of a {}."])
    pair = ClassPair("n01", "n02", (Difference("ears", "a cat with ears", "an owl without"),))
    pairwise = PairwisePrompts(photo, (pair,))
    search = ScriptedSearch(task, scorer=lambda c: plain_score(0.9 if isinstance(c, PairwisePrompts) else 0.1))
    search.score([photo, pairwise])
    assert base_candidate(search) == pairwise.compiled()
    assert best_prompt_sets(search, 8) == [photo]

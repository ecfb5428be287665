"""CuPL: which questions are asked, which answers are used, what is handed over."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from evaluators import ClassLabel, PromptSet, Score, general_templates
from optimizers import Cupl, Reply, Request, Task
from optimizers.errors import BudgetReached
from optimizers.search import Usable
from prompt_search.testing.scripted_search import ScriptedSearch, plain_score


def thing(request: Request) -> str:
    """The class a question is about."""
    return request.messages[-1].content.split('"')[1]


def described(request: Request) -> str:
    return f"A {thing(request)} has fur. It also sleeps."


def test_three_questions_per_class_with_the_right_article(task: Task) -> None:
    search = ScriptedSearch(task, described)
    Cupl(samples=1).run(search)
    for name in ('a "cat"', 'an "owl"', 'a "red fox"'):
        own = [question for question in search.questions if name in question]
        assert [q.split(" Answer")[0] for q in own] == [
            f"Describe what {name} looks like.",
            f"How can you identify {name}?",
            f"Describe an image of {name}.",
        ]
    assert len(search.questions) == 9


def test_questions_of_the_user_are_asked_too(task: Task) -> None:
    search = ScriptedSearch(task, described)
    Cupl(samples=2, questions=("Where does {} live?",)).run(search)
    assert len(search.requests) == 3 * 4 * 2
    assert sum('Where does "owl" live?' in question for question in search.questions) == 2


WRITTEN = '{"list": ["Where is {} seen?", "What is it?", "Which colours does {} have?", "Describe {} from afar."]}'


def with_questions(first: str) -> Callable[[Request], str]:
    return lambda request: first if "Write 3 questions" in request.messages[-1].content else described(request)


def test_questions_may_be_written_by_the_language_model_for_these_images(task: Task) -> None:
    search = ScriptedSearch(replace(task, description="Pictures of traps."), with_questions(WRITTEN))
    settings = Cupl(samples=1, questions=("Where does {} live?",), write_questions=True)
    settings.run(search)
    meta, *asked = search.questions
    assert "Pictures of traps." in meta
    assert '"cat", "owl", "red fox"' in meta
    own = [question.split('". ')[-1].split(" Answer")[0] for question in asked if '"owl"' in question]
    assert own[3:] == [
        'Where does "owl" live?', 'Where is "owl" seen?', 'Which colours does "owl" have?', 'Describe "owl" from afar.'
    ]  # fmt: skip
    assert settings.plan(task).llm_calls == 2 + len(asked), "the first may be asked twice"
    assert "cupl: 3 questions were written for these images: Where is {} seen?" in search.messages[0]


@pytest.mark.parametrize("reply", ["", "What is a cat?", "I can't do that."])
def test_without_a_usable_question_the_general_ones_do(task: Task, reply: str) -> None:
    search = ScriptedSearch(task, with_questions(reply))
    (found,) = Cupl(samples=1, write_questions=True).run(search)
    assert len(search.requests) == 2 + 9
    assert found.n_texts == 3
    assert search.messages[0].startswith("cupl: 0 questions were written for these images")


def test_a_budget_that_covers_no_written_question_ends_nothing_by_itself(task: Task) -> None:
    class Spent(ScriptedSearch):
        def ask(self, requests: Sequence[Request], usable: Usable | None = None) -> list[Reply]:
            if len(requests) == 1:
                raise BudgetReached("no")
            return super().ask(requests)

    assert len(Cupl(samples=1, write_questions=True).run(Spent(task, described))) == 1


def test_requests_carry_the_sampling_settings(task: Task) -> None:
    search = ScriptedSearch(task, described)
    Cupl(samples=1, temperature=0.3, max_tokens=17).run(search)
    assert {(r.temperature, r.max_tokens) for r in search.requests} == {(0.3, 17)}


def test_a_budget_cut_anywhere_covers_the_classes_evenly(task: Task) -> None:
    search = ScriptedSearch(task, described)
    Cupl(samples=4).run(search)
    asked = [thing(request) for request in search.requests]
    for cut in range(1, len(asked) + 1):
        counts = [asked[:cut].count(label.name) for label in task.classes]
        assert max(counts) - min(counts) <= 1
    round_length = 9
    assert search.requests[:round_length] == search.requests[round_length : 2 * round_length]


def test_replies_that_a_budget_cut_off_are_no_answers(task: Task) -> None:
    def first_three(request: Request) -> str | Reply:
        return described(request) if len(search.requests) <= 3 else Reply("", finish="budget")

    search = ScriptedSearch(task, first_three)
    (built,) = Cupl(samples=5).run(search)
    assert built.rendered == (("A cat has fur.",), ("A owl has fur.",), ("A red fox has fur.",))
    assert "3 different usable descriptions from 3 replies" in search.messages[0]


def test_answers_are_cut_at_the_first_full_stop_and_count_once(task: Task) -> None:
    (built,) = Cupl().run(ScriptedSearch(task, described))
    assert built.texts == (("A cat has fur.",), ("A owl has fur.",), ("A red fox has fur.",))
    assert built.templates == ()


def test_different_answers_are_all_kept_in_the_order_they_came(task: Task) -> None:
    replies = [f"It is number {i}. And so on." for i in range(18)]
    (built,) = Cupl(samples=2).run(ScriptedSearch(task, replies))
    assert built.texts[1] == tuple(f"a photo of a owl. It is number {i}." for i in range(1, 18, 3))


@pytest.mark.parametrize(
    "reply",
    [
        "Sure! Here is a description:\n\nThe {} has soft fur. It sleeps.",
        "```\nThe {} has soft fur.\n```",
        "1. The {} has soft fur.\n2. It sleeps all day.",
        "\n\n**Answer:** The {} has soft fur.",
        '{"description": "The {} has soft fur."}',
        "The {} has soft fur",
    ],
    ids=ascii,
)
def test_chatty_fenced_and_numbered_answers_are_read(task: Task, reply: str) -> None:
    search = ScriptedSearch(task, lambda request: reply.replace("{}", thing(request)))
    (built,) = Cupl(samples=1).run(search)
    assert built.rendered == tuple((f"The {name} has soft fur.",) for name in ("cat", "owl", "red fox"))


def test_an_answer_that_does_not_name_its_class_gets_the_template_in_front(task: Task) -> None:
    replies = {"cat": "It has soft fur.", "owl": "Owls have large eyes.", "red fox": "The fox is red."}
    (built,) = Cupl(samples=1).run(ScriptedSearch(task, lambda request: replies[thing(request)]))
    assert built.rendered == (
        ("a photo of a cat. It has soft fur.",),
        ("Owls have large eyes.",),
        ("a photo of a red fox. The fox is red.",),
    )


@pytest.mark.parametrize("nothing", ["", "I’m sorry, I can’t do that.", "long " * 50, "{}", "\ud800", "cat"], ids=ascii)
def test_a_class_without_a_usable_answer_keeps_its_template_and_is_named(task: Task, nothing: str) -> None:
    search = ScriptedSearch(task, lambda request: nothing if thing(request) == "owl" else described(request))
    (built,) = Cupl(samples=2).run(search)
    assert built.rendered[1] == ("a photo of a owl.",)
    assert built.rendered[0] == ("A cat has fur.",)
    assert search.messages[1:] == ["cupl: no usable description, template kept: n02"]


def test_an_answer_beyond_the_context_is_dropped_and_the_others_are_kept(task: Task) -> None:
    def answer(request: Request) -> str:
        return "very " * 30 + "long." if "Describe what" in request.messages[0].content else described(request)

    (built,) = Cupl(samples=1).run(ScriptedSearch(task, answer))
    assert built.texts[0] == ("A cat has fur.",)


@pytest.mark.parametrize("combine", ["none", "templates"])
def test_nothing_usable_at_all_is_an_empty_shortlist(task: Task, combine: str) -> None:
    search = ScriptedSearch(task, lambda _: "No.")
    assert Cupl(samples=1, combine=combine).run(search) == []  # type: ignore[arg-type]
    assert search.scored == []
    assert "0 different usable descriptions from 9 replies" in search.messages[0]


def test_combining_hands_over_the_answers_joined_with_the_templates_too(task: Task) -> None:
    def score(candidate: PromptSet) -> Score:
        return plain_score(0.9 if candidate.templates else 0.5)

    joined, plain = Cupl(samples=1, combine="templates").run(ScriptedSearch(task, described, score))
    assert joined.templates == general_templates()
    assert joined.texts == plain.texts
    assert plain.templates == ()


def test_combining_without_any_template_that_fits_leaves_the_answers(task: Task) -> None:
    unpronounceable = ClassLabel("n09", " ".join(["llanfair"] * 30))
    crowded = replace(task, classes=(*task.classes, unpronounceable))
    search = ScriptedSearch(crowded, lambda r: "" if "llanfair" in thing(r) else described(r))
    (built,) = Cupl(samples=1, combine="templates").run(search)
    assert built.templates == ()


@pytest.mark.parametrize(("settings", "evaluations"), [(Cupl(samples=2), 1), (Cupl(samples=3, combine="templates"), 2)])
def test_the_plan_is_what_happens(task: Task, settings: Cupl, evaluations: int) -> None:
    search = ScriptedSearch(task, described)
    settings.run(search)
    plan = settings.plan(task)
    assert plan.llm_calls == len(search.requests) == 9 * settings.samples
    assert plan.evaluations == len(search.scored) == evaluations


def test_a_run_is_a_function_of_its_replies(task: Task) -> None:
    runs = [Cupl(samples=2).run(ScriptedSearch(task, described, seed=seed)) for seed in (0, 0, 1)]
    assert runs[0] == runs[1] == runs[2]

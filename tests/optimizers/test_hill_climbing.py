"""Hill climbing: what the language model is shown, what is scored, what is handed over."""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from evaluators import ClassLabel, PromptSet, Score, general_templates
from optimizers import SHORTLIST, HillClimbing, Request, Task
from optimizers.template_search import expand_templates
from prompt_search.testing.oracle_world import offered_among_noise, oracle_world
from prompt_search.testing.scripted_search import ScriptedSearch, plain_score

BETTER = "a sharp close-up of a {}."


def by_length(candidate: PromptSet) -> Score:
    """The longer the template, the better; all different."""
    return plain_score(len(candidate.templates[0]) / 1000)


def by_hash(candidate: PromptSet) -> Score:
    return plain_score(random.Random(candidate.fingerprint).randrange(1000) / 1000)


def numbered() -> Callable[[Request], str]:
    counter: Iterator[int] = iter(range(10**6))
    return lambda _: f"view {next(counter)} of a {{}}."


def first_requests(search: ScriptedSearch) -> list[Request]:
    """Without those that were put again after a reply without a template."""
    return [r for r in search.requests if "An earlier reply could not be used" not in r.messages[-1].content]


def questions(search: ScriptedSearch) -> list[str]:
    return [request.messages[-1].content for request in first_requests(search)]


def shown(question: str) -> tuple[list[str], list[str]]:
    """The good and the bad list of a question."""
    parts = question.split("\n\n")
    lists = {part.splitlines()[0]: part.splitlines()[1:] for part in parts}
    return lists.get("These templates work well:", []), lists.get("These templates work badly:", [])


def test_the_best_and_the_worst_are_shown_without_scores(task: Task) -> None:
    search = ScriptedSearch(task, [BETTER], by_length)
    HillClimbing(iterations=1, pool=20, k=3).run(search)
    pool = [candidate.templates[0] for candidate in search.scored_alone[:20]]
    good, bad = shown(questions(search)[0])
    ranked = sorted(pool, key=lambda template: (-len(template), pool.index(template)))
    assert (good, bad) == (ranked[:3], ranked[-3:])
    assert not any(f"{100 * len(t) / 1000:.1f}" in questions(search)[0] for t in pool)


@pytest.mark.parametrize("pool", [1, 2, 3, 4, 5, 6, 7])
def test_few_templates_are_never_shown_as_both_good_and_bad(task: Task, pool: int) -> None:
    search = ScriptedSearch(task, [""], by_length)
    HillClimbing(iterations=1, pool=pool, k=3).run(search)
    good, bad = shown(questions(search)[0])
    assert not set(good) & set(bad)
    assert (len(good), len(bad)) == (min(pool, 3), min(max(pool - 3, 0), 3))


def test_a_new_best_is_shown_in_the_next_turn(task: Task) -> None:
    long = "a very long and very good and very very fine sharp clear photo of a {}."
    search = ScriptedSearch(task, [long, ""], by_length)
    HillClimbing(iterations=2, pool=5).run(search)
    assert shown(questions(search)[1])[0][0] == long


def test_positive_only_shows_no_bad_templates(task: Task) -> None:
    search = ScriptedSearch(task, scorer=by_length)
    HillClimbing(iterations=1, pool=10, feedback="positive-only").run(search)
    good, bad = shown(questions(search)[0])
    assert (len(good), bad) == (3, [])


def test_random_feedback_shows_other_templates_than_the_best(task: Task) -> None:
    lists = []
    for feedback in ("random", "positive-negative"):
        search = ScriptedSearch(task, scorer=by_length)
        HillClimbing(iterations=3, pool=30, feedback=feedback).run(search)
        lists.append([shown(question) for question in questions(search)])
    (shuffled, ranked) = lists
    assert all(not set(good) & set(bad) and len(good) == len(bad) == 3 for good, bad in shuffled)
    assert shuffled[0] != shuffled[1]
    assert ranked[0] == ranked[1] != shuffled[0]


def test_a_conversation_keeps_its_thread_and_says_how_it_went(task: Task) -> None:
    accuracies = {"up {}.": 0.75, "down {}.": 0.25, "same {}.": 0.75}
    search = ScriptedSearch(
        task,
        ["up {}.", "down {}.", "no place here", "nor here", "same {}.", ""],
        lambda candidate: plain_score(accuracies.get(candidate.templates[0], 0.5)),
    )
    HillClimbing(iterations=5, pool=4, conversation=True).run(search)
    assert questions(search)[1].startswith("With your template the accuracy rose: 50.0 % before, 75.0 % now.\n\n")
    assert questions(search)[2].startswith("With your template the accuracy fell: 75.0 % before, 25.0 % now.\n\n")
    assert questions(search)[3].startswith("That was not a usable template.\n\n")
    assert questions(search)[4].startswith(
        "With your template the accuracy stayed the same: 75.0 % before, 75.0 % now."
    )
    last = first_requests(search)[-1].messages
    assert [message.role for message in last] == ["user", "assistant"] * 4 + ["user"]
    assert [message.content for message in last[1::2]] == ["up {}.", "down {}.", "nor here", "same {}."]


def test_a_conversation_has_no_empty_turns(task: Task) -> None:
    search = ScriptedSearch(task, [])
    HillClimbing(iterations=3, pool=2, conversation=True).run(search)
    assert all(message.content.strip() for message in first_requests(search)[-1].messages)


def test_without_a_conversation_the_best_are_answers_before_the_question(task: Task) -> None:
    search = ScriptedSearch(task, numbered(), by_length)
    HillClimbing(iterations=3, pool=5).run(search)
    for request, question in zip(search.requests, questions(search), strict=True):
        assert [turn.role for turn in request.messages] == ["user", "assistant"] * 3 + ["user"]
        answers = [json.loads(turn.content)["template"] for turn in request.messages[1::2]]
        assert answers == shown(question)[0][::-1]
    assert not any("With your template" in question for question in questions(search))


def pool_of(task: Task, seed: int, **settings: int) -> list[str]:
    search = ScriptedSearch(task, seed=seed)
    HillClimbing(iterations=1, **settings).run(search)  # type: ignore[arg-type]
    return [candidate.templates[0] for candidate in search.scored_alone]


def test_the_pool_is_drawn_without_replacement_by_seed(task: Task) -> None:
    first, again, other = pool_of(task, 0), pool_of(task, 0), pool_of(task, 1)
    assert len(first) == len(set(first)) == 40
    assert set(first) <= set(general_templates())
    assert first == again != other


def test_a_pool_beyond_the_library_is_the_whole_library(task: Task) -> None:
    assert sorted(pool_of(task, 0, pool=500)) == sorted(general_templates())


def test_a_restart_draws_another_pool_and_a_reset_keeps_it(task: Task) -> None:
    restarted, reset = ScriptedSearch(task), ScriptedSearch(task)
    HillClimbing(iterations=2, pool=10, restarts=3).run(restarted)
    HillClimbing(iterations=2, pool=10, resets=3).run(reset)
    assert len(first_requests(restarted)) == len(first_requests(reset)) == 6
    assert len(restarted.scored_alone) > 10
    assert len(reset.scored_alone) == 10
    assert questions(restarted)[0] != questions(restarted)[2]
    assert len(set(questions(reset))) == 1


def test_a_reset_forgets_the_conversation_and_its_templates(task: Task) -> None:
    search = ScriptedSearch(task, [BETTER, ""], lambda c: plain_score(0.9 if c.templates == (BETTER,) else 0.5))
    HillClimbing(iterations=2, pool=5, resets=2, conversation=True).run(search)
    assert [len(request.messages) for request in first_requests(search)] == [1, 3, 1, 3]
    assert BETTER in questions(search)[1]
    assert BETTER not in questions(search)[2]


def test_a_pool_template_can_win(task: Task) -> None:
    winner = general_templates()[7]
    scorer = lambda c: plain_score(0.9 if c.templates == (winner,) else 0.1)  # noqa: E731
    shortlist = HillClimbing(pool=80, iterations=3).run(ScriptedSearch(task, numbered(), scorer))
    assert shortlist[0].templates == (winner,)


@pytest.mark.parametrize("reply", ["", "a photo", "{} and {}", "I'm sorry.", "{", "word " * 30 + "{}", "\ud800"])
def test_a_proposal_that_is_no_template_is_not_scored(task: Task, reply: str) -> None:
    search = ScriptedSearch(task, [reply, reply, BETTER])
    HillClimbing(iterations=2, pool=3).run(search)
    assert [candidate.templates[0] for candidate in search.scored_alone[3:]] == [BETTER]
    assert search.messages == ["hill-climb: 1 of 2 replies held a usable template (asked again: 1)"]


def test_all_templates_of_a_reply_are_scored(task: Task) -> None:
    search = ScriptedSearch(task, ["first {}\nsecond {}"])
    HillClimbing(iterations=1, pool=3).run(search)
    assert [candidate.templates[0] for candidate in search.scored_alone[3:]] == ["first {}", "second {}"]


def test_a_repeated_proposal_is_neither_scored_nor_listed_twice(task: Task) -> None:
    long = BETTER.replace("sharp", "sharp and clear and close and well lit and whole")
    search = ScriptedSearch(task, [long, long, long, ""], by_length)
    HillClimbing(iterations=4, pool=3, k=9).run(search)
    assert len(search.scored_alone) == 4
    assert shown(questions(search)[3])[0].count(long) == 1


def test_start_templates_are_in_the_pool(task: Task) -> None:
    own = PromptSet.of(task.classes, ["my own {}", "another of my own {}", "too " * 30 + "{}"])
    search = ScriptedSearch(replace(task, start=(own,)))
    HillClimbing(iterations=1, pool=3).run(search)
    assert [c.templates for c in search.scored_alone[:2]] == [("another of my own {}",), ("my own {}",)]
    assert len(search.scored_alone) == 5


def test_templates_are_searched_alone_whatever_class_texts_there_are(task: Task) -> None:
    texts = {label.id: [f"{label.name} has a face"] for label in task.classes}
    search = ScriptedSearch(task, [BETTER], lambda c: plain_score(0.9 if any(c.texts) else 0.1))
    search.score([PromptSet.of(task.classes, ["{}"]), PromptSet.of(task.classes, texts=texts)])
    shortlist = HillClimbing(iterations=1, pool=3).run(search)
    assert [c.templates for c in search.scored_alone if not any(c.texts)][-1] == (BETTER,)
    assert any(c.templates and any(c.texts) for c in shortlist), "joined at the end"


def test_a_set_that_was_scored_before_under_other_parts_does_no_harm(task: Task) -> None:
    spelled = [
        PromptSet.of(task.classes, texts={c.id: [t.replace("{}", c.name)] for c in task.classes})
        for t in general_templates()
    ]
    search = ScriptedSearch(task, [BETTER], by_hash)
    search.score(spelled)
    shortlist = HillClimbing(iterations=1, pool=80).run(search)
    assert len(shortlist) == SHORTLIST
    assert set(shown(questions(search)[0])[0]) <= set(general_templates())


def test_only_what_it_found_itself_is_handed_over(task: Task) -> None:
    """Others hand over their own; the select split is to see what this one found, however well they did."""
    better = [PromptSet.of(task.classes, [f"{i} {{}}", f"{i}{i} {{}}"]) for i in range(SHORTLIST)]
    search = ScriptedSearch(task, numbered(), lambda c: plain_score(0.9) if len(c.templates) > 1 else by_hash(c))
    search.score(better)
    shortlist = HillClimbing(iterations=2, pool=10, restarts=2, resets=2).run(search)
    assert shortlist
    assert not any(candidate in better for candidate in shortlist)


def test_the_fittest_is_the_first_of_a_full_shortlist(task: Task) -> None:
    search = ScriptedSearch(task, numbered(), by_hash)
    shortlist = HillClimbing().run(search)
    assert shortlist[0] == search.archive.best(1)[0].candidate
    assert len(shortlist) == SHORTLIST


@pytest.mark.parametrize(
    "settings",
    [
        HillClimbing(),
        HillClimbing(iterations=4, restarts=3, resets=2, pool=30),
        HillClimbing(iterations=2, pool=500, feedback="random"),
        HillClimbing(iterations=1, pool=1, k=1, conversation=True),
    ],
)
def test_the_plan_bounds_what_happens(task: Task, settings: HillClimbing) -> None:
    own = PromptSet.of(task.classes, [f"{i} of my own {{}}" for i in range(7)])
    search = ScriptedSearch(replace(task, start=(own, own)), numbered(), by_hash)
    settings.run(search)
    plan = settings.plan(search.task)
    assert plan.llm_calls == 2 * len(search.requests)
    assert plan.evaluations >= len(search.scored_alone)


@pytest.mark.parametrize("feedback", ["positive-negative", "positive-only", "random"])
@pytest.mark.parametrize("conversation", [False, True])
def test_a_run_is_a_function_of_settings_seed_replies_and_scores(task: Task, feedback: str, conversation: bool) -> None:
    settings = HillClimbing(restarts=2, resets=2, feedback=feedback, conversation=conversation)  # type: ignore[arg-type]
    runs = []
    for seed in (0, 0, 1):
        search = ScriptedSearch(task, numbered(), by_hash, seed=seed)
        runs.append((settings.run(search), list(search.archive), search.requests, search.messages))
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_a_context_too_short_for_any_library_template_still_runs(task: Task) -> None:
    search = ScriptedSearch(replace(task, fits=lambda text: len(text.split()) <= 2), ["a {}", "the whole photo of {}"])
    shortlist = HillClimbing(iterations=2).run(replace_classes(search))
    assert [built.templates for built in shortlist] == [("a {}",)]


def replace_classes(search: ScriptedSearch) -> ScriptedSearch:
    search.task = replace(search.task, classes=(ClassLabel("n01", "cat"), ClassLabel("n02", "owl")))
    return search


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("conversation", [False, True])
def test_it_finds_the_best_template_of_the_oracle(tmp_path: Path, seed: int, conversation: bool) -> None:
    world = oracle_world(tmp_path, seed=seed)
    search = world.search(offered_among_noise([world.best], seed=seed), seed)
    shortlist = HillClimbing(conversation=conversation).run(search)
    assert shortlist[0].templates == (world.best,)


def test_domain_words_widen_the_pool(task: Task) -> None:
    search = ScriptedSearch(replace(task, domain=("satellite photo",)))
    HillClimbing(iterations=1, pool=500).run(search)
    pool = {candidate.templates[0] for candidate in search.scored_alone}
    assert pool == set(expand_templates(general_templates(), ["satellite photo"])) > set(general_templates())
    assert len(pool_of(replace(task, domain=("satellite photo",)), 0)) == 40


def test_a_question_is_put_again_with_what_was_wrong(task: Task) -> None:
    search = ScriptedSearch(task, ["a photo of a cat", BETTER])
    HillClimbing(iterations=1, pool=3).run(search)
    first, again = search.requests
    assert again.messages[:-1] == first.messages[:-1]
    assert again.messages[-1].content == (
        first.messages[-1].content + '\n\nAn earlier reply could not be used: "a photo of a cat" has no {} in it.'
    )
    assert search.scored_alone[-1].templates == (BETTER,)


def test_confusions_of_the_best_are_told_if_wanted(task: Task) -> None:
    def score(candidate: PromptSet) -> Score:
        wrong = len(candidate.templates[0]) % 7 + 1
        return replace(plain_score(1 - wrong / 100), confusions=((0, 1, wrong),), recall=(1 - wrong / 50, 1.0, 1.0))

    searches = [ScriptedSearch(replace(task, feedback=kind), [BETTER], score) for kind in ("paper", "confusions")]
    for search in searches:
        HillClimbing(iterations=1, pool=30).run(search)
    plain, told = (questions(search)[0] for search in searches)
    assert "taken for" not in plain
    assert '\n1 image of "cat" taken for "owl"\n' in told


def test_without_any_usable_reply_the_log_warns(task: Task) -> None:
    search = ScriptedSearch(task)
    HillClimbing(iterations=2, pool=3).run(search)
    assert search.messages[-1].startswith("warning: hill-climb: no reply held a usable template")

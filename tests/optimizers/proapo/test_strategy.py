"""ProAPO: what is asked, what is scored, how populations grow, and what wins."""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from itertools import combinations, pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluators import PHOTO_TEMPLATE, Candidate, ClassLabel, PromptSet, Score
from optimizers import SHORTLIST, ProApo, Reply, Request, Scored, Task
from optimizers.errors import BudgetReached, SettingsError
from optimizers.shortlist import texts_alike
from prompt_search.testing.scripted_search import ScriptedSearch, plain_score

HOSTILE = ["{", '{"list": [[]]}', "I'm sorry, I can't.", "{}{}", "cat, " * 999, "It {} has {x} y.", "\ud800 a b c."]
SMALL = ProApo(generations=3, group_generations=2, groups=2, rounds=1, keep=20, samples=4)
NAMES = ("cat", "owl", "red fox")


def librarian(request: Request) -> str:
    """Two domain words; per class two synonyms and three descriptions."""
    question = request.messages[-1].content
    if "kind of image" in question:
        return json.dumps({"list": ["animal", "trap camera"]})
    name = next(name for name in NAMES if f'"{name}"' in question)
    if "other names" in question:
        return f"1. {name} the first\n2. wild {name}"
    return f"It is furry, this {name}.\nIt has a long tail.\nIt looks like a {name} at night."


def by_hash(candidate: PromptSet) -> Score:
    """Some fixed accuracy of every candidate, and a cross-entropy for every class."""
    rng = random.Random(candidate.fingerprint)
    score = plain_score(rng.randrange(400, 600) / 1000, cross_entropy=rng.random())
    return replace(score, class_cross_entropy=tuple(rng.random() for _ in candidate.classes))


class Recording(ScriptedSearch):
    """Remembers the batches that were scored together, and what the strategy handed over."""

    batches: list[list[Scored]]
    shortlist: list[PromptSet]

    def score(self, candidates: Sequence[Candidate]) -> list[Scored]:
        entries = super().score(candidates)
        self.batches = [*getattr(self, "batches", []), entries]
        return entries


def searched(
    task: Task,
    strategy: ProApo = SMALL,
    replies: Callable[[Request], str | Reply] = librarian,
    scorer: Callable[[PromptSet], Score] = by_hash,
    seed: int = 0,
) -> Recording:
    search = Recording(replace(task, labels=(0, 1, 2) * 4), replies, scorer, seed)
    search.shortlist = strategy.run(search)
    return search


def stages(search: Recording) -> tuple[list[list[Scored]], list[list[Scored]]]:
    """The batches of the generations of stage 1 (with their start, without singles), and all of stage 2."""
    first = next(
        i for i, batch in enumerate(search.batches) if any(entry.candidate.compiled().texts[0] for entry in batch)
    )
    library = next(i for i, batch in enumerate(search.batches) if len(batch) < SMALL.children)
    return search.batches[library + 1 : first - 1], search.batches[first:]


def test_all_is_asked_once_at_the_start(task: Task) -> None:
    search = searched(task)
    assert len(search.requests) == 1 + 3 + 3
    assert "kind of image" in search.questions[0]
    assert all(f'"{name}"' in question for name, question in zip(NAMES * 2, search.questions[1:], strict=True))
    assert [request.json_schema is not None for request in search.requests] == [True] * 7
    assert search.messages[0] == (
        "proapo: domain words: animal, trap camera; 6 synonyms and 9 descriptions of usable form"
    )


def test_what_is_set_to_none_is_not_asked_and_the_users_own_domain_words_are_used(task: Task) -> None:
    search = searched(replace(task, domain=("plush toy",)), replace(SMALL, synonyms=0))
    assert len(search.requests) == 3
    templates = {template for entry in search.archive for template in entry.candidate.compiled().templates}
    assert "a plush toy of a {}." in templates
    silent = searched(task, replace(SMALL, synonyms=0, descriptions=0, domain_words=0))
    assert silent.requests == []
    assert silent.messages[-1].startswith("warning: proapo: there is no text for any class")


def test_nothing_is_scored_twice(task: Task) -> None:
    search = searched(task)
    fingerprints = [candidate.fingerprint for candidate in search.scored]
    assert len(fingerprints) == len(set(fingerprints)) == len(search.archive)


def test_templates_that_clearly_lose_against_the_photo_never_have_children(task: Task) -> None:
    bad = "a tattoo of a {}."

    def scorer(candidate: PromptSet) -> Score:
        losses: dict[tuple[str, ...], float] = {(PHOTO_TEMPLATE,): 0.0, (bad,): 3 / 12}
        loss = losses.get(candidate.templates, 2 / 12)
        return plain_score(0.5 - loss, cross_entropy=by_hash(candidate).cross_entropy)

    search = searched(task, replace(SMALL, keep=0), scorer=scorer)
    used = {
        t
        for entry in search.archive
        for t in entry.candidate.compiled().templates
        if len(entry.candidate.compiled().templates) > 1
    }
    assert bad not in used
    assert len(used) > 100, "the others lose 2/N, and that is not enough"


def test_only_the_best_templates_are_kept_if_so_told(task: Task) -> None:
    search = searched(task, replace(SMALL, keep=5))
    singles = [entry for entry in search.archive if len(entry.candidate.compiled().templates) == 1]
    best = {entry.candidate.compiled().templates[0] for entry in sorted(singles, key=lambda entry: entry.rank_key)[:5]}
    used = {
        t
        for entry in search.archive
        for t in entry.candidate.compiled().templates
        if len(entry.candidate.compiled().templates) > 1
    }
    assert used <= best


def test_stage_one_starts_from_four_singles_and_keeps_to_its_numbers(task: Task) -> None:
    first, _ = stages(searched(task))
    assert [len(entry.candidate.compiled().templates) for entry in first[0]] == [1, 1, 1, 1]
    assert len(first) == 1 + SMALL.generations
    assert all(0 < len(batch) <= 4 * 3 * 8 + 8 + 16 for batch in first[1:])


def test_children_come_from_the_four_fittest_of_all_before_them(task: Task) -> None:
    """Without mutations and crossovers every child is one edit away from one of them."""
    search = searched(task, replace(SMALL, mutations=0, crossovers=0))
    first, _ = stages(search)
    before: list[Scored] = []
    for batch, following in pairwise(first):
        before += batch
        parents = sorted(before, key=lambda entry: entry.rank_key)[:4]
        for child in following:
            own = set(child.candidate.compiled().templates)
            steps = [own ^ set(parent.candidate.compiled().templates) for parent in parents]
            assert any(len(step) <= 2 for step in steps)


def test_the_last_generation_can_win(task: Task) -> None:
    """Every candidate is better than all before it."""
    clock = iter(range(10**6))
    search = searched(task, scorer=lambda _: plain_score(next(clock) / 10**5))
    assert search.shortlist[0] == search.scored[-1]
    first, second = stages(search)
    own = second[0][1].candidate.compiled()
    assert own.fingerprint == first[-1][-1].candidate.fingerprint, "stage 2 begins with the last child of stage 1"


def test_a_single_template_can_win_stage_one(task: Task) -> None:
    best = "a tattoo of the {}."
    search = searched(task, scorer=lambda c: plain_score(0.9 if c.templates == (best,) else 0.5))
    assert search.shortlist[0].templates == (best,)
    _, second = stages(search)
    assert {text[: len("a tattoo")] for entry in second[0] for text in entry.candidate.compiled().texts[0]} == {
        "a tattoo"
    }


def test_stage_two_begins_with_all_texts_the_names_and_two_kinds_of_draws(task: Task) -> None:
    reply = "\n".join(f"It has {i} legs, and a tail." for i in range(7))
    search = searched(task, replace(SMALL, samples=16, synonyms=0, descriptions=7), replies=lambda _: reply)
    _, second = stages(search)
    start = [entry.candidate.compiled() for entry in second[0]]
    n_templates = len(start[1].rendered[0])
    sizes = [[len(own) // n_templates for own in candidate.rendered] for candidate in start]
    assert sizes[:2] == [[7, 7, 7], [1, 1, 1]]
    assert 24 <= len(sizes) <= 34, "some draws are alike"
    assert {count for counts in sizes[2:] for count in counts} == {3, 4, 5, 6, 7}
    assert any(len(set(counts)) > 1 for counts in sizes[2:12])
    assert all(len(set(counts)) == 1 for counts in sizes[-6:])


def test_winning_templates_stay_and_only_classes_of_a_group_change(task: Task) -> None:
    search = searched(task)
    _, second = stages(search)
    templates = sorted(second[0][1].candidate.rendered[2])
    for entry in (entry for batch in second for entry in batch):
        for name, own in zip(NAMES, entry.candidate.compiled().rendered, strict=True):
            known = [f"{name} the first", f"wild {name}", name]
            assert all(any(text.startswith(t.replace("red fox", k)) for t in templates for k in known) for text in own)


def test_more_rounds_and_groups_search_longer_and_no_groups_not_at_all(task: Task) -> None:
    none, one, two = (
        searched(task, replace(SMALL, groups=groups, rounds=rounds)) for groups, rounds in ((0, 1), (1, 1), (1, 2))
    )
    assert len(none.archive) < len(one.archive) < len(two.archive)


def test_the_users_and_the_best_texts_are_items(task: Task) -> None:
    start = PromptSet.of(task.classes, ["my own {}"], {"n01": ["a photo of a cat. It sits on my sofa."]})
    search = Recording(replace(task, start=(start,), labels=(0, 1, 2) * 4), librarian, by_hash)
    cupl = PromptSet.of(task.classes, texts={c.id: [f"A {c.name} has eyes."] for c in task.classes})
    search.score([cupl])
    SMALL.run(search)
    assert any(entry.candidate.compiled().templates == ("my own {}",) for entry in search.archive)
    texts = {text for entry in search.archive for own in entry.candidate.compiled().texts for text in own}
    assert any(text.endswith("cat. It sits on my sofa.") for text in texts)
    assert any(text.endswith("owl. A owl has eyes.") for text in texts)


def test_texts_beyond_the_context_are_left_out_and_counted(task: Task) -> None:
    search = searched(replace(task, fits=lambda text: len(text.split()) <= 9))
    assert all(len(text.split()) <= 9 for c in search.scored for own in c.rendered for text in own)
    (message,) = [message for message in search.messages if "left out" in message]
    assert int(message.split()[1]) > 0


def test_a_class_without_a_usable_reply_stays_at_its_names(task: Task) -> None:
    def silent_on_owls(request: Request) -> str:
        question = request.messages[-1].content
        return "" if '"owl"' in question and "kind of image" not in question else librarian(request)

    search = searched(task, replies=silent_on_owls)
    assert search.messages[0] == "proapo: 5 of 7 replies held a usable list (asked again: 2)"
    assert search.messages[1].endswith("; nothing for 1 classes, e.g. n02")
    _, second = stages(search)
    owls = {entry.candidate.compiled().rendered[1] for batch in second for entry in batch}
    assert len(owls) == 1
    cats = {entry.candidate.compiled().rendered[0] for batch in second for entry in batch}
    assert len(cats) > 10


def test_replies_that_the_budget_did_not_cover_do_no_harm(task: Task) -> None:
    search = searched(task, replies=lambda _: Reply("", finish="budget"))
    assert len(search.shortlist) == SHORTLIST


def test_the_shortlist_is_the_best_of_the_archive_that_differ_and_the_winner_of_stage_one(task: Task) -> None:
    def described(candidate: PromptSet) -> Score:
        score = by_hash(candidate)
        return replace(score, top1=score.top1 + 1) if any("." in t[:-1] for t in candidate.texts[0]) else score

    search = searched(task, scorer=described)
    templates_only = [entry for entry in search.archive if entry.candidate.compiled().shared_only]
    best = min(templates_only, key=lambda entry: entry.rank_key)
    assert best.fitness < search.archive.best(SHORTLIST)[-1].fitness
    assert search.shortlist[-1].fingerprint == best.candidate.fingerprint
    ranked = [entry.candidate for entry in search.archive.best(200)]
    assert search.shortlist[0] == ranked[0]
    assert [ranked.index(candidate) for candidate in search.shortlist[:-1]] == sorted(
        ranked.index(candidate) for candidate in search.shortlist[:-1]
    )
    pairs = combinations(search.shortlist[:-1], 2)
    assert not any(texts_alike(one, other) for one, other in pairs)


def test_only_what_it_found_itself_is_handed_over(task: Task) -> None:
    better = [PromptSet.of(task.classes, texts={c.id: [f"{i}"] for c in task.classes}) for i in range(SHORTLIST)]
    search = Recording(task, librarian, lambda c: plain_score(1.0) if c in better else by_hash(c))
    search.score(better)
    shortlist = SMALL.run(search)
    assert len(shortlist) == SHORTLIST
    assert not set(shortlist) & set(better)


def test_without_a_budget_for_questions_it_searches_what_is_at_hand(task: Task) -> None:
    def broke(_: Request) -> str:
        raise BudgetReached("the limit of 3 calls is reached")

    own = PromptSet.of(task.classes, ["{}"], {"n01": ["It purrs at night."], "n02": ["It has large eyes."]})
    search = searched(replace(task, start=(own,)), replies=broke)
    assert search.messages[0] == "proapo: nothing was asked: the limit of 3 calls is reached"
    assert any("It purrs at night." in text for c in search.scored for text in c.rendered[0])
    assert len(search.shortlist) == SHORTLIST


@pytest.mark.parametrize(
    "strategy",
    [
        SMALL,
        ProApo(generations=2, group_generations=1, rounds=2),
        ProApo(generations=1, children=7, edits=2, domain_words=0, synonyms=0),
        ProApo(generations=1, parents=1, edits=0, mutations=1, crossovers=0, groups=0, samples=0),
        ProApo(generations=1, group_generations=3, domain_words=4, descriptions=0, groups=1),
    ],
)
def test_the_plan_bounds_what_happens(task: Task, strategy: ProApo) -> None:
    own = PromptSet.of(task.classes, [f"{i} of my own {{}}" for i in range(7)], {"n01": ["A cat purrs at night."]})
    search = searched(replace(task, start=(own, own)), strategy)
    plan = strategy.plan(search.task)
    assert plan.llm_calls == 2 * len(search.requests), "each may be asked twice"
    assert plan.evaluations >= len(search.scored)


def record(search: Recording) -> object:
    return search.shortlist, list(search.archive), search.requests, search.messages


def test_a_run_is_a_function_of_settings_seed_replies_and_scores(task: Task) -> None:
    first, again, other = (record(searched(task, seed=seed)) for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_shuffled_start_files_give_the_same_run(task: Task) -> None:
    templates = [f"{i} of my own {{}}" for i in range(9)]
    texts = [f"A cat has {i} lives or more." for i in range(9)]
    runs = []
    for shuffle in (False, True):
        if shuffle:
            random.Random(1).shuffle(templates)
            random.Random(2).shuffle(texts)
        files = [PromptSet.of(task.classes, templates), PromptSet.of(task.classes, ["{}"], {"n01": texts})]
        runs.append(searched(replace(task, start=tuple(files[:: -1 if shuffle else 1]))))
    assert [s.fingerprint for s in runs[0].scored] == [s.fingerprint for s in runs[1].scored]
    assert runs[0].messages == runs[1].messages


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(reply=st.text(max_size=200) | st.sampled_from(HOSTILE))
def test_no_reply_however_bad_ends_a_run(task: Task, reply: str) -> None:
    tiny = ProApo(generations=1, group_generations=1, groups=1, rounds=1, keep=4, samples=1, edits=1, crossovers=1)
    search = searched(task, tiny, replies=lambda _: reply)
    assert len(search.shortlist) == SHORTLIST
    assert all(c.rendered for c in search.shortlist)


@pytest.mark.parametrize("n_classes", [1, 2, 3, 12])
def test_few_and_many_classes_run_with_and_without_labels(n_classes: int) -> None:
    classes = tuple(ClassLabel(f"n{i:02}", f"thing {i}") for i in range(n_classes))
    task = Task(classes, n_classes, fits=lambda text: len(text) < 99)
    reply = "It has a round and red top.\nIt stands on four legs."
    for labels in ((), tuple(range(n_classes))):
        search = ScriptedSearch(replace(task, labels=labels), lambda _: reply, by_hash)
        assert len(SMALL.run(search)) == SHORTLIST


def test_a_context_too_short_for_any_template_leaves_the_names(task: Task) -> None:
    search = searched(replace(task, fits=lambda text: len(text.split()) <= 2), replace(SMALL, synonyms=0))
    assert [candidate.render(2) for candidate in search.shortlist] == [("red fox",)]


@pytest.mark.parametrize("name", [field.name for field in fields(ProApo)])
def test_settings_that_make_no_sense_are_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=f"proapo: {name} must be at least"):
        ProApo(**{name: -1})


@pytest.mark.parametrize("name", ["generations", "parents", "children", "group_generations", "rounds"])
def test_some_settings_must_not_be_zero(name: str) -> None:
    with pytest.raises(SettingsError, match="at least 1, got 0"):
        ProApo(**{name: 0})

"""IPO: what the memory shows, what captions do, what is handed over."""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from evaluators import PHOTO_TEMPLATE, PromptSet, Score
from optimizers import Ipo, Request, Task
from optimizers.errors import SettingsError
from prompt_search.testing.oracle_world import offered_among_noise, oracle_world
from prompt_search.testing.scripted_search import ScriptedSearch, plain_score


def by_hash(candidate: PromptSet) -> Score:
    """Few accuracies, so that losses decide."""
    rng = random.Random(candidate.fingerprint)
    return plain_score(rng.randrange(4) / 10, cross_entropy=rng.randrange(1, 1000) / 1000)


def tagged() -> Callable[[Request], str]:
    counter: Iterator[int] = iter(range(10**6))
    return lambda _: f"Here: <INS>view {next(counter)} of a {{}}.</INS>"


def memory(question: str) -> list[tuple[str, float, float]]:
    entries = re.findall(r"^template: (.*)\naccuracy: (.*) %\nloss: (.*)$", question, re.M)
    return [(template, float(top1), float(loss)) for template, top1, loss in entries]


def test_the_memory_holds_the_best_by_accuracy_then_loss_ascending(task: Task) -> None:
    search = ScriptedSearch(task, tagged(), by_hash)
    Ipo(steps=2, samples=20, memory=6).run(search)
    scores = {c.templates[0]: by_hash(c) for c in search.scored_alone[:21]}
    ranked = sorted(scores, key=lambda template: (-scores[template].top1, scores[template].cross_entropy))
    shown = memory(search.questions[-1])
    assert shown == [(t, round(100 * scores[t].top1, 1), scores[t].cross_entropy) for t in ranked[:6]][::-1]


def test_the_memory_begins_with_the_first_template(task: Task) -> None:
    search = ScriptedSearch(task, tagged(), lambda _: plain_score(0.25, cross_entropy=1.23456))
    Ipo(steps=1, samples=1).run(search)
    assert memory(search.questions[0]) == [(PHOTO_TEMPLATE, 25.0, 1.235)]


def test_templates_worse_than_the_first_are_forgotten_when_better_ones_fill_the_memory(task: Task) -> None:
    def score(candidate: PromptSet) -> Score:
        number = re.search(r"\d+", candidate.templates[0])
        return plain_score(0.5 if number is None else 0.2 if int(number[0]) < 4 else 0.8)

    search = ScriptedSearch(task, tagged(), score)
    Ipo(steps=3, samples=4, memory=4).run(search)
    shown = [[top1 for _, top1, _ in memory(search.questions[i])] for i in (0, 4, 8)]
    assert shown == [[50.0], [20.0, 20.0, 20.0, 50.0], [80.0] * 4]


def test_without_captions_it_runs_on_text_and_says_so(task: Task) -> None:
    search = ScriptedSearch(task, tagged())
    Ipo(steps=1, samples=1).run(search)
    assert search.messages[0] == "ipo: no descriptions of images, so it ran on text alone"
    assert "images show:" not in search.questions[0]


def test_captions_are_shown_as_data(task: Task) -> None:
    search = ScriptedSearch(task, tagged(), captions=['a cat\non a "mat"', "y" * 500])
    Ipo(steps=1, samples=1).run(search)
    cut = "y" * 200
    assert f'What some of the images show:\n"a cat on a \'mat\'"\n"{cut}"\n\n' in search.questions[0]
    assert not any("text alone" in message for message in search.messages)


def test_of_many_captions_a_few_are_drawn_by_seed_and_kept(task: Task) -> None:
    captions = [f"animal {i} on grass" for i in range(50)]
    shown = []
    for seed in (0, 0, 1):
        search = ScriptedSearch(task, tagged(), seed=seed, captions=captions)
        Ipo(steps=2, samples=1, captions=7).run(search)
        lists = [re.findall(r'"(animal .*)"', question) for question in search.questions]
        assert lists[0] == lists[1] == sorted(lists[0], key=captions.index)
        shown.append(lists[0])
    assert shown[0] == shown[1] != shown[2]
    assert len(set(shown[0])) == 7


def test_captions_can_be_switched_off(task: Task) -> None:
    search = ScriptedSearch(task, tagged(), captions=["a cat on a mat"])
    Ipo(steps=1, samples=1, captions=0).run(search)
    assert "mat" not in search.questions[0]


def test_the_samples_of_a_step_are_equal_requests(task: Task) -> None:
    search = ScriptedSearch(task, tagged(), by_hash)
    Ipo(steps=2, samples=3, temperature=0.4, max_tokens=33).run(search)
    assert [len(set(search.requests[i : i + 3])) for i in (0, 3)] == [1, 1]
    assert {(r.temperature, r.max_tokens) for r in search.requests} == {(0.4, 33)}
    assert [len(search.requests[i].messages) for i in (0, 3)] == [3, 7], "one template is known, then three and more"
    assert (Ipo().steps, Ipo().samples, Ipo().memory, Ipo().temperature) == (20, 8, 30, 1.0)


def test_duplicates_and_replies_without_a_template_are_dropped(task: Task) -> None:
    replies = ["<INS>new {}</INS>", "<INS>no place</INS>", "", "<INS>new {}</INS>", '{"template": "other {}."}']
    search = ScriptedSearch(task, replies)
    Ipo(steps=1, samples=5).run(search)
    assert [c.templates[0] for c in search.scored_alone] == [PHOTO_TEMPLATE, "new {}", "other {}."]
    assert search.messages[-1] == "ipo: 3 of 5 replies held a usable template (asked again: 2)"


def test_the_fittest_is_the_first_of_the_shortlist(task: Task) -> None:
    search = ScriptedSearch(task, tagged(), by_hash)
    shortlist = Ipo(steps=4, samples=5).run(search)
    assert shortlist[0] == search.archive.best(1)[0].candidate


def test_confusions_of_the_best_are_told_if_wanted(task: Task) -> None:
    def score(candidate: PromptSet) -> Score:
        return replace(plain_score(0.9), confusions=((0, 1, 10),), recall=(0.8, 1.0, 1.0))

    search = ScriptedSearch(replace(task, feedback="confusions"), tagged(), score)
    Ipo(steps=1, samples=1).run(search)
    assert '10 images of "cat" taken for "owl"' in search.questions[0]


@pytest.mark.parametrize("seed", range(3))
def test_it_finds_the_best_template_of_the_oracle(tmp_path: Path, seed: int) -> None:
    world = oracle_world(tmp_path, seed=seed)
    llm = offered_among_noise([world.best], every=31, seed=seed, wrap=lambda text: f"<INS>{text}</INS>")
    assert Ipo().run(world.search(llm, seed))[0].templates == (world.best,)


@pytest.mark.parametrize("settings", [Ipo(steps=1, samples=1), Ipo(steps=7, samples=3)])
@pytest.mark.parametrize("usable", [True, False])
def test_the_plan_bounds_what_happens(task: Task, settings: Ipo, usable: bool) -> None:
    search = ScriptedSearch(task, tagged() if usable else (), by_hash)
    settings.run(search)
    assert settings.plan(task).llm_calls == len(search.requests) * (2 if usable else 1)
    assert settings.plan(task).evaluations >= len(search.scored_alone)


def test_a_run_is_a_function_of_settings_seed_replies_and_scores(task: Task) -> None:
    runs = []
    for _ in range(2):
        search = ScriptedSearch(task, tagged(), by_hash, captions=["a cat", "an owl"])
        runs.append((Ipo(steps=3, samples=4).run(search), list(search.archive), search.requests, search.messages))
    assert runs[0] == runs[1]


@pytest.mark.parametrize("reply", ["", "{", "<INS>", "<INS>{} {}</INS>", "</INS>{}<INS>", "\ud800", "I'm sorry."])
def test_hostile_replies_leave_the_first_template(task: Task, reply: str) -> None:
    shortlist = Ipo(steps=2, samples=2).run(ScriptedSearch(task, lambda _: reply))
    assert [built.templates for built in shortlist] == [(PHOTO_TEMPLATE,)]


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"memory": 0}, {"captions": -1}, {"temperature": -0.1}])
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        Ipo(**wrong)  # type: ignore[arg-type]

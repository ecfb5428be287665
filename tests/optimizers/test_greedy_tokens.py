"""Greedy search over tokens: what joins a text, what is left out, and what a prior costs."""

import json
from pathlib import Path

import pytest

from evaluators import PromptSet
from optimizers import GreedyTokens, Reply, Request
from optimizers.errors import SettingsError
from optimizers.likelihood import likelihood_request, opening, template_as_text, tokens_in
from optimizers.strategies import strategy_class
from prompt_search.testing.oracle_world import OracleWorld, oracle_world

VISIBLE = {"badger": "badger striped", "cat": "cat whiskers", "owl": "owl feathers"}
OFFERED = [["{}", -0.1], ["\n", -0.1], [".", -0.2], [" striped", -1.0], [" whiskers", -2.0], [" feathers", -3.0]]


def offering(request: Request) -> Reply:
    return Reply(json.dumps([*OFFERED, [" dim", -0.5]]))


@pytest.fixture
def world(tmp_path: Path) -> OracleWorld:
    """Pictures of a class show one word beside the name; no words are keywords."""
    return oracle_world(tmp_path, best="{}", visible=VISIBLE, noise=1.0)


def test_each_class_gets_the_word_that_its_pictures_show(world: OracleWorld) -> None:
    found = GreedyTokens(length=1, prior=0).run(world.search(offering))[0]
    for label, texts in zip(found.classes, found.texts, strict=True):
        assert VISIBLE[label.name].split()[1] in texts[0]


def test_what_ends_a_line_or_is_no_word_never_joins_a_text(world: OracleWorld) -> None:
    search = world.search(offering)
    GreedyTokens(length=2, prior=0).run(search)
    texts = {text for prompts in search.scored for own in prompts.rendered for text in own}
    assert len(texts) > 5
    assert not any("{}" in text or "\n" in text or ".." in text for text in texts)


def test_a_dear_enough_prior_lets_nothing_join(world: OracleWorld) -> None:
    free, dear = (GreedyTokens(length=1, prior=prior).run(world.search(offering)) for prior in (0.0, 1000.0))
    assert len(free) > 1
    assert [prompts.rendered for prompts in dear] == [PromptSet.of(world.task.classes, ["a photo of a {}."]).rendered]


def test_the_template_alone_may_grow(world: OracleWorld) -> None:
    search = world.search(offering)
    found = GreedyTokens(length=2, grow="template", prior=0).run(search)
    assert all(prompts.shared_only for prompts in found)
    assert len(search.requests) <= 2


def test_it_asks_no_more_than_planned_and_replies_of_any_kind_do_no_harm(world: OracleWorld) -> None:
    for text in ("", "I'm sorry", "{}", '[["a", NaN]]', '[["a"]]', "[" * 5000, '[[" a", 3]]', "null"):
        search = world.search([text] * 200)
        found = GreedyTokens(length=2).run(search)
        assert found[0].templates == ("a photo of a {}.",) or not found[0].shared_only
        plan = GreedyTokens(length=2).plan(world.task)
        assert len(search.requests) <= plan.llm_calls
        assert len(search.scored) <= plan.evaluations


def test_it_needs_a_model_that_tells_likelihoods_and_knows_its_ranges() -> None:
    assert GreedyTokens().needs == {"likelihood"}
    assert strategy_class("greedy-tokens") is GreedyTokens
    with pytest.raises(SettingsError, match="greedy-tokens: prior"):
        GreedyTokens(prior=-1)


def test_a_likelihood_makes_another_request_and_is_recorded() -> None:
    given, asked = likelihood_request(opening("cat"), "a cat\n"), likelihood_request(opening("cat"), top=5)
    assert given.to_json()["likelihood"] == {"text": "a cat\n", "top": 1}
    assert asked.to_json()["likelihood"] == {"text": "", "top": 5}
    assert given.max_tokens == len("a cat\n")


def test_templates_that_name_the_stand_in_stay_apart_from_those_that_do_not() -> None:
    templates = ["a {} of a thing.", "a thing of a {}.", "a thing of a thing {}", "a {} of a {}."]
    assert len({template_as_text(template) for template in templates}) == len(templates)


def test_a_probability_above_one_is_no_reply() -> None:
    assert tokens_in('[["a", 0.0000001]]') == [("a", 0.0)]
    assert tokens_in('[["a", 0.5]]') == []

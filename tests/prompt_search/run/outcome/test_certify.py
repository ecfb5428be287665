"""A certificate of a run: priced before the test is read, replayed offline, refused or left out with the reason."""

import json
import math

import pytest

from evaluators import PromptSet
from optimizers import Cupl, GreedyTokens, Sample
from optimizers.language_model import Ability
from prompt_search.errors import SettingsError
from prompt_search.run.config import RunConfig
from prompt_search.run.journal.journal import read_records
from prompt_search.run.outcome.certify import prior_nats
from prompt_search.run.run import Run
from tests.fakes.scripted_model import ScriptedModel
from tests.prompt_search.conftest import World, plausible

CLASSES = {"cat": "cat", "dog": "dog"}


class Telling(ScriptedModel):
    """Tells that every token of a text costs a nat, a word a token."""

    abilities: frozenset[Ability] = frozenset({"likelihood"})

    def __init__(self, silent: bool = False) -> None:
        super().__init__(self._said)
        self._silent = silent

    def _said(self, sample: Sample) -> str:
        stated = sample.request.likelihood
        if stated is None:
            return plausible(sample)
        if self._silent:
            return "no"
        words = stated.text.split(" ") if stated.text else ["small", "bright", "round"]
        return json.dumps([[f" {word}", -1.0] for word in words])


def test_a_run_with_a_certificate_prices_the_winner_before_test_is_read(world: World) -> None:
    result = world.run(answer=Telling(), certificate=True)
    certificate = result.certificate
    assert certificate is not None
    assert certificate.n == 18
    assert certificate.nats > 0
    kinds = [record.event.kind for record in read_records(result.folder / "journal.jsonl")]
    assert kinds.index("winner") < kinds.index("certificate") < kinds.index("test")
    assert any(line.startswith("Certificate (Occam bound") for line in result.remarks())
    assert result.to_json()["certificate"]["nats"] == certificate.nats


def test_without_the_option_nothing_of_it_is_asked_or_told(world: World) -> None:
    result = world.run(answer=Telling())
    assert result.certificate is None
    assert "certificate" not in result.to_json()
    assert not any("Certificate" in line for line in result.remarks())


def test_a_replay_comes_to_the_same_certificate_without_a_language_model(world: World) -> None:
    result = world.run(answer=Telling(), certificate=True, strategy=GreedyTokens(length=2, prior=0))
    strategies = [GreedyTokens(length=2, prior=0)]
    again = Run.open(result.folder, model=world.model, llm=Telling(), strategies=strategies).replay(
        world.folder / "again"
    )
    assert again.certificate == result.certificate
    assert again.prompts == result.prompts
    assert again.to_json()["cost"] == result.to_json()["cost"]


def test_a_model_that_tells_no_likelihoods_is_refused_before_anything_is_asked(world: World) -> None:
    model = ScriptedModel(plausible)
    with pytest.raises(SettingsError, match="a certificate needs a language model that tells how likely"):
        world.run(answer=model, certificate=True)
    with pytest.raises(SettingsError, match="greedy-tokens with these settings needs likelihood"):
        world.run(answer=model, strategy=GreedyTokens())
    assert model.asked == []


def test_a_model_that_does_not_tell_after_all_leaves_the_certificate_out_with_a_note(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that the winner needs a price even if it is a general template.
    monkeypatch.setattr("prompt_search.run.outcome.certify._known", lambda name: frozenset())
    result = world.run(answer=Telling(silent=True), certificate=True, strategy=Cupl(samples=2))
    assert result.certificate is None
    assert any(note.startswith("no certificate: the language model did not tell") for note in result.notes)


def test_the_option_is_part_of_what_a_run_is() -> None:
    assert RunConfig.of("photos", certificate=True) != RunConfig.of("photos")


def test_general_templates_are_cheap_and_other_texts_cost_what_the_model_says() -> None:
    general = prior_nats(PromptSet.of(CLASSES, ["a photo of a {}."]), {})
    assert general is not None
    assert 4 < general < 10
    own = PromptSet.of(CLASSES, texts={"cat": ["a cat with whiskers."], "dog": ["a photo of a dog."]})
    assert prior_nats(own, {}) is None
    few, many = (prior_nats(own, {("cat", "a cat with whiskers."): nats}) for nats in (10.0, 25.0))
    assert few is not None
    assert many == pytest.approx(few + 15)


def test_the_order_of_texts_is_not_paid_for() -> None:
    one, two = (
        prior_nats(PromptSet.of(CLASSES, templates), {})
        for templates in (["a photo of a {}."], ["a photo of a {}.", "a drawing of a {}."])
    )
    assert one is not None
    assert two is not None
    known = math.exp(one - 4 * math.log(2))  # the cost of one template without its choices of two
    assert two - one == pytest.approx(math.log(2 * known), abs=1e-6)
    assert two - one < one


def test_priors_of_all_small_sets_of_general_templates_sum_to_less_than_one() -> None:
    """What makes the bound hold: sets of one and two known templates, by count."""
    one = prior_nats(PromptSet.of(CLASSES, ["a photo of a {}."]), {})
    two = prior_nats(PromptSet.of(CLASSES, ["a photo of a {}.", "a drawing of a {}."]), {})
    assert one is not None
    assert two is not None
    known = 82
    assert known * math.exp(-one) + known * (known - 1) / 2 * math.exp(-two) < 0.5

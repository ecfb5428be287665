"""Limits of tokens, money and time: how they end a run, and how it goes on."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from optimizers import Cupl, Reply, Sample
from prompt_search.errors import LanguageModelRejected, SettingsError
from prompt_search.llm.api.openai_compatible import OpenAICompatible
from prompt_search.llm.api.sample_call import Patience
from prompt_search.run.journal.differences import compare_runs
from prompt_search.run.money.budget import Budget
from prompt_search.run.money.ledger import LEDGER, Ledger
from tests.fakes.openai_server import PATIENT, Late, OpenAIServer, refuse
from tests.fakes.scripted_model import ScriptedModel
from tests.prompt_search.conftest import World, plausible


def test_a_limit_of_tokens_ends_the_run_properly(world: World) -> None:
    result = world.run(budget=Budget(max_total_tokens=900))
    assert result.stopped_by is not None
    assert re.fullmatch(r"the limit of 900 tokens has no room for another call, which .* \d+, .*", result.stopped_by)
    assert result.prompts_file.exists()
    assert 0 < result.cost.prompt_tokens + result.cost.completion_tokens <= 900


def test_a_limit_of_money_ends_the_run_within_it(world: World) -> None:
    result = world.run(budget=Budget(max_cost=0.011), price=(10.0, 30.0))
    assert result.stopped_by is not None
    assert result.stopped_by.startswith("the limit of $0.011 has no room for another call, which may use up to $0.0")
    assert result.cost.usd is not None
    assert 0 < result.cost.usd <= 0.011


def test_a_limit_of_money_without_a_known_price_is_refused_before_anything_is_asked(world: World) -> None:
    model = ScriptedModel(plausible)
    with pytest.raises(SettingsError, match="state the price"):
        world.run(answer=model, budget=Budget(max_cost=1.0))
    assert model.asked == []
    assert not (world.folder / "run" / "journal.jsonl").exists()


def test_time_that_is_up_ends_the_run_with_what_there_is(world: World) -> None:
    result = world.run(budget=Budget(max_time=0.0))
    assert result.stopped_by == "the limit of 0 s is reached"
    assert result.found_by == "baseline"
    assert result.cost.llm_calls == 0


def test_a_server_that_never_answers_does_not_hold_up_a_limit_of_time(world: World) -> None:
    late = Late()
    with OpenAIServer(lambda _: late) as server:
        model = OpenAICompatible("tiny", server.url, patience=Patience(timeout=PATIENT))
        result = world.run(answer=model, budget=Budget(max_time=2.0))
    assert result.stopped_by == "the limit of 2 s is reached"
    assert not late.waited_for


def test_a_wrong_key_uses_up_nothing_of_a_limit_of_money(world: World) -> None:
    limits: dict[str, Any] = {"strategy": Cupl(samples=2), "budget": Budget(max_cost=0.2), "price": (1.0, 1.0)}
    with OpenAIServer([refuse(401, "wrong key")] * 9) as server:
        model = OpenAICompatible("tiny", server.url, concurrency=4)
        with pytest.raises(LanguageModelRejected, match="key"):
            world.run(answer=model, **limits)
        assert Ledger(world.folder / "run" / LEDGER, None).tokens == 0


def test_a_larger_limit_reopens_what_money_ended_and_the_same_one_does_not(world: World) -> None:
    limited = world.run(strategy=Cupl(samples=2), budget=Budget(max_cost=0.011), price=(10.0, 30.0))
    again = world.run(strategy=Cupl(samples=2), budget=Budget(max_cost=0.011), price=(10.0, 30.0))
    assert (again.to_json(), again.test_reads) == (limited.to_json(), 1)
    more = world.run(strategy=Cupl(samples=2), budget=Budget(max_cost=5.0), price=(10.0, 30.0))
    assert more.stopped_by is None
    assert more.test_reads == 2
    assert more.cost.llm_calls == 3 * 3 * 2


def test_cost_is_given_by_phase_and_in_total(world: World) -> None:
    result = world.run(price=(1.0, 2.0))
    first, second = result.cost.phases
    assert (first.phase, second.phase) == ("cupl", "hill-climb")
    assert result.cost.usd == pytest.approx((first.usd or 0) + (second.usd or 0))
    assert first.usd == pytest.approx((first.prompt_tokens + 2 * first.completion_tokens) / 1e6)


def test_replies_from_the_cache_count_as_calls_but_are_not_paid_for(world: World) -> None:
    cold = world.run("cold", cache_dir=world.folder / "cache", price=(1.0, 1.0))
    warm = world.run("warm", cache_dir=world.folder / "cache", price=(1.0, 1.0))
    assert compare_runs(cold.folder, warm.folder) == []
    assert warm.cost == cold.cost
    used = [json.loads(line).get("used") for line in (warm.folder / "ledger.jsonl").read_text().splitlines()]
    assert {tuple(each) for each in used if each} == {(0, 0)}


def test_without_the_cache_every_reply_is_asked_for(world: World) -> None:
    first, second = ScriptedModel(plausible), ScriptedModel(plausible)
    world.run("one", answer=first, cache_dir=world.folder / "cache", use_cache=False)
    world.run("two", answer=second, cache_dir=world.folder / "cache", use_cache=False)
    assert first.asked == second.asked
    assert not list((world.folder / "cache").glob("completions*"))


def test_without_the_cache_a_reply_that_arrived_is_not_asked_for_again(world: World) -> None:
    def interrupted(sample: Sample) -> str:
        if len(model.asked) == 3:
            raise KeyboardInterrupt
        return plausible(sample)

    model = ScriptedModel(interrupted)
    with pytest.raises(KeyboardInterrupt):
        world.run(answer=model, use_cache=False)
    again = ScriptedModel(plausible)
    world.run(answer=again, use_cache=False)
    assert not {*model.asked[:2]} & {*again.asked}


def test_what_a_filter_turned_away_is_recorded_alike_with_and_without_a_warm_cache(world: World) -> None:
    class Filtered(ScriptedModel):
        def complete(self, samples: Sequence[Sample], on_reply: Callable[[int, Reply], None]) -> None:
            super().complete(samples, lambda index, _: on_reply(index, Reply("", "filter", error="not allowed")))

    given: dict[str, Any] = {"cache_dir": world.folder / "cache", "strategy": Cupl(samples=2), "max_useless": 0}
    cold = world.run("cold", answer=Filtered(plausible), **given)
    warm = world.run("warm", answer=Filtered(plausible), **given)
    assert cold.replies.filtered == warm.replies.filtered > 0
    assert compare_runs(cold.folder, warm.folder) == []


def test_the_limits_are_written_down_for_resume(world: World) -> None:
    limited = world.run(budget=Budget(max_calls=4))
    assert limited.stopped_by == "the limit of 4 language model calls is reached"
    recorded = json.loads((limited.folder / "run.json").read_text())["budget"]
    assert recorded == {"max_calls": 4, "max_total_tokens": None, "max_cost": None, "max_time": None}


def test_a_model_that_tells_no_usage_is_charged_with_the_most_it_can_have_used(world: World) -> None:
    class Silent(ScriptedModel):
        def complete(self, samples: Sequence[Sample], on_reply: Callable[[int, Reply], None]) -> None:
            super().complete(samples, lambda index, reply: on_reply(index, Reply(reply.text)))

    result = world.run(answer=Silent(plausible), budget=Budget(max_total_tokens=9_000))
    paid = [json.loads(line) for line in (result.folder / "ledger.jsonl").read_text().splitlines()]
    used = sum(entry["used"][0] for entry in paid if "used" in entry)
    assert result.stopped_by is not None
    assert 6_000 < used <= 9_000

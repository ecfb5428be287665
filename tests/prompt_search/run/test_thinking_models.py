"""Models that think before they answer, and models of which nothing comes: real HTTP, whole runs."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from optimizers import Cupl, HillClimbing, Reply, Request
from optimizers.language_model import Message
from prompt_search.errors import LanguageModelUseless
from prompt_search.llm.api.openai_compatible import OpenAICompatible
from prompt_search.run.journal.differences import compare_runs
from prompt_search.run.money.budget import Budget
from prompt_search.run.money.ledger import worst_case
from prompt_search.run.progress import Silent
from tests.fakes.openai_server import Behaviour, OpenAIServer, Received, reply, thinking
from tests.prompt_search.conftest import World
from tests.prompt_search.run.test_replay import replay

SENTENCE = "The thing is round and shiny."
CLIMB = HillClimbing(iterations=3, pool=4)


def caps(server: OpenAIServer) -> list[int]:
    return [received.body["max_tokens"] for received in server.requests]


@pytest.mark.parametrize("shown", [False, True])
def test_a_model_that_thinks_first_is_given_room_after_its_first_reply(world: World, shown: bool) -> None:
    watched = Silent()
    with OpenAIServer(lambda _: thinking(SENTENCE, 500, shown=shown)) as server:
        result = world.run(answer=OpenAICompatible("r1", server.url), strategy=Cupl(samples=2), observer=watched)
    assert caps(server) == [50] + [2050] * 18
    said = "warning: 1 of 1 replies was cut at 50 tokens: the model thinks first; asking with 2,050"
    assert said in watched.warnings
    assert said in result.notes
    assert (result.replies.cut, result.replies.usable) == (1, 18)


def test_room_that_is_not_enough_is_widened_again(world: World) -> None:
    with OpenAIServer(lambda _: thinking(SENTENCE, 5000)) as server:
        result = world.run(answer=OpenAICompatible("r1", server.url), strategy=Cupl(samples=1))
    assert caps(server) == [50, 2050] + [8050] * 9
    assert result.replies.usable == 9


def test_only_replies_that_were_cut_are_asked_for_again(world: World) -> None:
    """Of a question that goes out together some are thought about longer."""

    def script(received: Received) -> Behaviour:
        return thinking(SENTENCE, 400) if "green" in received.question else reply(SENTENCE)

    with OpenAIServer(script) as server:
        result = world.run(answer=OpenAICompatible("r1", server.url, concurrency=1), strategy=Cupl(samples=1))
    assert caps(server).count(50) == 9
    assert caps(server).count(2050) == 3
    assert result.replies.usable == 9


def test_a_run_with_a_model_that_thinks_is_replayed_and_resumed_to_the_byte(world: World, tiny_clip: str) -> None:
    answer = '{"template": "a tidy photo of a {}."}'

    def script(received: Received) -> Behaviour:
        return thinking(answer if "template" in received.question else SENTENCE, 300)

    strategies = [Cupl(samples=1), CLIMB]
    with OpenAIServer(script) as server:
        given: dict[str, Any] = {"answer": OpenAICompatible("r1", server.url), "strategy": strategies}
        first = world.run("first", **given)
        limited = world.run("second", budget=Budget(max_calls=6), **given)
        assert limited.stopped_by is not None
        resumed = world.run("second", **given)
    assert compare_runs(first.folder, replay(first, world, tiny_clip).folder) == []
    assert resumed.prompts == first.prompts
    assert resumed.cost == first.cost
    assert resumed.replies == first.replies


def test_the_raised_cap_is_reserved_and_a_limit_of_tokens_is_kept(world: World) -> None:
    with OpenAIServer(lambda _: thinking(SENTENCE, 500)) as server:
        model = OpenAICompatible("r1", server.url)
        result = world.run(answer=model, strategy=Cupl(samples=1), budget=Budget(max_total_tokens=9000), max_useless=0)
    assert caps(server) == [50]  # one more may use 8 x 2,050, which the limit has no room for
    assert result.stopped_by is not None
    assert "9000 tokens has no room for another call" in result.stopped_by
    assert worst_case(Request((Message("user", ""),), max_tokens=2050))[1] == 2050


def test_stated_room_is_given_from_the_start_and_not_changed(world: World) -> None:
    with OpenAIServer(lambda _: thinking(SENTENCE, 500)) as server:
        model = OpenAICompatible("r1", server.url)
        world.run(answer=model, strategy=Cupl(samples=1), thinking_tokens=700)
    assert caps(server) == [750] * 9


def test_a_model_that_never_comes_to_an_answer_ends_the_run(world: World) -> None:
    with OpenAIServer(lambda _: thinking(SENTENCE, 10**6)) as server:
        model = OpenAICompatible("r1", server.url)
        with pytest.raises(LanguageModelUseless, match=r"24 cut at the cap .* thinking_tokens"):
            world.run(answer=model, strategy=Cupl(samples=10))
    assert caps(server)[:4] == [50, 2050, 8050, 32050]
    assert len(caps(server)) == 3 + 24


USELESS: dict[str, tuple[Callable[[Received], Behaviour], str]] = {
    "empty": (lambda _: reply(""), r"24 empty\. Its server"),
    "refused in words": (lambda _: reply("I'm sorry, I can't help with that."), "24 refused or withheld"),
    "refused by a filter": (lambda _: reply("", "content_filter"), "24 refused or withheld"),
    "wrong form": (lambda _: reply("Yes."), "24 in another form"),
}


@pytest.mark.parametrize(("script", "said"), USELESS.values(), ids=USELESS.keys())
def test_where_nothing_usable_comes_the_run_ends_early_with_the_cause(
    script: Callable[[Received], Behaviour], said: str, world: World
) -> None:
    watched = Silent()
    with OpenAIServer(script) as server:
        model = OpenAICompatible("m", server.url)
        with pytest.raises(LanguageModelUseless, match=said):
            world.run(answer=model, strategy=Cupl(samples=10), observer=watched)
        assert len(server.requests) == 24  # of 90
    assert any(warning.startswith("warning: the last 12 replies are of no use") for warning in watched.warnings)


def test_a_run_too_short_for_that_fails_at_its_end(world: World) -> None:
    with OpenAIServer(lambda _: reply("")) as server:
        model = OpenAICompatible("m", server.url)
        with pytest.raises(LanguageModelUseless, match=r"not one of 4 replies .* 4 empty"):
            world.run(answer=model, strategy=HillClimbing(iterations=2, pool=4))


def test_a_person_may_take_such_a_result_and_set_the_limit(world: World, tiny_clip: str) -> None:
    with OpenAIServer(lambda _: reply("")) as server:
        model = OpenAICompatible("m", server.url)
        result = world.run(answer=model, strategy=Cupl(samples=10), max_useless=0)
        assert (result.replies.empty, result.replies.usable) == (90, 0)
        with pytest.raises(LanguageModelUseless):
            world.run("limited", answer=model, strategy=Cupl(samples=20), max_useless=36)
        assert len(server.requests) == 90 + 36
    assert compare_runs(result.folder, replay(result, world, tiny_clip).folder) == []


def test_when_the_server_is_mended_the_same_command_goes_on(world: World) -> None:
    with OpenAIServer([reply("")] * 24 + [reply(SENTENCE)] * 200) as server:
        model = OpenAICompatible("m", server.url)
        with pytest.raises(LanguageModelUseless):
            world.run(answer=model, strategy=Cupl(samples=10))
        result = world.run(answer=model, strategy=Cupl(samples=10))
    assert result.found_by in ("cupl", "baseline")
    assert result.replies.usable > 60


def test_a_few_useless_replies_among_usable_ones_end_nothing(world: World) -> None:
    replies = ([reply(SENTENCE)] + [reply("")] * 29) * 3
    with OpenAIServer(replies) as server:
        result = world.run(answer=OpenAICompatible("m", server.url), strategy=Cupl(samples=10))
    assert (result.replies.usable, result.replies.empty) == (3, 87)


def test_captions_are_asked_for_again_with_room(world: World) -> None:
    from optimizers import Ipo

    def script(received: Received) -> Behaviour:
        pictured = isinstance(received.body["messages"][-1]["content"], list)
        return thinking("The picture is round and red." if pictured else '{"template": "a red photo of a {}."}', 100)

    with OpenAIServer(script) as server:
        model = OpenAICompatible("m", server.url)
        result = world.run(answer=model, strategy=Ipo(steps=1, samples=2), captions=3)
    assert sorted(caps(server)) == [60] * 3 + [2060] * 3 + [2080] * 2
    assert result.replies.usable == 2


def test_the_journal_keeps_what_was_thought(world: World) -> None:
    with OpenAIServer(lambda _: thinking(SENTENCE, 10, shown=True)) as server:
        result = world.run(answer=OpenAICompatible("m", server.url), strategy=Cupl(samples=1))
    events = [json.loads(line) for line in (result.folder / "journal.jsonl").read_text().splitlines()]
    asked = [Reply(**each) for event in events if event["event"] == "ask" for each in event["replies"]]
    assert all(each.text.startswith("<think>") for each in asked)
    assert "<think>" not in json.dumps(result.prompts.to_json())

"""What a reply says of what it may have cost."""

import json

import pytest

from optimizers.errors import LanguageModelError
from optimizers.language_model import Reply
from prompt_search.llm.api.openai_compatible import OpenAICompatible
from prompt_search.llm.api.sample_call import Patience
from tests.fakes.openai_server import (
    PATIENT,
    Behaviour,
    Late,
    OpenAIServer,
    completion,
    cut_off,
    rate_limited,
    raw,
    refuse,
    reply,
    reset,
    without,
)
from tests.prompt_search.llm.samples import replies, sample

PERHAPS_BILLED: dict[str, Behaviour] = {
    "connection reset": reset,
    "connection closed in the body": cut_off,
    "half a JSON": raw(completion("a cat")[:30]),
    "an empty body": raw(b""),
    "ten megabytes": reply("x" * 10_000_000),
    "500": refuse(500, "oops"),
    "408": refuse(408, "slow"),
}
FREE: dict[str, Behaviour] = {"429": rate_limited(), "409": refuse(409, "busy")}


def model(server: OpenAIServer, concurrency: int = 32) -> OpenAICompatible:
    patience = Patience(attempts=4, longest_wait=0.01, timeout=PATIENT, head_start=0.0)
    return OpenAICompatible("tiny", server.url, concurrency=concurrency, patience=patience)


@pytest.mark.parametrize("fault", PERHAPS_BILLED.values(), ids=PERHAPS_BILLED.keys())
def test_calls_that_told_no_usage_are_counted(fault: Behaviour) -> None:
    with OpenAIServer([fault, fault, reply("a cat")]) as server:
        (found,) = replies(model(server), [sample()])
    assert (found.prompt_tokens, found.completion_tokens, found.unmetered) == (7, 3, 2)


def test_calls_that_were_not_answered_in_time_are_counted(until_time_is_up: Behaviour) -> None:
    with OpenAIServer([until_time_is_up, until_time_is_up, reply("a cat")]) as server:
        (found,) = replies(model(server), [sample()])
    assert (found.prompt_tokens, found.completion_tokens, found.unmetered) == (7, 3, 2)


@pytest.mark.parametrize("fault", FREE.values(), ids=FREE.keys())
def test_refusals_cost_nothing(fault: Behaviour) -> None:
    with OpenAIServer([fault, fault, reply("a cat")]) as server:
        assert replies(model(server), [sample()])[0].unmetered == 0


def test_learning_the_dialect_costs_nothing() -> None:
    with OpenAIServer(without("seed")) as server:
        assert replies(model(server), [sample()])[0].unmetered == 0
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "usage", [None, "many", {"prompt_tokens": 7}, {"prompt_tokens": "7", "completion_tokens": -3}, {}]
)
def test_a_reply_without_its_usage_is_unmetered(usage: object) -> None:
    body = json.loads(completion("a cat")) | {"usage": usage}
    with OpenAIServer([raw(json.dumps(body).encode())]) as server:
        (found,) = replies(model(server), [sample()])
    assert (found.text, found.completion_tokens, found.unmetered) == ("a cat", 0, 1)


def test_no_more_calls_are_made_than_the_model_says() -> None:
    with OpenAIServer([refuse(500, "oops")] * 3) as server:
        asked = model(server)
        assert replies(asked, [sample()])[0].unmetered == 3
        assert len(server.requests) == asked.attempts == 4


def test_a_prompt_that_a_filter_turned_away_may_be_billed() -> None:
    with OpenAIServer([refuse(400, "filtered", code="content_filter")]) as server:
        (found,) = replies(model(server), [sample()])
    assert (found.finish, found.unmetered) == ("filter", 1)


@pytest.mark.parametrize(
    ("fault", "billable"), [(refuse(401, "no"), 0), (refuse(409, "busy"), 0), (refuse(500, "oops"), 4)]
)
def test_a_model_that_failed_tells_which_calls_may_be_billed(fault: Behaviour, billable: int) -> None:
    with OpenAIServer([reply("a cat"), *[fault] * 4]) as server:
        asked = model(server, concurrency=1)
        with pytest.raises(LanguageModelError):
            replies(asked, [sample("one"), sample("two"), sample("three")])
    assert asked.billable == {0: 1, 1: billable}  # the third was never sent


def test_an_interrupted_call_may_be_billed() -> None:
    late = Late()
    with OpenAIServer(lambda r: late if "two" in r.question else reply("a cat")) as server:
        asked = model(server)

        def interrupt(index: int, _: Reply) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            asked.complete([sample("one"), sample("two")], interrupt)
    assert asked.billable == {0: 1, 1: 1}

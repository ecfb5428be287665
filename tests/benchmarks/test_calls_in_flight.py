"""Every call gets its own reply, and wrong ones are no figure."""

import pytest

from benchmarks.calls_in_flight import server, timed
from prompt_search.llm.api.openai_compatible import OpenAICompatible
from tests.fakes.openai_server import OpenAIServer, reply


def test_every_call_is_answered_and_timed() -> None:
    with server(delay=0.0) as address:
        seconds, processor = timed(OpenAICompatible("any", address, concurrency=4), calls=9)
    assert seconds > 0
    assert processor > 0


def test_replies_to_other_questions_are_no_figure() -> None:
    with OpenAIServer([reply("Say 7.")]) as other, pytest.raises(RuntimeError, match="not those to these questions"):
        timed(OpenAICompatible("any", other.url), calls=1)

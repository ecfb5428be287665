"""Captions: images leave the machine only when asked to, and are seen as they are."""

import base64
import io
import json
from typing import Any

from PIL import Image

import prompt_search
from optimizers import Search
from prompt_search import Resources, RunConfig
from prompt_search.llm.api.openai_compatible import OpenAICompatible
from prompt_search.report.result import Result
from prompt_search.run.journal.captions import spread
from prompt_search.run.money.budget import Budget
from tests.fakes.openai_server import Behaviour, OpenAIServer, Received, reply
from tests.prompt_search.conftest import COLOURS, World


class Looking:
    """A strategy that only looks at captions."""

    def plan(self, task: object) -> None: ...

    def run(self, search: Search) -> list[object]:
        self.seen = search.captions()
        self.again = search.captions()
        return []


def describe(received: Received) -> Behaviour:
    """Answers with the colour of the image it is shown: a server that looks."""
    (text, image) = received.body["messages"][-1]["content"]
    assert "Describe this image" in text["text"]
    kind, _, content = image["image_url"]["url"].partition(";base64,")
    assert kind == "data:image/png"
    picture = Image.open(io.BytesIO(base64.b64decode(content)))
    colours = [pixel for _, pixel in sorted(picture.getcolors(10_000) or [], key=lambda each: each[0])]
    name = next((name for name, colour in COLOURS.items() if colour == colours[-1]), "unknown")
    return reply(f"A noisy square that could be a {name.replace('_', ' ')}.")


def run(
    world: World, server: OpenAIServer, strategy: Looking, budget: Budget | None = None, **arguments: Any
) -> Result:
    return prompt_search.optimize(
        world.images,
        model=world.model,
        llm=OpenAICompatible("eyes", server.url, api_key_env="NO_SUCH_KEY"),
        strategy=strategy,  # type: ignore[arg-type]  # the least a strategy can be
        out=world.folder / "run",
        budget=budget,
        config=RunConfig.of(**arguments),
        resources=Resources(cache_dir=world.folder / "cache"),
    )


def test_the_classes_take_turns_and_every_image_is_shown_as_it_is(world: World) -> None:
    strategy = Looking()
    with OpenAIServer(describe) as server:
        result = run(world, server, strategy, captions=3, description="Small squares.")
        asked = len(server.requests)
    assert asked == 3
    assert sorted(strategy.seen) == [
        f"A noisy square that could be a {name.replace('_', ' ')}." for name in sorted(COLOURS)
    ]
    assert strategy.again == strategy.seen
    assert result.cost.phases[0].phase == "captions"


def test_no_image_is_sent_unless_captions_are_asked_for(world: World) -> None:
    strategy = Looking()
    with OpenAIServer(describe) as server:
        run(world, server, strategy)
        assert server.requests == []
    assert strategy.seen == ()


def test_captions_stay_within_the_budget(world: World) -> None:
    strategy = Looking()
    with OpenAIServer(describe) as server:
        result = run(world, server, strategy, captions=3, budget=Budget(max_calls=1))
        assert len(server.requests) == 1
        assert len(strategy.seen) == 1
        more = run(world, server, strategy, captions=3, budget=Budget(max_calls=9))
        assert len(server.requests) == 3
    assert len(strategy.seen) == 3
    assert more.stopped_by is None
    assert any("2 of 3 images got no caption" in note for note in result.notes)


def test_no_image_is_sent_when_time_is_up(world: World) -> None:
    with OpenAIServer(describe) as server:
        result = run(world, server, Looking(), captions=3, budget=Budget(max_time=0.0))
        assert server.requests == []
    assert result.stopped_by == "the limit of 0 s is reached"


def test_the_journal_holds_digests_of_images_and_a_finished_run_asks_nothing_again(world: World) -> None:
    with OpenAIServer(describe) as server:
        run(world, server, Looking(), captions=3)
        recorded = (world.folder / "run" / "journal.jsonl").read_text()
        strategy = Looking()
        run(world, server, strategy, captions=3)
        assert len(server.requests) == 3
    assert len(strategy.seen) == 3
    assert "base64" not in recorded
    event = next(e for e in map(json.loads, recorded.splitlines()) if e["event"] == "captions")
    assert [len(digest) for digest in event["pictures"]] == [64] * 3


def test_a_model_that_can_not_see_goes_without_captions_and_the_result_says_so(world: World) -> None:
    result = world.run(captions=3)
    assert any("can't look at images" in note for note in result.notes)


def test_images_are_spread_over_the_classes() -> None:
    assert spread([0, 0, 1, 1, 1], 3) == [0, 2, 1]
    assert spread([0, 0], 9) == [0, 1]

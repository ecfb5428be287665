"""A callable as the language model of a whole run."""

import hashlib
import json
import threading
from pathlib import Path
from typing import Any

import prompt_search
from optimizers import Cupl
from prompt_search import Resources, RunConfig
from tests.prompt_search.conftest import World


def sentence(messages: list[dict[str, str]]) -> str:
    """Depends on the question alone."""
    digest = hashlib.sha256(json.dumps(messages).encode()).hexdigest()
    return f"The thing is {['round', 'flat', 'long'][int(digest[0], 16) % 3]} and {digest[:4]}."


def journal(folder: Path) -> list[Any]:
    """What was asked, answered and scored, in order, without the times."""
    events = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    kept = [event for event in events if event["event"] in ("ask", "score")]
    return [{name: value for name, value in event.items() if name != "time"} for event in kept]


def test_a_run_with_calls_at_once_records_what_one_with_calls_in_turn_does(world: World) -> None:
    threads = set()

    def at_once(messages: list[dict[str, str]]) -> str:
        threads.add(threading.current_thread())
        return sentence(messages)

    prompts, journals = [], []
    for name, function, concurrency in (("turns", sentence, None), ("once", at_once, 4)):
        result = prompt_search.optimize(
            world.images,
            model=world.model,
            llm=function,
            strategy=Cupl(samples=2),
            out=world.folder / name,
            config=RunConfig(),
            resources=Resources(cache_dir=world.folder / f"cache-{name}", concurrency=concurrency),
        )
        prompts.append(result.prompts)
        journals.append(journal(result.folder))
    assert threading.main_thread() not in threads
    assert prompts[0] == prompts[1]
    assert journals[0] == journals[1]
    assert sum(len(event["replies"]) for event in journals[0] if event["event"] == "ask") > 4

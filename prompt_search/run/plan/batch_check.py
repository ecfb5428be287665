"""What is to be said of `batch` before anything is spent."""

from collections.abc import Sequence

from prompt_search.errors import SettingsError
from prompt_search.llm.batch_log import FEWEST
from prompt_search.run.config import RunConfig
from prompt_search.run.job import NamedStrategy, batch_price_of, price_of

__all__ = ["batch_notes", "batching"]


def batching(strategies: Sequence[NamedStrategy]) -> tuple[str, ...]:
    """Those of the strategies that put many questions together, by name: who has `asks_up_front`."""
    return tuple(name for name, strategy in strategies if getattr(strategy, "asks_up_front", False))


def batch_notes(config: RunConfig, strategies: Sequence[NamedStrategy], *, able: bool) -> list[str]:
    """How the run will use batches, and at which price; those a person should heed begin with `warning`.

    Args:
        able: whether the language model has a batch API.

    Raises:
        SettingsError: if it has none, or no strategy puts many questions together.
    """
    if not able:
        raise SettingsError(
            f"batch needs a server with OpenAI's batch API, which {config.llm.name} is not reached through: use "
            "openai/NAME, or NAME with a base URL, or leave batch out"
        )
    up_front = batching(strategies)
    others = sorted({name for name, _ in strategies} - {*up_front})
    if not up_front:
        raise SettingsError(
            f"batch is of no use to {', '.join(others)}: each question is made of the answers before it, and every "
            "batch may take a day; leave batch out, or take cupl, fudd, proapo or ensemble-selection"
        )
    notes = [
        f"batch: {FEWEST} questions or more put together by {' and '.join(up_front)} go to the provider as a batch, "
        "which may take up to a day; fewer are sent singly. Ctrl-C leaves a batch running: the same command goes on"
    ]
    if others:
        notes.append(
            f"warning: the questions of {', '.join(others)} come step by step: they are sent singly, at the full price"
        )
    if price_of(config) is not None and batch_price_of(config) is None:
        notes.append(
            f"warning: no batch price is known for {config.llm.name}: plan, limits and dollars count the full price"
        )
    return notes

"""What a language model costs: stated by the user, or from the table that litellm carries."""

import importlib.util
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from prompt_search.errors import SettingsError

__all__ = ["FREE", "Price", "known_batch_price", "known_price", "parse_price"]

TABLE = "model_prices_and_context_window_backup.json"
LOCAL = ("gguf:", "hf:")
PER_CALL = ("input_cost_per_request", "citation_cost_per_token")

HIGHEST = 1e12


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million prompt tokens and per million completion tokens.

    Raises:
        SettingsError: if one is negative, beyond any price, or no number.
    """

    input: float
    output: float

    def __post_init__(self) -> None:
        for value in (self.input, self.output):
            if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < HIGHEST:
                raise SettingsError(f"a price is two amounts of 0 or more, got {str(value)[:30]!r}")

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float:
        """In dollars.

        >>> Price(0.15, 0.60).cost(1_000_000, 500_000)
        0.45
        """
        return (prompt_tokens * self.input + completion_tokens * self.output) / 1e6


FREE = Price(0.0, 0.0)


def parse_price(text: str) -> Price:
    """A price as a command line gives it: `0.15,0.60`.

    Raises:
        SettingsError: if it is anything else.
    """
    try:
        paid_in, paid_out = (float(part) for part in text.split(","))
    except ValueError as error:
        raise SettingsError(f"a price is IN,OUT in dollars per million tokens, e.g. 0.15,0.60; got {text!r}") from error
    return Price(paid_in, paid_out)


def known_price(spec: str, base_url: str | None = None) -> Price | None:
    """The price of a model by its specification, or `None` if it is not known.

    A local model is free. A server of the user's own has no known price, whatever it calls its model. The table is
    a file of litellm's, read without importing it; the price of a model's reasoning tokens counts where it is higher,
    discounts and surcharges (priority, very long prompts) do not count; `known_batch_price` is that of batches. Models
    that bill for more than tokens (searches of the web, requests) have no known price.
    """
    if base_url is None and (spec == "local" or spec.startswith(LOCAL)):
        return FREE
    entry = _entry(spec, base_url)
    if entry is None:
        return None
    paid_in, paid_out = entry.get("input_cost_per_token"), entry.get("output_cost_per_token")
    if not isinstance(paid_in, int | float) or not isinstance(paid_out, int | float):
        return None
    return Price(
        round(1e6 * paid_in, 9), round(1e6 * max(paid_out, entry.get("output_cost_per_reasoning_token") or 0), 9)
    )


def known_batch_price(spec: str, base_url: str | None = None) -> Price | None:
    """The price of a model's questions in a batch, from the same table; `None` if it is not known.

    >>> known_batch_price("openai/gpt-4o-mini", "http://localhost:8000/v1") is None
    True
    """
    entry = _entry(spec, base_url) or {}
    paid_in, paid_out = entry.get("input_cost_per_token_batches"), entry.get("output_cost_per_token_batches")
    if not isinstance(paid_in, int | float) or not isinstance(paid_out, int | float):
        return None
    return Price(round(1e6 * paid_in, 9), round(1e6 * paid_out, 9))


def _entry(spec: str, base_url: str | None) -> Mapping[str, Any] | None:
    """What the table says of a model that bills for tokens only."""
    if base_url is not None or (spec.startswith("openai/") and os.environ.get("OPENAI_BASE_URL")):
        return None
    provider, _, name = spec.partition("/")
    table = _table()
    entry = table.get(spec) or table.get(name)
    if not isinstance(entry, dict) or (spec not in table and entry.get("litellm_provider") != provider):
        return None
    return None if _bills_more(spec, entry) else entry


def _bills_more(spec: str, entry: Mapping[str, Any]) -> bool:
    """Whether every call costs more than its tokens. Most models search the web only when asked to."""
    searches = "search" in spec or entry.get("litellm_provider") == "perplexity"
    return any(entry.get(name) for name in PER_CALL) or bool(searches and entry.get("search_context_cost_per_query"))


@cache
def _table() -> Mapping[str, Any]:
    found = importlib.util.find_spec("litellm")
    if found is None or found.origin is None:
        return {}
    try:
        table = json.loads((Path(found.origin).parent / TABLE).read_bytes())
    except (OSError, ValueError):
        return {}
    return table if isinstance(table, dict) else {}

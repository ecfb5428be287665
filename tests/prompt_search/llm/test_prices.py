"""Prices: stated, from litellm's table, or not known."""

from typing import Any

import pytest

from prompt_search.errors import SettingsError
from prompt_search.llm.prices import FREE, Price, known_price, parse_price
from prompt_search.run.config import RunConfig


def test_a_stated_price_is_dollars_per_million_tokens() -> None:
    assert parse_price("0.15,0.60") == Price(0.15, 0.60)
    assert parse_price(" 1 , 2 ") == Price(1.0, 2.0)
    assert Price(1.0, 2.0).cost(500_000, 250_000) == 1.0


@pytest.mark.parametrize("text", ["", "1", "1,2,3", "a,b", "-1,2", "nan,1", "inf,1"])
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="price"):
        parse_price(text)


@pytest.mark.parametrize("spec", ["local", "gguf:/models/some.gguf", "hf:/models/some"])
def test_models_on_this_machine_are_free(spec: str) -> None:
    assert known_price(spec) == FREE


def test_the_table_of_litellm_knows_common_models() -> None:
    assert known_price("openai/gpt-4o-mini") == Price(0.15, 0.6)
    assert known_price("ollama/llama3") == FREE


@pytest.mark.parametrize("spec", ["openai/no-such-model", "anthropic/gpt-4o-mini", "nonsense", "own:my_function"])
def test_an_unknown_model_or_a_known_one_of_another_provider_has_no_price(spec: str) -> None:
    assert known_price(spec) is None


@pytest.mark.parametrize("spec", ["perplexity/sonar", "openai/gpt-4o-search-preview"])
def test_a_model_that_bills_for_more_than_tokens_has_no_known_price(spec: str) -> None:
    assert known_price(spec) is None


@pytest.mark.parametrize("name", ["local-model", "local", "localhost/llama"])
def test_a_model_is_not_free_because_its_name_begins_with_local(name: str) -> None:
    assert known_price(name, "https://models.example/v1") is None
    assert known_price(f"{name}/paid") is None


def test_a_server_of_ones_own_has_no_known_price_whatever_its_model_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    assert known_price("openai/gpt-4o-mini", "http://127.0.0.1:1/v1") is None
    assert known_price("gpt-4o-mini", "http://127.0.0.1:1/v1") is None
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    assert known_price("openai/gpt-4o-mini") is None


@pytest.mark.parametrize("price", [(-1, None), (None, None), ("1", 2), (True, 1), (float("nan"), 1), (1, 10**400)])
def test_a_price_in_a_configuration_that_is_none_is_refused(price: Any) -> None:
    with pytest.raises(SettingsError, match="two amounts of 0 or more"):
        RunConfig.of("photos", price=price)

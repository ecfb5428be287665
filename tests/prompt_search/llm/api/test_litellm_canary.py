"""litellm as it must be for its calls to be seen; before its bound in pyproject.toml is raised, this must pass."""

import inspect
from collections.abc import Iterator
from importlib.metadata import version

import httpx
import pytest

from optimizers.errors import SettingsError
from prompt_search.llm.api import litellm_call
from prompt_search.llm.api.litellm_call import Exchange, RecordingTransport, take_over
from prompt_search.llm.api.litellm_model import import_litellm

CHANGED = (
    f"litellm {version('litellm')} changed how it builds HTTP clients: adapt prompt_search/llm/api/litellm_call.py, "
    "or its calls are sent twice, read without end and not counted"
)


@pytest.fixture
def recorded() -> Iterator[None]:
    """Inside a call that is recorded."""
    import_litellm()
    take_over()
    token = litellm_call._current.set(Exchange(httpx.AsyncClient()))
    yield
    litellm_call._current.reset(token)


def test_the_function_that_is_replaced_is_where_it_was() -> None:
    import_litellm()
    from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler

    found = inspect.getattr_static(AsyncHTTPHandler, "create_async_transport", None)
    assert isinstance(found, staticmethod), CHANGED


def test_litellm_s_own_client_goes_through_it(recorded: None) -> None:
    from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler

    assert isinstance(AsyncHTTPHandler().client._transport, RecordingTransport), CHANGED


def test_the_openai_client_that_litellm_builds_goes_through_it(recorded: None) -> None:
    from litellm.llms.openai.common_utils import BaseOpenAILLM

    client = BaseOpenAILLM._get_async_http_client()
    assert client is not None, CHANGED
    assert isinstance(client._transport, RecordingTransport), CHANGED


def test_calls_that_are_not_recorded_keep_litellm_s_transport() -> None:
    import_litellm()
    take_over()
    from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler

    assert not isinstance(AsyncHTTPHandler.create_async_transport(), RecordingTransport)


def test_a_litellm_without_the_function_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    import_litellm()
    from litellm.llms.custom_httpx import http_handler

    monkeypatch.setattr(http_handler, "AsyncHTTPHandler", object)
    with pytest.raises(SettingsError, match=r"litellm \S+ sends requests in another way.*pip install \."):
        take_over.__wrapped__()

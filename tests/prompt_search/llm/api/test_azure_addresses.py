"""Azure's addresses, as people copy them."""

import pytest

from prompt_search.errors import SettingsError
from prompt_search.llm.api.openai_compatible import OpenAICompatible
from prompt_search.run.config import RunConfig
from tests.fakes.openai_server import OpenAIServer, reply
from tests.prompt_search.llm.samples import replies, sample

VERSION = "?api-version=2024-10-21"


@pytest.mark.parametrize("ending", ["", "/", "/chat/completions"])
def test_the_version_is_sent_with_every_call_and_the_key_in_azure_s_header(
    ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "azure-secret-1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-another-secret")
    with OpenAIServer([reply("as of 2024-10-21: azure-secret-1")]) as server:
        address = server.url.removesuffix("/v1") + "/openai/deployments/mine" + ending + VERSION
        model = OpenAICompatible("mine", address)
        (found,) = replies(model, [sample()])
    (received,) = server.requests
    assert received.path == f"/openai/deployments/mine/chat/completions{VERSION}"
    assert received.headers["api-key"] == "azure-secret-1"
    assert "sk-another-secret" not in str(received.headers)
    assert found.text == "as of 2024-10-21: [secret]"
    assert model.identity == f"mine@{server.url.removesuffix('/v1')}/openai/deployments/mine"


def test_without_a_key_of_azure_the_usual_one_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_OPENAI_API_KEY", "AZURE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-usual-secret")
    with OpenAIServer() as server:
        replies(OpenAICompatible("mine", server.url + VERSION), [sample()])
    assert server.requests[0].headers["api-key"] == "sk-usual-secret"


def test_another_server_gets_no_key_of_azure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_API_KEY", "azure-secret-1")
    with OpenAIServer() as server:
        replies(OpenAICompatible("mine", server.url), [sample()])
    assert "azure-secret-1" not in str(server.requests[0].headers)


def test_a_run_takes_the_version_and_refuses_what_may_be_a_secret() -> None:
    address = f"https://me.openai.azure.com/openai/deployments/mine{VERSION}"
    assert RunConfig.of("photos", base_url=address).llm.base_url == address
    with pytest.raises(SettingsError, match=r"the parameter sig, which would end up in files.*api-version"):
        RunConfig.of("photos", base_url=f"{address}&sig=abc")
    with pytest.raises(SettingsError, match="a user or a password"):
        RunConfig.of("photos", base_url="https://me:word@host/v1")
    with pytest.raises(SettingsError, match="must look like"):
        RunConfig.of("photos", base_url="http://[bad")

"""The key: needed where it is needed, sent there, and shown nowhere."""

import logging
import traceback
from pathlib import Path

import pytest

from optimizers.errors import LanguageModelError, SettingsError
from prompt_search.llm.api.connection_settings import find_key
from prompt_search.llm.api.openai_compatible import OpenAICompatible
from prompt_search.llm.api.sample_call import Patience
from tests.fakes.openai_server import Behaviour, OpenAIServer, raw, refuse, reply, without
from tests.prompt_search.llm.samples import replies, sample

KEY = "sk-very-secret-0123456789"


@pytest.fixture(autouse=True)
def no_key_of_the_person_running_this(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


def test_without_key_and_base_url_nothing_is_sent_and_the_variable_is_named() -> None:
    with pytest.raises(SettingsError, match="MY_KEY"):
        replies(OpenAICompatible("gpt", api_key_env="MY_KEY"), [sample()])


def test_a_server_may_need_no_key() -> None:
    with OpenAIServer() as server:
        assert replies(OpenAICompatible("tiny", server.url), [sample("hi")])[0].text == "echo: hi"


def test_the_key_is_sent_without_the_line_end_it_was_pasted_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY + "\n")
    with OpenAIServer() as server:
        replies(OpenAICompatible("tiny", server.url, "MY_KEY"), [sample()])
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_the_key_may_be_the_first_line_of_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"  {KEY} \nnot this\n")
    monkeypatch.setenv("MY_KEY_FILE", str(tmp_path / "key"))
    with OpenAIServer(lambda r: reply(f"echo: {r.headers['authorization']}")) as server:
        (found,) = replies(OpenAICompatible("tiny", server.url, "MY_KEY"), [sample()])
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert found.text == "echo: Bearer [secret]"


def test_the_variable_itself_comes_before_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MY_KEY_FILE", str(tmp_path / "missing"))
    monkeypatch.setenv("MY_KEY", KEY)
    assert find_key("MY_KEY") == KEY


@pytest.mark.parametrize("content", [None, "", "\nsecond line", "schl\u00fcssel"])
def test_a_file_without_a_key_is_refused(content: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "key").write_text(content)
    monkeypatch.setenv("MY_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(SettingsError, match="MY_KEY_FILE") as caught:
        find_key("MY_KEY")
    assert not content or content.strip() not in str(caught.value)


@pytest.mark.parametrize("key", ["schlüssel", "two\nlines"])
def test_what_can_not_be_a_key_is_refused_unshown(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", key)
    with pytest.raises(SettingsError, match="MY_KEY") as caught:
        replies(OpenAICompatible("gpt", api_key_env="MY_KEY"), [sample()])
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    "fault",
    [
        refuse(401, f"Incorrect API key provided: {KEY}"),
        refuse(400, f"who is {KEY}?"),
        refuse(500, f"no {KEY} here"),
        raw(KEY.encode(), "text/plain"),
        raw(f'{{"error": "{KEY}"}}'.encode()),
    ],
)
def test_a_server_that_repeats_the_key_does_not_get_it_shown(
    fault: Behaviour, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with OpenAIServer(lambda _: fault) as server, pytest.raises(LanguageModelError) as caught:
        replies(OpenAICompatible("tiny", server.url, patience=Patience(attempts=2, longest_wait=0.01)), [sample()])
    assert "[secret]" in str(caught.value)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None
    assert KEY not in caplog.text


def test_nothing_that_is_logged_or_shown_holds_the_key(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    with OpenAIServer(without("seed")) as server:
        model = OpenAICompatible("tiny", server.url)
        replies(model, [sample()])
    assert caplog.text
    assert KEY not in caplog.text + repr(model) + model.identity


def test_a_key_that_is_an_ordinary_word_leaves_replies_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with OpenAIServer([reply("second to none")]) as server:
        (found,) = replies(OpenAICompatible("tiny", server.url), [sample()])
    assert found.text == "second to none"


def test_the_identity_is_model_and_address_without_secrets() -> None:
    model = OpenAICompatible("tiny", "https://user:pass@host.example:8443/v1/?api-key=0123456789")
    assert model.identity == "tiny@https://host.example:8443/v1"
    assert model.name == "tiny"
    assert "pass" not in repr(model)


def test_the_identity_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://elsewhere:1/v1")
    assert OpenAICompatible("tiny").identity == "tiny@http://elsewhere:1/v1"


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://host/v1", "http://", "http://host:99999", "nonsense"])
def test_a_base_url_must_be_one(url: str) -> None:
    with pytest.raises(SettingsError, match="http://localhost:8000/v1"):
        OpenAICompatible("tiny", url)

"""Proxies and certificates in the environment: found before anything is asked, and named."""

from pathlib import Path

import pytest

from optimizers.errors import SettingsError
from prompt_search.llm.api.connection_settings import check_connection_settings
from prompt_search.llm.api.openai_compatible import OpenAICompatible
from prompt_search.llm.choose import language_model
from prompt_search.llm.hf.files import missing_packages
from tests.fakes.openai_server import OpenAIServer
from tests.prompt_search.llm.samples import replies, sample

socks = pytest.mark.skipif(not missing_packages(["socksio"]), reason="socksio is installed: SOCKS works")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


FAULTS = [
    pytest.param("ALL_PROXY", "socks5://127.0.0.1:1080", "ALL_PROXY .*httpx.socks.", marks=socks),
    pytest.param("all_proxy", "socks5h://127.0.0.1:1080", "all_proxy .*httpx.socks.", marks=socks),
    ("HTTPS_PROXY", "gopher://127.0.0.1:70", "HTTPS_PROXY names no proxy .* http://host:3128"),
    ("SSL_CERT_FILE", "nowhere.pem", "SSL_CERT_FILE names nowhere.pem, which does not exist"),
    ("SSL_CERT_DIR", "nowhere", "SSL_CERT_DIR names nowhere, which does not exist"),
]


@pytest.mark.parametrize(("variable", "value", "said"), FAULTS)
def test_what_can_not_be_used_is_said_before_a_server_is_asked(
    variable: str, value: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with OpenAIServer() as server:
        with pytest.raises(SettingsError, match=said):
            language_model("m", base_url=server.url, cache_dir=tmp_path)
        assert server.requests == []


@socks
def test_the_library_s_own_objects_say_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
    with pytest.raises(SettingsError, match="ALL_PROXY"):
        replies(OpenAICompatible("m", "http://127.0.0.1:9/v1"), [sample()])


def test_a_file_without_certificates_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with pytest.raises(SettingsError, match="SSL_CERT_FILE can't be used"):
        check_connection_settings()


def test_what_is_named_and_usable_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_connection_settings() == "none named"
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@127.0.0.1:3128")
    assert check_connection_settings() == "usable: HTTPS_PROXY"

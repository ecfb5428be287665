"""A server whose certificate has expired: said at once, by whichever client it is reached."""

import subprocess
from pathlib import Path

import pytest

from optimizers.errors import LanguageModelRejected
from prompt_search.llm.chat_model import ChatModel
from prompt_search.llm.litellm_model import LiteLLMModel
from prompt_search.llm.openai_compatible import OpenAICompatible
from tests.fakes.openai_server import OpenAIServer
from tests.prompt_search.llm.samples import replies, sample


@pytest.fixture
def expired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Key and certificate in one file, trusted, and a day over."""
    key, request, certificate = tmp_path / "key.pem", tmp_path / "request.pem", tmp_path / "certificate.pem"
    names = tmp_path / "names.txt"
    names.write_text("subjectAltName=IP:127.0.0.1")
    new = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", "/CN=127.0.0.1"]
    sign = ["openssl", "x509", "-req", "-in", request, "-signkey", key, "-extfile", names, "-days", "-1"]
    sign += ["-out", certificate]
    for command in (new, sign):
        subprocess.run(command, check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    both = tmp_path / "both.pem"
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    return both


@pytest.mark.parametrize("kind", ["openai", "litellm"])
def test_an_expired_certificate_is_named_and_not_tried_again(
    kind: str, expired: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with OpenAIServer(certificate=expired) as server:
        monkeypatch.setenv("HOSTED_VLLM_API_BASE", server.url)
        model: ChatModel = OpenAICompatible("tiny", server.url)
        if kind == "litellm":
            model = LiteLLMModel("hosted_vllm/tiny")
        said = r"TLS certificate is not accepted: certificate has expired.*Check the server's certificate"
        with pytest.raises(LanguageModelRejected, match=said):
            replies(model, [sample()])
    assert server.requests == []

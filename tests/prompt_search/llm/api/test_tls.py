"""A server whose certificate has expired: said at once, by whichever client it is reached."""

import datetime
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from optimizers.errors import LanguageModelRejected
from prompt_search.llm.api.chat_model import ChatModel
from prompt_search.llm.api.litellm_model import LiteLLMModel
from prompt_search.llm.api.openai_compatible import OpenAICompatible
from tests.fakes.openai_server import OpenAIServer
from tests.prompt_search.llm.samples import replies, sample


@pytest.fixture
def expired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Key and certificate in one file, trusted, and a day over."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=2))
        .not_valid_after(now - datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )
    trusted, both = tmp_path / "certificate.pem", tmp_path / "both.pem"
    trusted.write_bytes(certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    both.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate)
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

"""A hub that can't be reached costs seconds and one sentence; one that answers is asked."""

import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from huggingface_hub import constants

from evaluators import OpenClipModel
from evaluators.errors import ModelError
from evaluators.models.open_clip_loading import fault_of_hub, hub_or_cache, is_missing

CLOSED = "http://127.0.0.1:9"


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As on a person's machine, where nothing says that there is no hub; only here nobody listens at its address."""
    from huggingface_hub import close_session

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", CLOSED)
    close_session()
    yield
    close_session()


class _Answering(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Not across the test's output."""


@pytest.fixture
def answering() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answering) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.usefixtures("online")
def test_a_server_that_answers_is_no_fault_and_its_files_are_asked_for(
    answering: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", answering)
    assert fault_of_hub(answering) == ""
    with hub_or_cache() as fault:
        assert (fault, constants.HF_HUB_OFFLINE) == ("", False)


@pytest.mark.usefixtures("online")
def test_while_the_hub_is_away_its_files_come_from_the_cache_and_then_it_is_asked_again() -> None:
    with hub_or_cache() as fault:
        assert fault == f"{CLOSED} can't be reached (ConnectError)"
        assert constants.HF_HUB_OFFLINE
    assert not constants.HF_HUB_OFFLINE


@pytest.mark.usefixtures("online")
@pytest.mark.parametrize("name", ["hf-hub:owner/model", "ViT-B-32/laion2b_s34b_b79k", "ViT-B-16-SigLIP2/webli"])
def test_a_model_that_is_not_here_is_one_sentence_and_no_line_of_a_library(
    name: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.INFO), pytest.raises(ModelError) as raised:
        OpenClipModel(name, device="cpu")
    assert str(raised.value) == (
        f"the image-text model '{name}' is not on this machine, and {CLOSED} can't be reached (ConnectError); connect, "
        "or fetch it elsewhere and give its folder: local-dir:FOLDER"
    )
    assert (caplog.text, *capfd.readouterr()) == ("", "", "")


def test_a_hub_that_was_switched_off_is_named_as_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="and HF_HUB_OFFLINE is set; connect"):
        OpenClipModel("hf-hub:owner/model", device="cpu")


def test_a_local_model_asks_no_server(tiny_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(address: str) -> str:
        raise AssertionError(address)

    monkeypatch.setattr("evaluators.models.open_clip_loading.fault_of_hub", forbidden)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    assert OpenClipModel(tiny_name, device="cpu").width > 0


def test_an_error_behind_another_is_seen() -> None:
    from huggingface_hub.errors import LocalEntryNotFoundError

    error = RuntimeError("as open_clip raises it while it handles the other")
    error.__context__ = LocalEntryNotFoundError("x")
    assert is_missing(error) == "is not on this machine"
    assert is_missing(ValueError("z")) == ""

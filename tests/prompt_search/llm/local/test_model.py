"""The real SmolLM2 in this process: deterministic, held to a schema, silent, and gone when it ends."""

import json
import re
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from optimizers.errors import LanguageModelRejected, SettingsError
from optimizers.language_model import Message, Picture, Request, Sample, Steering
from prompt_search.llm.local import model as local_model
from prompt_search.llm.local.model import LocalModel
from tests.prompt_search.llm.samples import replies, sample
from tests.prompt_search.llm.smollm2 import smollm2

TEMPLATE = "^[^{}]{0,40}\\{\\}[^{}]{0,20}$"
SCHEMA = {
    "type": "object",
    "properties": {
        "templates": {"type": "array", "items": {"type": "string", "pattern": TEMPLATE}, "minItems": 1, "maxItems": 2}
    },
    "required": ["templates"],
    "additionalProperties": False,
}
ASKED = [sample(f"What does a {animal} look like?", max_tokens=12) for animal in ("cat", "dog", "cat", "frog")]


@pytest.fixture(scope="module")
def path() -> Path:
    return smollm2()


@pytest.fixture(scope="module")
def model(path: Path) -> LocalModel:
    return LocalModel(path)


def test_the_same_sample_gives_the_same_text_in_any_order(model: LocalModel) -> None:
    forward = replies(model, ASKED)
    assert replies(model, ASKED[::-1])[::-1] == forward
    assert forward[0] == forward[2]
    assert all(reply.text and reply.finish == "length" and reply.completion_tokens == 12 for reply in forward)


def test_another_draw_gives_another_text(model: LocalModel) -> None:
    first, second = replies(model, [sample(max_tokens=12), sample(max_tokens=12, seed=1)])
    assert first.text != second.text


def test_a_schema_and_its_pattern_hold(model: LocalModel) -> None:
    asked = [
        sample("Write short photo captions with {}.", occurrence=n, max_tokens=90, json_schema=json.dumps(SCHEMA))
        for n in range(3)
    ]
    found = replies(model, asked)
    whole = [json.loads(reply.text) for reply in found if reply.finish == "stop"]
    assert whole
    assert {reply.form for reply in found} == {"schema"}
    assert replies(model, ASKED[:1])[0].form is None
    assert all(re.search(TEMPLATE, template) for found in whole for template in found["templates"])


def one_of(word: str) -> str:
    parts = {"properties": {"word": {"enum": [word]}}, "required": ["word"], "additionalProperties": False}
    return json.dumps({"type": "object", **parts})


def test_a_small_model_is_held_to_the_schema_for_small_models_and_a_larger_one_to_the_other(
    model: LocalModel, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [sample("Say a word.", max_tokens=20, json_schema=one_of("free"), small_schema=one_of("tight"))]
    assert json.loads(replies(model, asked)[0].text) == {"word": "tight"}
    monkeypatch.setattr(local_model, "SMALL", path.stat().st_size)
    assert json.loads(replies(LocalModel(path), asked)[0].text) == {"word": "free"}


def test_a_json_reply_that_is_cut_off_is_still_a_reply(model: LocalModel) -> None:
    (found,) = replies(model, [sample(max_tokens=3, json_schema=json.dumps(SCHEMA))])
    assert (found.finish, found.text[:1]) == ("length", "{")


def test_a_prompt_that_is_too_long_costs_only_its_own_reply(model: LocalModel) -> None:
    long, short = replies(model, [sample("cat " * 3000), sample(max_tokens=3)])
    assert (long.finish, long.text) == ("error", "")
    assert long.error
    assert "context" in long.error
    assert short.text


def test_a_conversation_that_is_too_long_loses_its_oldest_turns(model: LocalModel) -> None:
    turns = (Message("user", "cat " * 3000), Message("assistant", "Yes."), Message("user", "Describe a cat."))
    (found,) = replies(model, [Sample(Request(turns, max_tokens=3), 0, 0)])
    assert found.shortened
    assert found.text
    assert 0 < found.prompt_tokens < 100


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (Request((Message("user", "What is this?", Picture(b"png", "image/png")),)), "pictures"),
        (Request((Message("user", "cat"),), steering=Steering("a", "b")), "hf:PATH"),
    ],
)
def test_what_it_can_not_do_is_refused_before_anything_is_answered(
    model: LocalModel, request_: Request, said: str
) -> None:
    answered: list[int] = []
    with pytest.raises(LanguageModelRejected, match=said):
        model.complete([ASKED[0], Sample(request_, 0, 0)], lambda index, reply: answered.append(index))
    assert answered == []


def test_ctrl_c_ends_it_within_a_token_and_finished_replies_are_kept(path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from prompt_search.llm.local.model import LocalModel;"
        "from tests.prompt_search.llm.samples import sample\n"
        "asked = [sample(max_tokens=2), sample('Write a very long story.', max_tokens=2000)]\n"
        "try:\n"
        "    LocalModel(Path(sys.argv[1])).complete(asked, lambda index, reply: print(index, flush=True))\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted')\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "0\n"
    time.sleep(1.0)  # the long story has begun; whole it would take half a minute at least
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert (out, err, process.returncode) == ("interrupted\n", "", 0)  # not "1": the story was not told to its end


def test_the_identity_holds_the_files_hash(model: LocalModel) -> None:
    assert model.identity == "gguf:SmolLM2-135M-Instruct.Q4_1.gguf@sha256:b179c9523d0e6a0f"
    assert model.name == "SmolLM2-135M-Instruct.Q4_1"


def test_it_loads_again_after_close(path: Path) -> None:
    with closing(LocalModel(path)) as model:
        before = replies(model, ASKED[:1])
    assert replies(model, ASKED[:1]) == before
    model.close()


def test_a_fresh_process_gives_the_same_text_prints_nothing_else_and_ends(model: LocalModel, path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from prompt_search.llm.local.model import LocalModel;"
        "from tests.prompt_search.llm.samples import replies;"
        "from tests.prompt_search.llm.local.test_model import ASKED;"
        "sys.stdout.write(replies(LocalModel(Path(sys.argv[1])), ASKED[1:2])[0].text)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == replies(model, ASKED[1:2])[0].text


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 a zip"])
def test_a_file_that_is_no_gguf_is_bad_input(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"model\.gguf"):
        LocalModel(path)


def test_a_damaged_gguf_is_rejected_when_it_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF" + bytes(1000))
    with pytest.raises(LanguageModelRejected, match=r"model\.gguf"):
        replies(LocalModel(path), [sample()])

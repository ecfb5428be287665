"""Whatever is in a file, an answer or a table: an error of ours or a result, never another exception."""

import json
import math
import os
import random
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators import ClassLabel, PromptSet
from optimizers.language_model import Reply
from optimizers.replies import (
    all_sentences,
    answer_in,
    difference_fault,
    differences,
    list_fault,
    phrases,
    sentence,
    tagged_templates,
    template_fault,
    templates,
)
from prompt_search.cli.strategy_options import strategy_choices
from prompt_search.data import Reading, load_splits, read_images
from prompt_search.data.pictures.open_picture import CorruptPictureError, decode, quiet_pillow
from prompt_search.errors import DataError, PromptError, RunError, RunMissing, SettingsError
from prompt_search.llm.api.chat_fault import Refusal, TransientFault, refusal_of
from prompt_search.llm.api.chat_reply import UnusableBody, read_reply
from prompt_search.llm.api.endpoint import Redaction
from prompt_search.llm.prices import Price
from prompt_search.llm.reply_text import MOST_TOKENS
from prompt_search.prompt_files.prompts_json import PromptFile, read_prompts_json, write_prompts_json
from prompt_search.prompt_files.reading.read import import_prompts
from prompt_search.run.config import RunConfig, StrategyChoice
from prompt_search.run.folder import ARGUMENTS, read_arguments
from prompt_search.run.journal.event_lines import as_line, read_line
from prompt_search.run.journal.json_shape import ShapeError
from prompt_search.run.money.budget import Budget
from prompt_search.run.money.ledger import LEDGER, Ledger
from prompt_search.run.option import options
from tests.fakes.openai_server import completion
from tests.fakes.pixel_model import PixelModel
from tests.prompt_search.data.pictures_on_disk import deep_png, png, tiff, write
from tests.prompt_search.run.test_damage import RARE

EXAMPLES = os.environ.get("FUZZ_EXAMPLES")
"""Other examples with every run, so many for each test; without it the same few."""
BUDGET = settings(max_examples=int(EXAMPLES or 150), deadline=None, derandomize=EXAMPLES is None)
CLASSES = (ClassLabel("cat", "cat"), ClassLabel("dog", "dog"))
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**63, 10**20, -1])
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["cat", "dog", "a {}", "{", "\ud800", "\x1b[2J", "templates", "choices", "message"])
)
KEYS = st.sampled_from(["cat", "dog", "templates", "top1", "classes", "format", "error", "usage", "choices"]) | st.text(
    max_size=6
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
STRATEGY = StrategyChoice("hill-climb", (("iterations", "2"),))
PLACES = st.integers(0, 10**6)


def with_another(value: Any, place: int, other: Any) -> Any:
    """A JSON value in which one part, chosen by a number, is another one."""
    if not isinstance(value, dict | list) or not value or place % 7 == 0:
        return other
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = keys[place % len(keys)]
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[key] = with_another(value[key], place // len(keys), other)
    return changed


def damaged(data: bytes, seed: int) -> bytes:
    """Bytes with some of them changed, left out or doubled."""
    chance = random.Random(seed)
    changed = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        start = chance.randrange(max(1, len(changed)))
        part = bytes(chance.randrange(256) for _ in range(chance.randint(0, 4)))
        changed[start : start + chance.choice((0, 1, 4, 64, 10**6))] = part
    return bytes(changed)


@BUDGET
@given(PLACES, VALUES)
def test_any_answer_is_a_reply_or_unusable(place: int, other: Any) -> None:
    body = json.dumps(with_another(json.loads(completion("a cat")), place, other)).encode(errors="surrogatepass")
    try:
        reply = read_reply(body)
    except UnusableBody:
        return
    assert isinstance(reply, Reply)
    assert 0 <= reply.prompt_tokens <= MOST_TOKENS
    assert 0 <= reply.completion_tokens <= MOST_TOKENS
    assert reply.text.encode().decode() == reply.text


@BUDGET
@given(st.integers(400, 599), VALUES, st.text(alphabet="0123456789.eE+-:GMT ,naif", max_size=20))
def test_any_refusal_can_be_told(status: int, said: Any, wait: str) -> None:
    body = json.dumps(said).encode(errors="surrogatepass")
    outcome = refusal_of(status, body, "").unless_transient({"retry-after": wait})
    assert isinstance(outcome, Refusal | TransientFault)
    if isinstance(outcome, TransientFault):
        assert outcome.wait is None or (math.isfinite(outcome.wait) and outcome.wait >= 0)
    quoted = Redaction(lambda: ["sk-0123456789"]).quote(str(outcome))
    assert quoted.isprintable()
    assert len(quoted) <= 300


@BUDGET
@given(st.binary(max_size=60), st.text(alphabet="sk-0189\0\u200b é", min_size=1, max_size=12), st.text(max_size=20))
def test_no_text_shows_a_secret_that_is_in_it(before: bytes, secret: str, behind: str) -> None:
    text = before.decode(errors="replace") + secret + behind
    assert secret not in Redaction(lambda: [secret]).redacted(text).replace("[secret]", "")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzzed")


def read_as_prompts(path: Path) -> None:
    with suppress(PromptError):
        assert import_prompts(path, CLASSES).prompts.compiled().n_texts > 0


@BUDGET
@given(VALUES)
def test_any_json_is_prompts_or_a_prompt_error(folder: Path, value: Any) -> None:
    path = folder / "prompts-of-someone.json"
    path.write_bytes(json.dumps(value).encode(errors="surrogatepass"))
    read_as_prompts(path)


@BUDGET
@given(st.binary(max_size=200) | st.text(max_size=80).map(lambda text: text.encode(errors="surrogatepass")))
@pytest.mark.parametrize("name", ["a.txt", "a.json", "a.py"])
def test_any_bytes_are_prompts_or_a_prompt_error(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    read_as_prompts(folder / name)


@BUDGET
@given(PLACES, VALUES)
def test_any_change_to_a_file_of_ours_is_a_prompt_error(folder: Path, place: int, other: Any) -> None:
    path = folder / "prompts.json"
    run = {"data": {"fingerprint": "x"}, "seed": 0, "shots": None, "select_shots": None}
    model = {"name": "m", "fingerprint": "f", "precision": "fp32"}
    prompts = PromptSet.of(CLASSES, ["the {}."], {"cat": ["a cat."]})
    write_prompts_json(path, PromptFile(prompts, model, run, {"test": 0.5}))
    path.write_bytes(json.dumps(with_another(json.loads(path.read_bytes()), place, other)).encode(errors="replace"))
    with suppress(PromptError):
        assert read_prompts_json(path).prompts.compiled().n_texts > 0
    read_as_prompts(path)


PICTURES: tuple[Callable[[], bytes], ...] = (
    lambda: png(1),
    lambda: deep_png(np.full((4, 4, 3), 4000, dtype=np.uint16)),
    lambda: tiff(np.full((4, 4, 3), 9, dtype=np.uint8)),
    lambda: tiff(np.full((4, 4, 7), 0.5, dtype=np.float32)),
)


@BUDGET
@given(st.integers(0, 10**9), st.sampled_from(range(len(PICTURES))))
def test_any_damage_to_a_picture_is_a_picture_or_a_reason(seed: int, kind: int) -> None:
    with quiet_pillow(), suppress(CorruptPictureError):
        picture = decode(damaged(PICTURES[kind](), seed))
        assert picture.mode == "RGB"
        assert min(picture.size) > 0


@BUDGET
@given(st.integers(0, 10**9), st.sampled_from(["metadata.csv", "metadata.jsonl", "labels.tsv", "classes.json"]))
def test_any_damage_to_a_table_is_data_or_a_data_error(
    tmp_path_factory: pytest.TempPathFactory, seed: int, name: str
) -> None:
    root = tmp_path_factory.mktemp("data")
    for number in range(4):
        write(root / ("cat" if number % 2 else "dog") / f"{number}.png", png(number))
    rows = [("dog/0.png", "dog"), ("cat/1.png", "cat"), ("dog/2.png", "dog"), ("cat/3.png", "cat")]
    tables = {
        "metadata.csv": "file_name,label\n" + "".join(f"{file},{label}\n" for file, label in rows),
        "labels.tsv": "file_name\tlabel\n" + "".join(f"{file}\t{label}\n" for file, label in rows),
        "metadata.jsonl": "".join(json.dumps({"file_name": file, "label": label}) + "\n" for file, label in rows),
        "classes.json": json.dumps({"cat": "tabby cat", "dog": "sheep dog"}),
    }
    write(root / name, damaged(tables[name].encode(), seed))
    with suppress(DataError):
        reading = Reading(classes=str(root / name)) if name == "classes.json" else None
        assert read_images(root, reading).classes


PARTS = st.sampled_from(
    ["{}", "{", "}", "{0}", "[", "]", '"', "'", "`", "```", "```json", "<INS>", "</INS>", "<think>", "</think>",
     "<|channel|>", "final", "<|message|>", "\n", "\n\n", "\r", "- ", "1. ", "* ", "**", ": ", ", ", "\\", "\\u007b",
     "\0", "\x1b[2J", "\u202e", "\ud800", "\ufeff", "cat", "Cat:", "dog", "a photo of a {}.", "I'm sorry, I can't.",
     "It has soft fur and", " ", "null", "1e999", '{"cat": "x",', '"dog": ["y"]}', "%s", "${x}", "<script>", "9" * 30,
     "x" * 300]
) | st.text(max_size=5)  # fmt: skip
REPLIES = st.lists(PARTS, max_size=40).map("".join)
GOOD = "a crystal clear picture of one {}, seen from above."


def short(text: str) -> bool:
    return len(text) < 200


@BUDGET
@given(REPLIES)
def test_what_is_read_from_any_reply_is_fit_to_be_used(reply: str) -> None:
    read = answer_in(reply)
    for template in (*templates(read, short), *tagged_templates(read, short)):
        assert template.count("{}") == 1
        assert short(template)
        assert PromptSet.of(CLASSES, [template]).n_texts == 2
    said = [*phrases(read), *all_sentences(read, "cat"), *filter(None, [sentence(read, "cat")])]
    said += [text for found in differences(read) for text in (found.first, found.second)]
    for text in said:
        assert text.strip()
        assert not {"Cc", "Cs"} & set(map(unicodedata.category, text)), text
    for fault in (template_fault(read, short), list_fault(read), difference_fault(read)):
        assert fault


@BUDGET
@given(
    st.lists(st.text(alphabet=st.characters(exclude_characters="`<{}[]\"'"), max_size=30), max_size=6),
    st.integers(0, 6),
)
def test_a_good_line_is_found_among_any_others(others: list[str], place: int) -> None:
    lines = [*others[:place], f"1. {GOOD}", *others[place:]]
    assert GOOD in templates("\n".join(lines), short)


@BUDGET
@given(st.integers(0, len(RARE) - 1), PLACES, VALUES, st.none() | PLACES)
def test_any_change_to_a_line_of_a_journal_is_named_or_an_event(
    kind: int, place: int, other: Any, seed: int | None
) -> None:
    event = {"key": "", "time": ""} | RARE[kind]
    line = json.dumps(with_another(event, place, other)).encode(errors="replace")
    with suppress(ShapeError):
        record = read_line(line if seed is None else damaged(line, seed), 1, None)
        again = as_line(record.key, record.event, "")
        assert as_line(record.key, read_line(again, 1, None).event, "") == again


@BUDGET
@given(PLACES, VALUES, st.none() | PLACES)
def test_any_change_to_run_json_is_named_or_a_configuration(
    folder: Path, place: int, other: Any, seed: int | None
) -> None:
    arguments = RunConfig.of("photos", start=["x.txt"]).having({"strategies": (STRATEGY,)}).to_json()
    content = with_another({"arguments": arguments, "budget": Budget(max_calls=5).to_json()}, place, other)
    line = json.dumps(content).encode(errors="replace")
    (folder / ARGUMENTS).write_bytes(line if seed is None else damaged(line, seed))
    with suppress(RunMissing, SettingsError):
        config, budget = read_arguments(folder)
        assert RunConfig.from_json(json.loads(json.dumps(config.to_json()))) == config
        assert isinstance(budget, Budget)


@BUDGET
@given(st.sampled_from([each.name for each in options(RunConfig)]), VALUES)
def test_any_value_of_an_option_is_taken_or_a_settings_error(name: str, value: Any) -> None:
    with suppress(SettingsError):
        config = RunConfig.of("photos", **{name: value})
        assert RunConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


@BUDGET
@given(st.lists(st.text(max_size=8) | st.sampled_from(["iterations=3", "cupl.samples=1e9", "=", "pool=", "k=nan"])))
def test_any_settings_of_strategies_are_taken_or_a_settings_error(written: list[str]) -> None:
    with suppress(SettingsError):
        assert len(strategy_choices(["hill-climb", "cupl"], written)) == 2


@BUDGET
@given(VALUES, PLACES)
def test_any_change_to_a_ledger_is_a_run_error_or_an_account(folder: Path, value: Any, seed: int) -> None:
    path = folder / LEDGER
    entries = [{"reserved": [9, 8]}, with_another({"released": [9, 8], "used": [5, 4]}, seed, value)]
    content = b"".join(json.dumps(entry).encode(errors="replace") + b"\n" for entry in entries)
    path.write_bytes(damaged(content, seed) if seed % 2 else content)
    with suppress(RunError):
        assert math.isfinite(Ledger(path, Price(1.0, 2.0)).cost)


NAMES = st.sampled_from(
    ["train", "test", "val", "cat", "dog", "images", "labels", "masks", "n02123045", "n02084071-dog", "__MACOSX",
     ".git", "..a", "a b", "{}", "{0}", "%s", "-x", "~", "\x1b[2J", "\u202etac", "\udc80", "CON", "0", "00", "Cat",
     "caf\u00e9",
     "cafe\u0301", "x" * 200]
)  # fmt: skip
ENDINGS = st.sampled_from([".png", ".PNG", ".jpg", ".txt", ".csv", ".json", ".gif", "", ".png.part", ".tiff"])
CONTENTS = st.sampled_from([b"", b"GIF89a", b"file_name,label\n", b'{"cat": "x"}', b"\0" * 99]) | PLACES.map(
    lambda number: png(number % 5)
)
PARTS_OF_PATHS = st.tuples(st.lists(NAMES, max_size=3), NAMES, ENDINGS)
PATHS = PARTS_OF_PATHS.map(lambda parts: "/".join([*parts[0], parts[1] + parts[2]]))
FILES = st.dictionaries(PATHS, CONTENTS, max_size=12)


@settings(BUDGET, max_examples=int(EXAMPLES or 100))
@given(FILES)
def test_any_folder_is_images_or_a_data_error(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    root = tmp_path_factory.mktemp("data")
    for name, content in files.items():
        with suppress(OSError):  # a name that is a folder already, or that this file system does not have
            write(root / name, content)
    with suppress(DataError):
        load_splits(root, PixelModel(), shots=1, select_shots=1, cache_dir=tmp_path_factory.mktemp("cache"))

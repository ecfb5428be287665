"""Real and hostile replies: `replies_corpus.jsonl`, one JSON object per line.

180 replies are what SmolLM2-135M-Instruct (Hugging Face, Apache-2.0) said at temperature 1 to this project's own
questions; the others are written by hand: cut-off JSON, fences, code, markup, refusals, other languages and scripts,
marks that turn the direction of writing, control characters. `templates` and `sentence` are the readings expected of
each: recorded from the parser, in part read through by eye; they change only when a rule of reading does.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from optimizers.replies import lines, list_fault, sentence, tagged_templates, template_fault

CORPUS: list[dict[str, Any]] = [
    json.loads(line) for line in (Path(__file__).parent / "replies_corpus.jsonl").read_text("utf-8").splitlines()
]


def fits(text: str) -> bool:
    """As a tokenizer's check does, this fails on what can't be encoded."""
    return len(text.encode()) <= 300


def test_the_corpus_is_large_and_half_of_it_is_real() -> None:
    real = [entry for entry in CORPUS if entry["source"] == "SmolLM2"]
    assert len({(entry["asked"], entry["text"]) for entry in CORPUS}) == len(CORPUS) >= 350
    assert len(real) >= 150
    assert {entry["asked"] for entry in real} == {"hill-climb", "glov", "ipo", "cupl", "again"}


def failures(check: Callable[[dict[str, Any]], None]) -> list[str]:
    """The entries for which a check fails, by their line in the file, with what it said."""
    found = []
    for line, entry in enumerate(CORPUS, start=1):
        try:
            check(entry)
        except Exception as error:  # noqa: BLE001 - a parser that raises has failed like one that reads wrongly
            found.append(f"line {line} ({entry['asked']}): {type(error).__name__}: {error}")
    return found


def test_the_reading_is_the_expected_one() -> None:
    def check(entry: dict[str, Any]) -> None:
        assert tagged_templates(entry["text"], fits) == entry["templates"]
        assert sentence(entry["text"], entry["name"]) == entry["sentence"]

    assert failures(check) == []


def test_every_template_has_one_place_and_fits() -> None:
    def check(entry: dict[str, Any]) -> None:
        for template in tagged_templates(entry["text"], fits):
            assert template.count("{}") == 1
            assert not set("{}<>|`\\") & set(template.replace("{}", ""))
            assert template == " ".join(template.split())
            assert any(character.isalnum() for character in template)
            assert fits(template)

    assert failures(check) == []


def test_every_sentence_is_one_line_with_a_stop() -> None:
    def check(entry: dict[str, Any]) -> None:
        described = sentence(entry["text"], entry["name"])
        if described is not None:
            described.encode()
            assert described.endswith((".", "。", "।", "۔"))
            assert not set("{}<>\n") & set(described)
        assert all(line and line == " ".join(line.split()) for line in lines(entry["text"]))

    assert failures(check) == []


def test_a_fault_is_half_a_sentence_on_one_line() -> None:
    def check(entry: dict[str, Any]) -> None:
        for fault in (template_fault(entry["text"], fits), list_fault(entry["text"])):
            assert fault
            assert len(fault) < 200
            assert len(fault.splitlines()) == 1
            fault.encode()

    assert failures(check) == []


def test_every_entry_that_fails_is_named() -> None:
    def check(entry: dict[str, Any]) -> None:
        assert entry["source"] == "SmolLM2", "by hand"

    real = sum(entry["source"] == "SmolLM2" for entry in CORPUS)
    found = failures(check)
    assert len(found) == len(CORPUS) - real > 0
    assert all("AssertionError: by hand" in each and each.startswith("line ") for each in found)

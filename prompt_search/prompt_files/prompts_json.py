"""`prompts.json`: the prompts of a run with where they come from and what they score."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from evaluators import Candidate, candidate_from_json
from evaluators.precision import StoredAs
from prompt_search.data.pictures.decoding import Decode
from prompt_search.errors import PromptError
from prompt_search.prompt_files.atomic import write_atomically
from prompt_search.prompt_files.reading.file_text import read_text

__all__ = [
    "FORMAT",
    "VERSION",
    "PromptFile",
    "is_prompts_json",
    "parse_json",
    "read_json",
    "read_prompts_json",
    "write_prompts_json",
]

FORMAT = "prompt-search/prompts"
VERSION = 1


@dataclass(frozen=True, slots=True)
class PromptFile:
    """The content of a `prompts.json`.

    Attributes:
        prompts: the prompts.
        model: name, fingerprint, precision and preprocessing of the image-text model they were found for.
        run: how they were found: data, strategies, seed, cost.
        result: what they score beside the baselines.
    """

    prompts: Candidate
    model: Mapping[str, Any]
    run: Mapping[str, Any]
    result: Mapping[str, Any]

    @property
    def calibrated_logit_scale(self) -> float | None:
        """The logit scale at which the prompts' probabilities can be believed, if it was measured."""
        found = self.result.get("calibration")
        scale = found.get("logit_scale") if isinstance(found, dict) else None
        return float(scale) if isinstance(scale, int | float) and scale > 0 else None

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values, in the order of the file."""
        head = {"format": FORMAT, "version": VERSION}
        return head | self.prompts.to_json() | {"model": self.model, "result": self.result, "run": self.run}


def write_prompts_json(path: Path, content: PromptFile) -> None:
    """Write the file, whole or not at all; equal content gives equal bytes.

    Raises:
        RunError: if it can't be written.
    """
    text = json.dumps(content.to_json(), indent=1, ensure_ascii=False)
    write_atomically(path, (text + "\n").encode())


def is_prompts_json(path: Path) -> bool:
    """Whether a file is (or says it is) a `prompts.json`, of whatever version.

    Raises:
        PromptError: if a `.json` file can't be read or is not JSON.
    """
    value = read_json(path) if path.suffix.lower() == ".json" else None
    return isinstance(value, dict) and value.get("format") == FORMAT


def read_prompts_json(path: Path) -> PromptFile:
    """Read a `prompts.json`.

    Raises:
        PromptError: if it is not one, or of a newer version.
    """
    value = read_json(path)
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise PromptError(f"{path} is not a prompts.json of Prompt Search: it has no format {FORMAT!r}")
    if value.get("version") != VERSION:
        raise PromptError(f"{path} has version {value.get('version')!r}, this program reads {VERSION}; update it")
    parts = {name: value.get(name) for name in ("model", "run", "result")}
    wrong = [name for name, part in parts.items() if not isinstance(part, dict)]
    if wrong:
        raise PromptError(f"{path} lacks its part {wrong[0]!r}")
    if not _is_complete(parts["model"] or {}, parts["run"] or {}):
        raise PromptError(f"{path} does not say which model and images its prompts were found with")
    try:
        prompts = candidate_from_json(value)
    except PromptError as error:
        raise PromptError(f"{path}: {error}") from error
    return PromptFile(prompts, value["model"], value["run"], value["result"])


def _is_complete(model: Mapping[str, Any], run: Mapping[str, Any]) -> bool:
    """Whether what `score` and `export` rely on is there."""
    data = run.get("data")
    return (
        all(isinstance(model.get(key), str) for key in ("name", "fingerprint", "precision"))
        and isinstance(data, dict)
        and isinstance(data.get("fingerprint"), str)
        and isinstance(run.get("seed"), int)
        and all(isinstance(run.get(key), int | None) for key in ("shots", "select_shots"))
        and run.get("stored_as", "fp32") in get_args(StoredAs)
        and run.get("decode", "exact") in get_args(Decode)
        and all(isinstance(run.get(key, False), bool) for key in ("turn_by_exif", "base_to_new"))
        and isinstance(run.get("near_duplicates", 1.0), int | float)
    )


def read_json(path: Path) -> Any:  # noqa: ANN401 - any JSON value
    """The JSON value in a file.

    Raises:
        PromptError: if the file can't be read, is not JSON, or names a key of an object twice.
    """
    return parse_json(read_text(path), path)


def parse_json(text: str, path: Path) -> Any:  # noqa: ANN401 - any JSON value
    """The JSON value in the text of a file.

    Raises:
        PromptError: if it is not JSON, or names a key of an object twice.
    """
    try:
        return json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise PromptError(f"{path} is not JSON: {error}") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Without this the last of two entries of one name would win unseen."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in found if names.count(name) > 1)
        raise ValueError(f"it has the key {repeated[:60]!r} more than once")
    return found

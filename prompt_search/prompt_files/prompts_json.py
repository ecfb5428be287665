"""`prompts.json`: the prompts of a run with where they come from and what they score."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluators import Candidate, candidate_from_json
from prompt_search.errors import PromptError
from prompt_search.prompt_files.atomic import write_atomically

__all__ = ["FORMAT", "VERSION", "PromptFile", "is_prompts_json", "read_json", "read_prompts_json", "write_prompts_json"]

FORMAT = "prompt-search/prompts"
VERSION = 1
LARGEST_FILE = 512 * 2**20


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
    value = read_json(path) if path.suffix == ".json" else None
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
    )


def read_json(path: Path) -> Any:  # noqa: ANN401 - any JSON value
    """The JSON value in a file.

    Raises:
        PromptError: if the file can't be read or is not JSON.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise PromptError(f"{path} is larger than {LARGEST_FILE >> 20} MB: not a prompt file")
        return json.loads(path.read_bytes())
    except OSError as error:
        raise PromptError(f"{path} can't be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise PromptError(f"{path} is not JSON: {error}") from error

"""The bundled photos as files, and a cache as a newcomer has it: empty but for the installed language model."""

import io
import os
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from prompt_search.cache.cache_dir import cache_dir
from prompt_search.llm.local.install import find_local_model
from prompt_search.testbed.bundled import BUNDLED_DATA

__all__ = ["newcomers_cache", "photos", "with_language_model"]


def newcomers_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache directory that begins with nothing but the local language model, which `make test` installs.

    One for the whole session, in however many processes: the features of the bundled photos take half a minute, and
    all who ask share them.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return with_language_model(shared / "newcomers-cache")


def with_language_model(folder: Path) -> Path:
    """The folder with a link to the language model where a cache directory has it."""
    model = find_local_model(cache_dir())
    assert model is not None, "the local language model is missing; `make test` or `prompt-search llm install` gets it"
    (folder / "llm").mkdir(parents=True, exist_ok=True)
    link = folder / "llm" / model.name
    with suppress(FileExistsError):
        link.symlink_to(model)
    return folder


def photos(class_name: str, split: str) -> list[Image.Image]:
    """The bundled photos of one class in `train` or `test`, in their order."""
    import pyarrow.parquet

    rows = pyarrow.parquet.read_table(BUNDLED_DATA["photos"]).to_pylist()
    found = [row["image"]["bytes"] for row in rows if (row["name"], row["split"]) == (class_name, split)]
    return [Image.open(io.BytesIO(encoded)).convert("RGB") for encoded in found]

"""The notebook, carried out by a kernel as Jupyter does it."""

import os
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.examples.bundled_photos import newcomers_cache
from tests.examples.conftest import EXAMPLES

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of Jupyter's own parts
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[list[Any]]:
    """What the code cells show, cell by cell."""
    folder, cache = tmp_path_factory.mktemp("notebook"), newcomers_cache(tmp_path_factory)
    notebook = nbformat.read(EXAMPLES / "notebook.ipynb", as_version=4)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PROMPT_SEARCH_CACHE", str(cache))
        patched.setenv("PYTHONPATH", os.pathsep.join([str(EXAMPLES.parent), *filter(None, sys.path)]))
        patched.setenv("JUPYTER_PLATFORM_DIRS", "1")
        NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
    return [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]


def shown(outputs: list[Any], kind: str) -> list[str]:
    return [output.data[kind] for output in outputs if kind in output.get("data", {})]


def test_progress_is_one_output_that_was_written_over_to_its_end(outputs: list[list[Any]]) -> None:
    (progress,) = [page for page in shown(outputs[0], "text/html") if "<b>done</b>" in page]
    assert "<progress" not in progress
    assert "sealed for the test" in progress
    assert not [output for output in outputs[0] if output.output_type == "stream"]


def test_the_result_shows_its_first_screen(outputs: list[list[Any]]) -> None:
    (screen,) = [page for page in shown(outputs[0], "text/html") if "unseen images the winner" in page]
    assert "placebo" in screen
    assert "<svg" in screen
    assert shown(outputs[0], "text/plain")[-1].startswith("<Result: ")


def test_the_candidates_are_a_table_the_fittest_first(outputs: list[list[Any]]) -> None:
    (table,) = shown(outputs[1], "text/html")
    header = re.findall(r"<th>(\w+)</th>", table)
    assert header[:3] == ["calls", "fitness", "top1"]
    rows = [re.findall(r"<td>(.*?)</td>", row) for row in table.split("<tr>")[1:] if "<td>" in row]
    fitness = [float(row[1]) for row in rows]
    assert len(rows) == 5
    assert fitness == sorted(fitness, reverse=True)


def test_the_plot_is_drawn(outputs: list[list[Any]]) -> None:
    (figure,) = shown(outputs[2], "image/svg+xml")
    assert "</svg>" in "".join(figure)


def test_the_exports_are_named(outputs: list[list[Any]]) -> None:
    assert "classifier.safetensors" in shown(outputs[3], "text/plain")[-1]


def test_it_is_kept_without_outputs() -> None:
    notebook = nbformat.read(Path(EXAMPLES) / "notebook.ipynb", as_version=4)
    assert all(not cell.outputs and cell.execution_count is None for cell in notebook.cells if cell.cell_type == "code")

"""What has been done before is done again without the libraries that did it."""

from pathlib import Path

import pytest

from tests.fakes.openai_server import OpenAIServer
from tests.prompt_search.cli.conftest import Run
from tests.prompt_search.cli.test_before_anything_is_loaded import CLIENTS, LOADED_FOR_IMAGES, started
from tests.prompt_search.cli.test_cli import GOOD, arguments

TABLES = {"pandas", "pyarrow"}
"""Of these is `predictions.parquet`, which a report shows."""
OPEN_CLIP = LOADED_FOR_IMAGES - TABLES - {"datasets", "PIL"}
"""With what it imports itself; httpx is its hub's, too."""


@pytest.mark.parametrize(
    ("again", "used"),
    [
        (["run"], OPEN_CLIP | TABLES | {"httpx"}),
        (["score", "out/prompts.json", "images"], OPEN_CLIP | {"httpx"}),
        (["report", "out"], TABLES),
        (["export", "out", "--to", "cupl"], set()),
    ],
)
def test_on_a_finished_run(program: Run, tiny_clip: str, place: Path, again: list[str], used: set[str]) -> None:
    with OpenAIServer(GOOD) as server:
        given = arguments(server, tiny_clip)
        program(*given)
    code, modules, printed, said = started(place, *(given if again == ["run"] else again))
    assert code == 0, said
    assert printed
    assert modules & (CLIENTS | LOADED_FOR_IMAGES - {"PIL"}) <= used

"""Both front doors maximise the default fitness; they name it themselves, so that they start without numpy."""

import inspect

from evaluators import DEFAULT_FITNESS
from prompt_search.api import optimize
from prompt_search.cli.run_commands import run
from prompt_search.run.config import RunConfig


def test_the_library_and_the_command_line_maximise_the_default_fitness() -> None:
    for door in (optimize, run):
        assert inspect.signature(door).parameters["fitness"].default == DEFAULT_FITNESS
    assert RunConfig.__dataclass_fields__["fitness"].default == DEFAULT_FITNESS

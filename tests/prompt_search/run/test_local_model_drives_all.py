"""The bundled local language model, small as it is, drives every strategy from end to end."""

from collections.abc import Iterator
from contextlib import closing

import pytest

import prompt_search
from optimizers import (
    STRATEGIES,
    Auto,
    Cupl,
    EnsembleSelection,
    Fudd,
    Glov,
    GreedyTokens,
    HillClimbing,
    Ipo,
    Optimizer,
    ProApo,
    Reflect,
)
from prompt_search.llm.local.model import LocalModel
from tests.prompt_search.conftest import World
from tests.prompt_search.llm.smollm2 import smollm2

SMALL: dict[str, Optimizer] = {
    "auto": Auto(samples=1, calls=2),
    "cupl": Cupl(samples=1),
    "ensemble-selection": EnsembleSelection(samples=1, rounds=1, pairs=1, listed=3),
    "fudd": Fudd(k=2, max_pairs=2),
    "glov": Glov(steps=1, samples=2),
    "greedy-tokens": GreedyTokens(length=1, tokens=5),
    "hill-climb": HillClimbing(iterations=2, pool=4),
    "ipo": Ipo(steps=1, samples=2),
    "proapo": ProApo(generations=1, group_generations=1, samples=2, groups=1),
    "reflect": Reflect(steps=1, parents=1, mistakes=1, classes=1),
}


@pytest.fixture(scope="module")
def local() -> Iterator[LocalModel]:
    """SmolLM2-135M, loaded once."""
    with closing(LocalModel(smollm2())) as model:
        yield model


def test_no_strategy_is_left_out() -> None:
    assert SMALL.keys() == STRATEGIES.keys()


EACH = [pytest.param(name, marks=pytest.mark.heavy if name == "auto" else ()) for name in SMALL]
"""Auto runs all the others, one after the other, and takes as long."""


@pytest.mark.parametrize("name", EACH)
def test_the_run_ends_with_a_result(name: str, world: World, local: LocalModel) -> None:
    result = prompt_search.optimize(
        world.images,
        model=world.model,
        llm=local,
        strategy=SMALL[name],
        out=world.folder / "run",
        resources=prompt_search.Resources(cache_dir=world.folder / "cache"),
    )
    assert result.cost.llm_calls > 0
    assert result.stopped_by is None
    assert result.prompts_file.exists()

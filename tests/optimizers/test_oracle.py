"""The oracle's world is what it says: its best template is the best, and each keyword helps."""

from pathlib import Path

import pytest

from evaluators import PromptSet, general_templates
from prompt_search.testing.oracle_world import BEST_TEMPLATE, OracleWorld, oracle_world


def fitness(world: OracleWorld, *templates: str, texts: dict[str, list[str]] | None = None) -> float:
    (entry,) = world.search().score([PromptSet.of(world.task.classes, templates, texts)])
    return entry.fitness


@pytest.mark.parametrize("seed", range(3))
def test_no_general_template_nor_their_ensemble_is_as_good_as_the_best(tmp_path: Path, seed: int) -> None:
    world = oracle_world(tmp_path, seed=seed)
    best = fitness(world, world.best)
    assert best > max(fitness(world, template) for template in general_templates()) + 0.3
    assert best > fitness(world, *general_templates()) + 0.1


def test_every_keyword_helps(tmp_path: Path) -> None:
    world = oracle_world(tmp_path)
    keywords = [word for word in BEST_TEMPLATE.split() if word != "{}"]
    climbing = [fitness(world, " ".join([*keywords[:k], "{}"])) for k in (0, 2, 4, len(keywords))]
    assert climbing == sorted(set(climbing))


def test_without_keywords_texts_that_name_what_is_visible_are_better(tmp_path: Path) -> None:
    visible = {"alpha": "seal spotted", "beta": "seal ringed", "gamma": "otter wet"}
    world = oracle_world(tmp_path, best="{}", visible=visible)
    told = {label.id: [visible[label.name]] for label in world.task.classes}
    head = {label.id: [visible[label.name].split()[0]] for label in world.task.classes}
    assert fitness(world, texts=told) > fitness(world, texts=head) + 0.1 > fitness(world, "{}") + 0.1


def test_a_world_is_a_function_of_its_seed(tmp_path: Path) -> None:
    figures = [fitness(oracle_world(tmp_path, seed=seed), "a photo of a {}.") for seed in (0, 0, 1)]
    assert figures[0] == figures[1] != figures[2]

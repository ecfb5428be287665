"""The base-to-new protocol: half of the classes stay unknown to the search."""

import random

import pytest
from PIL import Image

from optimizers import Cupl, HillClimbing, Search
from prompt_search.errors import DataError
from prompt_search.report.result import Transfer
from tests.prompt_search.conftest import World

MORE = {"yellow_sun": (240, 220, 40), "pink_rose": (240, 120, 180)}


@pytest.fixture
def five(world: World) -> World:
    """Two more classes: blue_sky, green_leaf, pink_rose are base; red_ball, yellow_sun new."""
    for name, colour in MORE.items():
        (world.images / name).mkdir()
        for i in range(9):
            picture = Image.new("RGB", (24, 24), colour)
            rng = random.Random(f"{name}{i}")
            for _ in range(60):
                picture.putpixel((rng.randrange(24), rng.randrange(24)), (rng.randrange(256), 0, 0))
            picture.save(world.images / name / f"{i}.png")
    return world


def test_the_search_knows_the_first_half_of_the_classes_only(five: World) -> None:
    class Curious:
        def plan(self, task: object) -> None: ...

        def run(self, search: Search) -> list[object]:
            self.classes = [label.id for label in search.task.classes]
            return []

    curious = Curious()
    five.run(strategy=curious, base_to_new=True)  # type: ignore[arg-type]  # the least a strategy can be
    assert curious.classes == ["blue_sky", "green_leaf", "pink_rose"]


def test_templates_are_scored_on_the_new_classes_and_texts_of_classes_are_not(five: World) -> None:
    result = five.run(strategy=HillClimbing(iterations=2, pool=4), base_to_new=True)
    names = [each.name for each in result.transfers]
    assert names[0] == result.winner.name
    assert {"names only", '"a photo of a {}."'} <= set(names)
    assert [each.base for each in result.transfers] == [r.test.top1 for r in result.rows if r.name in names]
    assert result.to_json()["base_to_new"][0].keys() == {"name", "base", "new", "harmonic_mean"}
    assert "From base to new classes" in (result.folder / "report.html").read_text()


def test_a_winner_made_of_descriptions_is_left_out(five: World) -> None:
    result = five.run(strategy=Cupl(samples=2), base_to_new=True)
    described = [row.name for row in result.rows if any(row.candidate.compiled().texts)]
    assert not {each.name for each in result.transfers} & set(described)


def test_a_finished_run_given_again_scores_nothing(five: World) -> None:
    arguments = {"strategy": HillClimbing(iterations=1, pool=4), "base_to_new": True}
    first = five.run(**arguments)  # type: ignore[arg-type]
    journal = (first.folder / "journal.jsonl").read_bytes()
    assert five.run(**arguments).to_json() == first.to_json()  # type: ignore[arg-type]
    assert (first.folder / "journal.jsonl").read_bytes() == journal


def test_too_few_classes_to_divide_are_refused(world: World) -> None:
    with pytest.raises(DataError, match="at least 4 classes"):
        world.run(base_to_new=True)


def test_the_harmonic_mean_of_nothing_is_nothing() -> None:
    assert Transfer("winner", 0.0, 0.0).harmonic_mean == 0.0
    assert Transfer("winner", 0.8, 0.4).harmonic_mean == pytest.approx(0.533333)

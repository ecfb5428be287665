"""A model that does not know the classes is named before anything is asked."""

from collections.abc import Sequence

import pytest
from PIL import Image

from evaluators.models.image_text_model import FloatArray
from optimizers import HillClimbing, Sample
from prompt_search.errors import DataError
from prompt_search.run.config import RunConfig, StrategyChoice
from prompt_search.run.plan.early_checks import is_near_chance
from prompt_search.run.progress import Silent
from prompt_search.run.resources import Resources
from prompt_search.run.run import Run
from tests.fakes.hashed_model import HashedModel
from tests.fakes.scripted_model import ScriptedModel
from tests.prompt_search.conftest import World, plausible


@pytest.mark.parametrize(
    ("top1", "classes", "near"),
    [(0.184, 14, True), (0.4, 14, False), (0.5, 2, True), (0.62, 2, False), (0.1, 1000, False), (0.002, 1000, True)],
)
def test_near_is_a_small_part_of_the_way_from_guessing_and_few_times_it(top1: float, classes: int, near: bool) -> None:
    assert is_near_chance(top1, classes) == near


class Asked(Exception):
    """The language model was asked."""


def refuses_to_be_asked(sample: Sample) -> str:
    raise Asked(sample.key)


class Blind(HashedModel):
    """Sees nothing of a picture but its bytes."""

    def encode_images(self, images: Sequence[Image.Image]) -> FloatArray:
        return self.encode_texts([image.tobytes().hex() for image in images])


@pytest.fixture
def blind(world: World) -> World:
    """A world whose model gives pictures features that have nothing to do with any text."""
    world.model = Blind()
    return world


def chance_seed(world: World) -> int:
    """A seed whose draw of images leaves the best plain prompts near chance."""
    for seed in range(30):
        run = world.run(f"try{seed}", strategy=HillClimbing(iterations=1, pool=2), seed=seed)
        if any("does not know these classes" in note for note in run.notes):
            return seed
    pytest.fail("no draw is near chance")


def test_it_is_said_in_the_notes_and_at_once_and_ends_the_run_if_a_person_says_so(blind: World) -> None:
    seed = chance_seed(blind)
    observer, asked = Silent(), []

    def confirm(question: str) -> bool:
        asked.append(question)
        return False

    config = RunConfig.of(str(blind.images), strategies=(StrategyChoice("hill-climb"),), seed=seed)
    resources = Resources(observer=observer, confirm=confirm, cache_dir=blind.folder / "cache")
    llm = ScriptedModel(refuses_to_be_asked)
    with pytest.raises(DataError, match="does not know these classes"):
        Run(config, blind.folder / "stopped", resources=resources, model=blind.model, llm=llm).execute()
    assert len(asked) == 1
    assert any("guessing among 3 classes 33.3 %" in warning for warning in observer.warnings)


def test_a_model_that_knows_them_is_not_accused(world: World) -> None:
    run = world.run(answer=plausible)
    best = max(row.search.top1 for row in run.rows if row.role == "baseline" and row.search)
    assert best < 0.45 or not any("does not know these classes" in note for note in run.notes)

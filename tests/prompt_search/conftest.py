"""A small world for whole runs: pictures in folders, a real (tiny, untrained) open_clip model, a scripted LLM."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import prompt_search
from evaluators import ImageTextModel, OpenClipModel
from evaluators.heads.linear_probe import fit_probe
from optimizers import Cupl, HillClimbing, LanguageModel, Optimizer, Sample
from prompt_search import Resources, RunConfig
from prompt_search.llm.prices import Price
from prompt_search.report import page, plots
from prompt_search.report.result import Result
from prompt_search.run.outcome import heads
from tests.fakes.made_once import made_once
from tests.fakes.scripted_model import ScriptedModel
from tests.fakes.tiny_clip import save_tiny_clip

COLOURS = {"red_ball": (220, 30, 30), "green_leaf": (30, 200, 40), "blue_sky": (40, 60, 230)}
TEMPLATES = [f"a {word} view of a {{}}." for word in ("close", "bright", "dark", "small", "wide", "plain", "sharp")]


def plausible(sample: Sample) -> str:
    """A sentence or a template that depends on the sample alone."""
    rng = random.Random(sample.key)
    if "template" in sample.request.messages[-1].content:
        return rng.choice(TEMPLATES)
    return f"The thing is {rng.choice(['round', 'flat', 'long', 'soft'])} and {rng.choice(['shiny', 'dull'])}. More."


def paint(folder: Path, per_class: int = 9, colours: Mapping[str, tuple[int, int, int]] = COLOURS) -> Path:
    """A folder of different small pictures per class."""
    for name, colour in colours.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for i in range(per_class):
            rng = random.Random(f"{name}{i}")
            picture = Image.new("RGB", (24, 24), colour)
            for _ in range(60):
                picture.putpixel((rng.randrange(24), rng.randrange(24)), tuple(rng.randrange(256) for _ in range(3)))
            picture.save(folder / name / f"{i}.png")
    return folder


def drawn(given: Sequence[Any]) -> str:
    """What a plot of a search shows: figures of candidates, not their words."""
    steps, phases, baseline, winner, *others = given
    points = [
        step and (step.order, step.calls, step.usd, step.fitness, step.score.top1)
        for step in (*steps, baseline, winner)
    ]
    return repr((points, phases, others))


@pytest.fixture(scope="session", autouse=True)
def the_same_plots_and_probes_are_made_once() -> Iterator[None]:
    """They are two thirds of a small run, and functions of what is in it alone, as their own tests show."""
    with pytest.MonkeyPatch.context() as patched:
        for plot in ("change_plot", "forest_plot"):
            patched.setattr(page, plot, made_once(getattr(plots, plot)))
        patched.setattr(page, "search_plot", made_once(plots.search_plot, drawn))
        patched.setattr(heads, "fit_probe", made_once(fit_probe))
        yield


@pytest.fixture(scope="session")
def tiny_clip(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The open_clip name of the tiny model."""
    return save_tiny_clip(tmp_path_factory.mktemp("tiny-clip"))


@pytest.fixture(scope="session")
def tiny_model(tiny_clip: str) -> ImageTextModel:
    """The tiny model, loaded."""
    return OpenClipModel(tiny_clip)


@dataclass
class World:
    """Runs in a folder of its own."""

    folder: Path
    model: ImageTextModel
    images: Path

    def run(
        self,
        out: str = "run",
        answer: Callable[[Sample], str] | LanguageModel = plausible,
        strategy: Optimizer | list[Optimizer] | None = None,
        **arguments: Any,
    ) -> Result:
        """`prompt_search.optimize` on the pictures of this world, with a fresh completion cache for each `out`.

        Args:
            arguments: fields of a configuration and of resources, and a budget; a price as two numbers.
        """
        used: dict[str, Any] = {"cache_dir": self.folder / f"cache-{out}"}
        if price := arguments.pop("price", None):
            arguments["price"] = Price(*price)
        used |= {field.name: arguments.pop(field.name) for field in fields(Resources) if field.name in arguments}
        return prompt_search.optimize(
            self.images,
            model=self.model,
            llm=ScriptedModel(answer) if callable(answer) else answer,
            strategy=strategy or [Cupl(samples=2), HillClimbing(iterations=3, pool=6)],
            out=self.folder / out,
            budget=arguments.pop("budget", None),
            config=RunConfig.of(**arguments),
            resources=Resources(**used),
        )


@pytest.fixture
def world(tmp_path: Path, tiny_model: ImageTextModel) -> World:
    """Nine pictures of each of three classes."""
    return World(tmp_path, tiny_model, paint(tmp_path / "images"))

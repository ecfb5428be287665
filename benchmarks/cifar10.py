"""What the search gains on all 10,000 CIFAR-10 test images, over draws of the images it searches with.

    python -m benchmarks cifar10                                       # everything, hours
    python -m benchmarks.cifar10 --draws 5 --shots 1,4,16,64 --strategies "ensemble-selection,cupl + proapo" --llm qwen

The product itself is run, through `prompt_search.optimize`; a draw is a run's seed. The first run encodes the test
images, which takes minutes; features and replies are cached.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import prompt_search
from benchmarks.cifar10_images import cifar10_file
from benchmarks.cifar10_table import Outcome, figures, markdown
from benchmarks.measure import Figure
from benchmarks.stronger_model import NAME, qwen
from evaluators import ImageTextModel
from optimizers import LanguageModel
from prompt_search.cache.cache_dir import cache_dir
from prompt_search.errors import SettingsError
from prompt_search.run.config import StrategyChoice
from prompt_search.testbed.demo import DESCRIPTIONS

__all__ = ["Setup", "carry_out", "main", "measure"]

CUPL = StrategyChoice("cupl", (("samples", "4"),))
STRATEGIES: Mapping[str, Sequence[StrategyChoice]] = {
    "ensemble-selection": (StrategyChoice("ensemble-selection"),),
    "cupl": (CUPL,),
    "cupl + proapo": (CUPL, StrategyChoice("proapo")),
    "hill-climb": (StrategyChoice("hill-climb"),),
}
"""What is compared. CuPL has the demo's settings; the others their defaults."""

SHOTS = (1, 4, 16, 64)
DRAWS = 5
NAMES = {"local": "SmolLM2-135M", "qwen": NAME.partition(".Q4")[0]}


@dataclass(frozen=True)
class Setup:
    """What all runs share.

    Attributes:
        data: a Parquet file with splits `train` and `test`.
        runs: where the run folders go; one that is finished is not run again.
        llm, model, device, cache_dir: see `prompt_search.optimize`.
    """

    data: Path
    runs: Path
    llm: str | LanguageModel = "local"
    model: str | ImageTextModel = "mini-clip"
    device: str = "auto"
    cache_dir: Path | None = None

    def run(self, strategy: str, shots: int, draw: int) -> Outcome:
        """One run: `shots` images a class to search with and as many to select with, drawn by the seed `draw`."""
        result = prompt_search.optimize(
            self.data,
            model=self.model,
            llm=self.llm,
            strategy=[choice.build() for choice in choices(strategy)],
            description=DESCRIPTIONS["photos"],
            seed=draw,
            config=prompt_search.RunConfig.of(shots=shots, select_shots=shots),
            resources=prompt_search.Resources(device=self.device, cache_dir=self.cache_dir),
            out=self.runs / f"{strategy.replace(' ', '')}-{shots}-{draw}",
        )
        return Outcome.of(result, strategy, shots, draw)


def choices(strategy: str) -> Sequence[StrategyChoice]:
    """The strategies of one row: those of `STRATEGIES`, or any names of the product's joined by ` + `.

    Raises:
        SettingsError: if there is no such strategy; nothing has been done then.
    """
    found = STRATEGIES.get(strategy) or [StrategyChoice(name.strip()) for name in strategy.split("+")]
    for choice in found:
        choice.build()
    return found


def carry_out(setup: Setup, strategies: Sequence[str], shots: Sequence[int], draws: Sequence[int],
              on_outcome: Callable[[list[Outcome]], None] = lambda found: None) -> list[Outcome]:  # fmt: skip
    """Every strategy with every number of images on every draw, one draw after the other.

    Args:
        setup: what the runs share.
        strategies: see `choices`.
        shots: images per class to search with, and as many to select with.
        draws: seeds.
        on_outcome: is given all outcomes so far after each run.
    """
    for strategy in strategies:
        choices(strategy)
    found: list[Outcome] = []
    for draw in draws:
        for count in shots:
            for strategy in strategies:
                found.append(setup.run(strategy, count, draw))
                on_outcome(found)
    return found


def measure(device: str) -> list[Figure]:
    """The whole table with the local language model; it is printed, too."""
    with _folder(None) as runs:
        setup = Setup(cifar10_file(default_work()), runs, device=device)
        found = carry_out(setup, list(STRATEGIES), SHOTS, range(DRAWS), _tell)
    print(markdown(found, NAMES["local"]))
    return figures(found, NAMES["local"])


def default_work() -> Path:
    """Where CIFAR-10 and the stronger language model are kept."""
    return cache_dir() / "benchmarks"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table of what was asked for."""
    options = _options(arguments)
    work = options.work or default_work()
    llm = f"gguf:{qwen(work)}" if options.llm == "qwen" else options.llm

    def keep(found: list[Outcome]) -> None:
        _tell(found)
        if options.json:
            content = {"llm": options.llm, "outcomes": [asdict(outcome) for outcome in found]}
            options.json.write_text(json.dumps(content, indent=1) + "\n")

    with _folder(options.runs) as runs:
        setup = Setup(cifar10_file(work), runs, llm=llm, device=options.device)
        draws = range(options.first_draw, options.first_draw + options.draws)
        found = carry_out(setup, options.strategies, options.shots, draws, keep)
    print(markdown(found, NAMES.get(options.llm, Path(options.llm).name)))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cifar10", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--draws", type=_count, default=DRAWS, metavar="N", help="how many; default: %(default)s")
    parser.add_argument("--first-draw", type=int, default=0, metavar="SEED", help="the seed of the first draw")
    parser.add_argument("--shots", type=_counts, default=list(SHOTS), metavar="N,N", help="images a class, 1,4,16,64")
    parser.add_argument("--strategies", type=_names, default=list(STRATEGIES), metavar="A,B + C",
                        help=f"default: {', '.join(STRATEGIES)}")  # fmt: skip
    parser.add_argument("--llm", default="local", help="local, qwen (1.1 GB, fetched), gguf:PATH, or any other name")
    parser.add_argument("--device", default="auto", help="of the image-text model")
    parser.add_argument("--work", type=Path, metavar="FOLDER", help="where what is fetched is kept")
    parser.add_argument("--runs", type=Path, metavar="FOLDER", help="keep the run folders there, and continue them")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every outcome there, as it comes")
    options = parser.parse_args(arguments)
    try:
        for strategy in options.strategies:
            choices(strategy)
    except SettingsError as error:
        parser.error(str(error))
    return options


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def _counts(text: str) -> list[int]:
    return [_count(part) for part in text.split(",")]


def _names(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    """The given folder, or one that is deleted afterwards."""
    if given is not None:
        yield given
        return
    with TemporaryDirectory() as temporary:
        yield Path(temporary)


def _tell(found: list[Outcome]) -> None:
    last = found[-1]
    words = "" if last.words is None else f", words {last.words:+.2f}"
    row = f"{last.strategy}, {last.shots}+{last.shots}, draw {last.draw}: gain {last.gain:+.2f}{words}"
    print(f"{row}, {last.calls} calls", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

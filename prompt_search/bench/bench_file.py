"""A bench as a TOML file: which strategies are compared, on which images, over which seeds, under which limits.

    title = "Two strategies on the bundled photos"
    seeds = 5                          # or a list of seeds; a seed draws the images and samples the search
    shots = [4, 16]                    # images a class to search with, and as many to choose the winner with

    [budget]                           # the same for every run: max_calls, max_total_tokens, max_cost, max_time
    max_calls = 120

    [settings]                         # of every run: any field of a `RunConfig`
    llm = "local"

    [data.photos]                      # a table per image set; `source` is its path from here, by default its name
    description = "Small photographs of animals and vehicles."

    [strategies.ensemble-selection]    # a table per strategy; its name is what the table calls it
    [strategies."cupl + proapo"]
    run = ["cupl", "proapo"]           # one after the other; by default the one of that name
    set = { cupl = { samples = 4 } }   # settings of strategies

Fields of a `RunConfig` may stand in `[settings]`, in a table of data and in one of a strategy; the last one counts.
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from prompt_search.data.home import from_home
from prompt_search.errors import SettingsError
from prompt_search.run.config import RunConfig, StrategyChoice
from prompt_search.run.money.budget import Budget
from prompt_search.run.option import check_names, options
from prompt_search.testbed.bundled import BUNDLED_DATA

__all__ = ["PHOTO_ROW", "BenchFile", "Cell", "Contestant", "DataSet", "read_bench"]

T = TypeVar("T")

PHOTO_ROW = '"a photo of a {}."'
"""What gains are counted from, unless the file names another baseline in `against`, e.g. "yours: mine.txt"."""

DEFAULT_SEEDS = 5
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ,.()_+=@-]{0,60}[A-Za-z0-9)])?")
"""Of image sets and strategies: they name folders."""

OF_A_STRATEGY = ("search", "llm")
"""Parts of a `RunConfig` in which strategies may differ: what has other images or another image-text model is another
comparison."""

KEYS = ("title", "seeds", "shots", "against", "budget", "settings", "data", "strategies")
TAKEN = {
    "data": "give each image set a table [data.NAME]",
    "source": "it is a key of [data.NAME]",
    "seed": "give `seeds` at the top",
    "strategies": "give each a table [strategies.NAME]",
}
"""Fields of a `RunConfig` that a bench decides itself."""


@dataclass(frozen=True, slots=True)
class DataSet:
    """Images of a bench.

    Attributes:
        source: a bundled set, or an absolute path, which need not exist for a plan.
        fields: of a `RunConfig`.
        n_classes: how many classes there are, for a plan where the images are not at hand.
    """

    name: str
    source: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    n_classes: int | None = None


@dataclass(frozen=True, slots=True)
class Contestant:
    """One strategy, or several in a row, as the bench calls them; `fields` are those of a `RunConfig`."""

    name: str
    choices: tuple[StrategyChoice, ...]
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cell:
    """One run of a bench; `shots` is `None` where the images' own setting counts."""

    data: str
    strategy: str
    shots: int | None
    seed: int
    config: RunConfig

    @property
    def folder(self) -> Path:
        """Where its run goes, from the bench's folder."""
        return Path(_folder(self.data), _folder(self.strategy), f"{self.shots or 'all'}-{self.seed}")

    def __str__(self) -> str:
        shots = f", {self.shots} shots" if self.shots else ""
        return f"{self.data}, {self.strategy}{shots}, seed {self.seed}"


@dataclass(frozen=True, slots=True)
class BenchFile:
    """What a bench compares.

    Attributes:
        path: the file.
        seeds: at least one; what is compared is compared on the same seeds.
        shots: images per class; `None` alone where the file has none.
        against: the baseline that gains are counted from, by the name that runs give it.
        budget: of every run.
        data, strategies: at least one of each.
    """

    path: Path
    title: str
    seeds: tuple[int, ...]
    shots: tuple[int | None, ...]
    against: str
    budget: Budget
    settings: Mapping[str, Any]
    data: tuple[DataSet, ...]
    strategies: tuple[Contestant, ...]

    def cells(self) -> list[Cell]:
        """Every run, one seed after the other, so that what there is early is of all strategies.

        Raises:
            SettingsError: if fields do not go together.
        """
        return [
            Cell(data.name, strategy.name, shots, seed, self._config(data, strategy, shots, seed))
            for seed in self.seeds
            for shots in self.shots
            for data in self.data
            for strategy in self.strategies
        ]

    def _config(self, data: DataSet, strategy: Contestant, shots: int | None, seed: int) -> RunConfig:
        fields = {**self.settings, **data.fields, **strategy.fields}
        if shots is not None:
            fields = {"select_shots": shots, **fields, "shots": shots}
        where = f"{self.path}, {data.name} with {strategy.name}"
        config = _checked(where, lambda: RunConfig.of(data.source, **fields, seed=seed, strategies=strategy.choices))
        return config.located(lambda path: _absolute(path, self.path))


def read_bench(
    path: Path, seeds: Sequence[int] = (), sources: Mapping[str, str] | None = None, llm: str | None = None
) -> BenchFile:
    """Read a bench.

    Args:
        path: of the TOML file.
        seeds: in the place of the file's own.
        sources: where image sets are, by their name in the file; paths from the working folder.
        llm: the language model in the place of that of [settings].

    Raises:
        SettingsError: naming the file, the key, what is wrong and what there may be.
    """
    content = _content(path)
    _known(str(path), content, KEYS)
    data = tuple(_data_set(path, name, table) for name, table in _tables(path, content, "data"))
    strategies = tuple(_contestant(path, name, table) for name, table in _tables(path, content, "strategies"))
    stated = _table(f"{path}, [settings]", content.get("settings", {})) | ({"llm": llm} if llm else {})
    settings = _fields(f"{path}, [settings]", stated)
    limits = _table(f"{path}, [budget]", content.get("budget", {}))
    _known(f"{path}, [budget]", limits, tuple(Budget().to_json()))
    bench = BenchFile(
        path,
        _text(f"{path}, title", content.get("title", path.stem)),
        tuple(seeds) or _seeds(f"{path}, seeds", content.get("seeds", DEFAULT_SEEDS)),
        _shots(f"{path}, shots", content.get("shots")),
        _text(f"{path}, against", content.get("against", PHOTO_ROW)),
        _checked(f"{path}, [budget]", lambda: Budget(**limits)),
        settings,
        tuple(_moved(path, data, sources or {})),
        strategies,
    )
    bench.cells()
    return bench


def _content(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"{path} can't be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:  # what is no UTF-8 is a ValueError, too
        raise SettingsError(f"{path} is not TOML: {error}; `prompt-search bench --help` tells what it holds") from error


def _tables(path: Path, content: Mapping[str, Any], key: str) -> list[tuple[str, dict[str, Any]]]:
    """The tables below one, by name."""
    found = list(_table(f"{path}, [{key}]", content.get(key, {})).items())
    if not found:
        raise SettingsError(f"{path} has no {key}; give at least one table [{key}.NAME]")
    folders: dict[str, str] = {}
    for name, _ in found:
        if not NAME.fullmatch(name):
            raise SettingsError(
                f"{path}, [{key}]: the name {name[:60]!r} can't name a folder: it begins with a letter or a digit, "
                "and the rest is letters, digits, blanks and , . ( ) _ + = @ -"
            )
        other = folders.setdefault(_folder(name).casefold(), name)
        if other != name:
            raise SettingsError(f"{path}, [{key}]: {other!r} and {name!r} would have one folder; name them otherwise")
    return [(name, _table(f"{path}, [{key}.{name}]", table)) for name, table in found]


def _data_set(path: Path, name: str, table: Mapping[str, Any]) -> DataSet:
    where = f"{path}, [data.{name}]"
    fields = dict(table)
    source = _absolute(_text(f"{where} source", fields.pop("source", name)), path)
    count = fields.pop("n_classes", None)
    if count is not None:
        _count(f"{where} n_classes", count)
    return DataSet(name, source, _fields(where, fields), count)


def _contestant(path: Path, name: str, table: Mapping[str, Any]) -> Contestant:
    where = f"{path}, [strategies.{name}]"
    fields = dict(table)
    named = fields.pop("run", name)
    names = [named] if isinstance(named, str) else named
    if not (isinstance(names, list) and names and all(isinstance(each, str) for each in names)):
        raise SettingsError(f"{where} run: give a strategy's name or a list of them, got {named!r}")
    given = _table(f"{where} set", fields.pop("set", {}))
    if len(names) == 1 and names[0] not in given:
        given = {names[0]: given}
    _known(f"{where} set", given, names)
    choices = tuple(
        StrategyChoice(each, _settings(f"{where} set", _table(f"{where} set.{each}", given.get(each, {}))))
        for each in names
    )
    _checked(where, lambda: [choice.build() for choice in choices])
    checked = _fields(where, fields)
    for stated in options(RunConfig):
        if stated.name in checked and stated.section not in OF_A_STRATEGY:
            raise SettingsError(f"{where} {stated.name}: it must be the same for all strategies; give it in [settings]")
    return Contestant(name, choices, checked)


def _settings(where: str, given: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Settings of a strategy as a command line has them."""
    return tuple(sorted((name, _as_text(f"{where} {name}", value)) for name, value in given.items()))


def _as_text(where: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "\n".join(value)
    if isinstance(value, str | int | float):
        return str(value)
    raise SettingsError(f"{where}: a setting is a text, a number, true, false or a list of texts, got {value!r}")


def _fields(where: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Fields of a `RunConfig`, checked one table at a time so that a mistake is told with its place."""
    for name, way_out in TAKEN.items():
        if name in given:
            raise SettingsError(f"{where} {name}: a bench decides this itself; {way_out}")
    _checked(where, lambda: RunConfig.of("", **given))
    return dict(given)


def _seeds(where: str, value: object) -> tuple[int, ...]:
    if isinstance(value, list):
        if not value or not all(type(seed) is int for seed in value) or len(set(value)) < len(value):
            raise SettingsError(f"{where}: give how many, or a list of different whole numbers, got {value!r}")
        return tuple(value)
    return tuple(range(_count(where, value)))


def _shots(where: str, value: object) -> tuple[int | None, ...]:
    if value is None:
        return (None,)
    counts = [_count(where, each) for each in (value if isinstance(value, list) else [value])]
    if not counts or len(set(counts)) < len(counts):
        raise SettingsError(f"{where}: give different numbers of images per class, e.g. [1, 4, 16], got {value!r}")
    return tuple(counts)


def _count(where: str, value: object) -> int:
    if type(value) is not int or value < 1:
        raise SettingsError(f"{where}: give a whole number of at least 1, got {value!r}")
    return value


def _text(where: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise SettingsError(f"{where}: give a text, got {value!r}")
    return value


def _table(where: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SettingsError(f"{where}: this is a table of keys and values, got {str(value)[:60]!r}")
    return value


def _known(where: str, given: Mapping[str, object], known: Sequence[str]) -> None:
    _checked(where, lambda: check_names(given, dict.fromkeys(known)))


def _checked(where: str, make: Callable[[], T]) -> T:
    """What `make` makes; its complaint is told with its place."""
    try:
        return make()
    except SettingsError as error:
        raise SettingsError(f"{where}: {error}") from error


def _moved(path: Path, data: Sequence[DataSet], sources: Mapping[str, str]) -> list[DataSet]:
    _known(f"{path}, --data", sources, [each.name for each in data])
    here = Path("here")
    return [
        DataSet(each.name, _absolute(sources[each.name], here), each.fields, each.n_classes)
        if each.name in sources
        else each
        for each in data
    ]


def _absolute(source: str, beside: Path) -> str:
    """A path from the folder of a file, or a bundled set where there is no such path."""
    path = beside.absolute().parent / from_home(source)
    plain = source.removeprefix("bundled:")
    bundled = plain in BUNDLED_DATA and (source != plain or not path.exists())
    return f"bundled:{plain}" if bundled else str(path)


def _folder(name: str) -> str:
    return name.replace(" ", "")

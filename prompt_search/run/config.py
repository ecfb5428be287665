"""What decides the result of a run, as a value that can be written down and read back."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from evaluators import DEFAULT_FITNESS
from evaluators.open_clip_model import Precision
from optimizers import Optimizer, configure, strategy_class
from prompt_search.errors import RunError, SettingsError

__all__ = ["RunConfig", "StrategyChoice"]


@dataclass(frozen=True, slots=True)
class StrategyChoice:
    """A strategy by name, with the settings that differ from its defaults, as texts."""

    name: str
    settings: tuple[tuple[str, str], ...] = ()

    def build(self) -> Optimizer:
        """The strategy.

        Raises:
            SettingsError: if the name or a setting is unknown, or a value is out of range.
        """
        return configure(strategy_class(self.name), dict(self.settings))


@dataclass(frozen=True, slots=True)
class RunConfig:
    """The arguments of a run. Budgets, folders, devices and displays are not part of what a run is.

    Attributes:
        data: a folder of images, a parquet file, or `photos`, `emoji` for the bundled sets.
        model: see `prompt_search.models.load_model`.
        llm: see `prompt_search.llm.choose.language_model`.
        strategies: run one after the other on one archive.
        shots, select_shots: images per class to search on and to select the winner on; `None` for the default.
        baseline, start: prompt files to beat, and to begin from.
    """

    data: str
    model: str = "mini-clip"
    llm: str = "local"
    base_url: str | None = None
    strategies: tuple[StrategyChoice, ...] = (StrategyChoice("hill-climb"),)
    seed: int = 0
    shots: int | None = None
    select_shots: int | None = None
    classes_file: str | None = None
    precision: Precision = "fp32"
    fitness: str = DEFAULT_FITNESS
    description: str = ""
    baseline: tuple[str, ...] = ()
    start: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.strategies:
            raise SettingsError("a run needs at least one strategy")
        for name, value in (("shots", self.shots), ("select-shots", self.select_shots)):
            if value is not None and value < 1:
                raise SettingsError(f"--{name} must be at least 1, got {value}")

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any], where: Path) -> "RunConfig":
        """Read back what `to_json` wrote.

        Raises:
            RunError: if it does not fit this version.
        """
        unknown = set(value) - {f.name for f in fields(cls)}
        try:
            if unknown:
                raise ValueError(f"unknown fields {sorted(unknown)}")
            strategies = tuple(
                StrategyChoice(s["name"], tuple((k, v) for k, v in s["settings"])) for s in value["strategies"]
            )
            lists = {name: tuple(value[name]) for name in ("baseline", "start")}
            return cls(**(dict(value) | lists | {"strategies": strategies}))
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(
                f"{where} was not written by this version ({error}); start again with another --out"
            ) from error

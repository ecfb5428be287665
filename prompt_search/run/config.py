"""What decides the result of a run, as a value that can be written down and read back."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from evaluators import DEFAULT_FITNESS
from evaluators.embedding_store import StoredAs
from evaluators.open_clip_model import Precision
from optimizers import Optimizer, configure, strategy_class
from prompt_search.errors import SettingsError
from prompt_search.llm.api.endpoint import secret_parts
from prompt_search.prompt_files.by_class import FORMATS, Format

__all__ = ["OWN", "Feedback", "RunConfig", "StrategyChoice"]

Feedback = Literal["paper", "confusions"]
OWN = "own:"
"""Marks what was given as a Python object and can't be made again from its name."""


@dataclass(frozen=True, slots=True)
class StrategyChoice:
    """A strategy by name, with the settings that differ from its defaults, as texts."""

    name: str
    settings: tuple[tuple[str, str], ...] = ()

    def build(self) -> Optimizer:
        """The strategy.

        Raises:
            SettingsError: if the name or a setting is unknown, a value is out of range, or it is a class of the user's.
        """
        if self.name.startswith(OWN):
            raise SettingsError(
                f"this run uses a strategy of your own, {self.name.removeprefix(OWN)}: "
                "run your script again to continue it"
            )
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
        domain: words for the kind of images, e.g. `satellite photo`.
        feedback: `confusions` tells the language model which classes are confused, beside each method's own feedback.
        stored_as: how image features are kept; `fp16` halves the space and rounds them to 11 bits.
        turn_by_exif: turn pictures by their EXIF orientation, which open_clip does not.
        base_to_new: search with the first half of the classes only, and report how the templates do on the others.
        refit: after the choice, make the winner's last selection again with the select images, where it can be.
        captions: how many search images a multimodal language model is shown; 0 shows it none.
        thinking_tokens: added to the cap of every reply for a model that thinks before it answers; `None` to find out.
        baseline, start: prompt files to beat, and to begin from.
        prompt_format: what texts by class in those files are, where it is not seen from them.
    """

    data: str
    model: str = "mini-clip"
    llm: str = "local"
    base_url: str | None = None
    strategies: tuple[StrategyChoice, ...] = (StrategyChoice("ensemble-selection"),)
    seed: int = 0
    shots: int | None = None
    select_shots: int | None = None
    classes_file: str | None = None
    precision: Precision = "fp32"
    fitness: str = DEFAULT_FITNESS
    description: str = ""
    domain: tuple[str, ...] = ()
    feedback: Feedback = "paper"
    captions: int = 0
    thinking_tokens: int | None = None
    stored_as: StoredAs = "fp32"
    turn_by_exif: bool = False
    base_to_new: bool = False
    refit: bool = True
    baseline: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    prompt_format: Format | None = None

    def __post_init__(self) -> None:
        if not self.strategies:
            raise SettingsError("a run needs at least one strategy")
        for name, value in (("shots", self.shots), ("select-shots", self.select_shots)):
            if value is not None and value < 1:
                raise SettingsError(f"--{name} must be at least 1, got {value}")
        if self.captions < 0:
            raise SettingsError(f"--captions must be 0 or more, got {self.captions}")
        if self.prompt_format not in (None, *FORMATS):
            raise SettingsError(f"--format must be one of {', '.join(FORMATS)}, got {self.prompt_format!r}")
        if self.thinking_tokens is not None and self.thinking_tokens < 0:
            raise SettingsError(f"--thinking-tokens must be 0 or more, got {self.thinking_tokens}")
        if self.feedback not in get_args(Feedback):
            raise SettingsError(f"--feedback must be one of {', '.join(get_args(Feedback))}, got {self.feedback!r}")
        secrets = secret_parts(self.base_url) if self.base_url else []
        if secrets:
            raise SettingsError(
                f"the base URL has {' and '.join(secrets)}, which would end up in files; give the plain address, and "
                "the key in the environment variable OPENAI_API_KEY (a version like ?api-version=2024-10-21 may stay)"
            )

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "RunConfig":
        """Read back what `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: if it is something else.
        """
        unknown = set(value) - {f.name for f in fields(cls)}
        if unknown:
            raise ValueError(f"unknown fields {sorted(unknown)}")
        strategies = tuple(
            StrategyChoice(s["name"], tuple((k, v) for k, v in s["settings"])) for s in value["strategies"]
        )
        lists = {name: tuple(value[name]) for name in ("domain", "baseline", "start")}
        return cls(**(dict(value) | lists | {"strategies": strategies}))

"""What a run is: everything that decides its result, as values that can be written down and read back."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from pathlib import PurePath
from typing import Annotated, Any, Literal

from evaluators import DEFAULT_FITNESS, FITNESS_PRESETS
from evaluators.precision import Precision, ProductsBy, StoredAs
from optimizers import STRATEGIES, Optimizer, configure, strategy_class
from optimizers.settings import strategy_name
from prompt_search.data.pictures.decoding import Decode
from prompt_search.data.sources.reading import OWN, Reading
from prompt_search.errors import SettingsError
from prompt_search.llm.api.endpoint import secret_parts
from prompt_search.llm.prices import Price
from prompt_search.prompt_files.reading.by_class import Format
from prompt_search.run.journal.json_shape import read_as
from prompt_search.run.journal.usefulness import ENOUGH
from prompt_search.run.option import Option, check, check_names, options

__all__ = ["OWN", "DataConfig", "Feedback", "LlmConfig", "RunConfig", "SearchConfig", "StrategyChoice"]

Feedback = Literal["paper", "confusions"]
GGUF = "gguf:"
"""Goes before the path of a language model in one file, which its contents identify, wherever it lies."""


@dataclass(frozen=True, slots=True)
class StrategyChoice:
    """A strategy by name, with the settings that differ from its defaults, as texts."""

    name: str
    settings: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        texts = isinstance(self.settings, tuple) and all(
            isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(text, str) for text in pair)
            for pair in self.settings
        )
        if not (isinstance(self.name, str) and texts):
            raise SettingsError(f"a strategy has a name and pairs of texts as settings, got {self!r}")

    @classmethod
    def of(cls, strategy: str | Optimizer) -> "StrategyChoice":
        """A strategy as it is written down; one of the user's own marked, by its name and the fields of a dataclass.

        Of a class that is no dataclass two objects count as one.

        Raises:
            SettingsError: if it is no strategy, or one of the user's own has the name of one of ours.

        >>> from optimizers import Cupl
        >>> StrategyChoice.of(Cupl(samples=4))
        StrategyChoice(name='cupl', settings=(('samples', '4'),))
        """
        if isinstance(strategy, str):
            return cls(strategy)
        whole = (
            not isinstance(strategy, type) and callable(getattr(strategy, "run", None)) and hasattr(strategy, "plan")
        )
        if not whole:
            raise SettingsError(f"a strategy is a name, or an object with `plan` and `run`, got {strategy!r}")
        name = next((name for name, kind in STRATEGIES.items() if kind is type(strategy)), None)
        stated: Any = strategy
        values: list[tuple[str, Any, Any]] = []
        if is_dataclass(strategy):
            values = [(f.name, getattr(stated, f.name), f.default) for f in fields(stated)]
        changed = tuple((key, _text(value)) for key, value, default in values if value != default)
        return cls(name or OWN + _own_name(type(strategy)), changed)

    @property
    def shown(self) -> str:
        """The strategy's name, as plans, the journal and the report have it."""
        return self.name.removeprefix(OWN)

    def build(self) -> Optimizer:
        """The strategy.

        Raises:
            SettingsError: if the name or a setting is unknown, a value is out of range, or it is a class of the user's.
        """
        if self.name.startswith(OWN):
            raise SettingsError(
                f"this run uses a strategy of your own, {self.shown}: run your script again to continue it"
            )
        return configure(strategy_class(self.name), dict(self.settings))


def _own_name(kind: type) -> str:
    name = strategy_name(kind)
    if name in STRATEGIES:
        raise SettingsError(f"your strategy {kind.__name__} is called {name!r} like one of ours; call it otherwise")
    return name


class Part:
    """What all parts of a configuration have."""

    __slots__ = ()

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        content: dict[str, Any] = asdict(self)  # type: ignore[call-overload]  # every part is a dataclass
        return content


@dataclass(frozen=True, slots=True, kw_only=True)
class DataConfig(Part):
    """The images: which, how they are split, and how they are read.

    Raises:
        SettingsError: if a value can't be used; so do the other configurations.
    """

    source: Annotated[
        str,
        Option(
            "Images in class folders, a .parquet, .csv, .jsonl, .tar, .npz or split_zhou_*.json file, hf:OWNER/NAME, "
            "a name of `prompt-search datasets`, photos, emoji.",
            identity="data",
        ),
    ] = ""
    classes: Annotated[
        str | None,
        Option(
            'Class names, {"id": "name"}, or which classes to keep: a file of ids, or a,b,c.', identity="class names"
        ),
    ] = None
    image_column: Annotated[
        str | None, Option("The column of pictures or file names; the ending of pictures in tars.", identity="data")
    ] = None
    label_column: Annotated[
        str | None, Option("The column of classes; the ending of labels in tars.", identity="data")
    ] = None
    split_map: Annotated[
        tuple[str, ...],
        Option("NAME=ROLE,...: what splits are for: search, select, test or none.", identity="data"),
    ] = ()
    image_root: Annotated[str | None, Option("The folder that file names in a list count from.", identity="data")] = (
        None
    )
    preset: Annotated[
        str | None,
        Option("Which of `prompt-search datasets` this is: its class names and description are used.", identity="data"),
    ] = None
    stream: Annotated[
        bool | None,
        Option(
            "Read a data set of the hub over the network and keep nothing but features. By default if it is large.",
            flag="--stream/--no-stream",
            identity=False,
        ),
    ] = None
    shots: Annotated[
        int | None, Option("Images per class to search with.", least=1, identity="data", provenance=True)
    ] = None
    select_shots: Annotated[
        int | None, Option("Images per class to choose the winner with.", least=1, identity="data", provenance=True)
    ] = None
    stored_as: Annotated[
        StoredAs,
        Option("How image features are kept; fp16 halves the space and rounds them.", flag="--store", provenance=True),
    ] = "fp32"
    turn_by_exif: Annotated[
        bool, Option("Turn pictures by their EXIF orientation; open_clip does not.", provenance=True)
    ] = False
    decode: Annotated[
        Decode,
        Option(
            "fast lets the decoder of JPEG files shrink photos that are much larger than the model looks at.",
            provenance=True,
        ),
    ] = "exact"
    near_duplicates: Annotated[
        float,
        Option(
            "Images this alike (cosine of their features) may not stand in different splits; 1: equal bytes only.",
            least=0.5,
            most=1,
            provenance=True,
        ),
    ] = 0.97
    base_to_new: Annotated[
        bool, Option("Search with half of the classes, and see how the others do.", provenance=True)
    ] = False

    def __post_init__(self) -> None:
        check(self)

    def reading(self) -> Reading:
        """How the images are to be read."""
        return Reading(**{name: getattr(self, name) for name in READING})


READING = frozenset(each.name for each in fields(Reading)) & {each.name for each in fields(DataConfig)}
"""What a `DataConfig` says of how images are read, by the names that `Reading` has for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmConfig(Part):
    """The language model, and what is expected of it."""

    name: Annotated[
        str,
        Option(
            "local, gguf:PATH, hf:PATH, openai/NAME, any of litellm (anthropic/NAME), any NAME with --base-url.",
            flag="--llm",
            identity="language model",
        ),
    ] = "local"
    base_url: Annotated[str | None, Option("An OpenAI-compatible server.", identity="language model")] = None
    thinking_tokens: Annotated[
        int | None,
        Option("For a model that thinks first: added to the cap of every reply. By default found out.", least=0),
    ] = None
    max_useless: Annotated[
        int,
        Option(
            "Useless replies of the language model from the start that end the run (0: never).", least=0, identity=False
        ),
    ] = ENOUGH
    batch: Annotated[
        bool,
        Option(
            "Put many questions at once into a provider's batch: half price with OpenAI, answers within a day.",
            identity=False,
        ),
    ] = False
    price: Annotated[
        Price | None,
        Option(
            "IN,OUT: dollars per million prompt and completion tokens, where the price is not known.", identity=False
        ),
    ] = None

    def __post_init__(self) -> None:
        check(self)
        secrets = secret_parts(self.base_url) if self.base_url else []
        if secrets:
            raise SettingsError(
                f"the base URL has {' and '.join(secrets)}, which would end up in files; give the plain address, and "
                "the key in the environment variable OPENAI_API_KEY (a version like ?api-version=2024-10-21 may stay)"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchConfig(Part):
    """What is searched for, and how."""

    strategies: Annotated[
        tuple[StrategyChoice, ...], Option("Run one after the other on one archive.", identity="strategies")
    ] = (StrategyChoice("ensemble-selection"),)
    fitness: Annotated[str, Option(f"What the search maximises: {', '.join(FITNESS_PRESETS)}.", provenance=True)] = (
        DEFAULT_FITNESS
    )
    description: Annotated[
        str, Option("One or two sentences about the images, for the language model.", provenance=True)
    ] = ""
    domain: Annotated[tuple[str, ...], Option("A word for the kind of images, e.g. 'satellite photo'.")] = ()
    feedback: Annotated[
        Feedback, Option("What the language model is told: 'confusions' adds the classes that are confused.")
    ] = "paper"
    captions: Annotated[
        int,
        Option("Show so many search images to a multimodal language model (for ipo).", least=0, identity="captions"),
    ] = 0
    start: Annotated[tuple[str, ...], Option("Prompts the search begins from.", identity="start")] = ()
    baseline: Annotated[
        tuple[str, ...],
        Option("Prompts you use now (FILE, or FILE#DATASET): are the new ones better?", identity="baselines"),
    ] = ()
    prompt_format: Annotated[
        Format | None,
        Option(
            "What texts by class in a prompt file are: descriptors to join with the class's name, or whole prompts.",
            flag="--format",
            identity="baselines",
        ),
    ] = None
    certificate: Annotated[
        bool,
        Option(
            "Ask a local language model how likely the winner's prompts are: what that guarantees without test images."
        ),
    ] = False
    refit: Annotated[
        bool, Option("Make the winner's last selection again with the select images too.", flag="--refit/--no-refit")
    ] = True

    def __post_init__(self) -> None:
        check(self)
        if not self.strategies:
            raise SettingsError("a run needs at least one strategy")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig(Part):
    """All arguments of a run. Budget, folder, device and display change nothing of what a run is and are apart.

    >>> RunConfig.of("my_images", shots=16, llm="openai/gpt-4o-mini").data.shots
    16
    """

    data: DataConfig = field(default_factory=DataConfig)
    model: Annotated[
        str,
        Option(
            "mini-clip, ARCHITECTURE/TAG or ARCHITECTURE/FILE of open_clip, OWNER/NAME of the hub, local-dir:FOLDER.",
            identity="model",
        ),
    ] = "mini-clip"
    precision: Annotated[Precision, Option("Of the image-text model.", identity="model")] = "fp32"
    products: Annotated[
        ProductsBy,
        Option(
            "onednn: up to twice as fast on AMD processors with AVX-512; features get other last bits.",
            identity="model",
        ),
    ] = "torch"
    search: SearchConfig = field(default_factory=SearchConfig)
    llm: LlmConfig = field(default_factory=LlmConfig)
    seed: Annotated[int, Option("Of splits, search and sampling.", provenance=True)] = 0
    images: Annotated[
        bool,
        Option("Show small copies of some test images in the report.", flag="--images/--no-images", identity=False),
    ] = True

    def __post_init__(self) -> None:
        check(self)
        if abs(self.seed) >= 2**64:
            raise SettingsError(f"seed must be below 2**64, got {self.seed}")

    @classmethod
    def of(cls, data: str = "", *, llm: str | None = None, **values: object) -> "RunConfig":
        """A configuration from the fields of all its parts by their names, e.g. `shots`, `refit`, `fitness`.

        Raises:
            SettingsError: if there is no such field, or a value can't be used.
        """
        for given, name in ((data, "source"), (llm, "name")):
            if given and name in values:
                raise SettingsError(f"{name} is given twice: {given!r} and {values[name]!r}")
        stated = ({"source": data} if data else {}) | ({"name": llm} if llm is not None else {})
        return cls().having(values | stated)

    def having(self, values: Mapping[str, Any]) -> "RunConfig":
        """The same with other values in fields of any of its parts.

        Lists may stand for tuples, paths for texts, names for strategies, two numbers for a price.

        Raises:
            SettingsError: see `of`.
        """
        kind: type = type(self)
        known = {stated.name: stated for stated in options(kind)}
        check_names(values, known)
        changed: dict[str, dict[str, Any]] = {}
        for name, value in values.items():
            part = changed.setdefault(known[name].section, {})
            part[name] = _plain(name, value)
        own = changed.pop("", {})
        return replace(self, **own, **{part: replace(getattr(self, part), **new) for part, new in changed.items()})

    def located(self, absolute: Callable[[str], str]) -> "RunConfig":
        """The same with paths of images, prompts and a GGUF made absolute, for a run may be resumed from anywhere."""
        data, search, name = self.data, self.search, self.llm.name
        return replace(
            self,
            data=replace(
                data,
                source=absolute(data.source),
                classes=absolute(data.classes) if data.classes and "," not in data.classes else data.classes,
                image_root=absolute(data.image_root) if data.image_root else None,
            ),
            search=replace(
                search, baseline=tuple(map(absolute, search.baseline)), start=tuple(map(absolute, search.start))
            ),
            llm=replace(self.llm, name=GGUF + absolute(name.removeprefix(GGUF)) if name.startswith(GGUF) else name),
        )

    @classmethod
    def from_json(cls, value: object) -> "RunConfig":
        """Read back what `to_json` wrote.

        Raises:
            ShapeError: naming the field that is unknown or can't be used.
        """
        return read_as(cls, value)


def _plain(name: str, value: object) -> object:
    """A value as the field has it: a path as a text, a list as a tuple, a strategy by name, a price of two numbers."""
    if name == "price" and isinstance(value, list | tuple) and len(value) == 2:
        return Price(*value)
    if isinstance(value, list | tuple):
        return tuple(
            StrategyChoice(each) if name == "strategies" and isinstance(each, str) else _plain("", each)
            for each in value
        )
    return str(value) if isinstance(value, PurePath) else value


def _text(value: object) -> str:
    """A setting as the command line writes it."""
    return "\n".join(map(str, value)) if isinstance(value, tuple) else str(value)

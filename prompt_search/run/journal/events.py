"""What may happen in a run: a dataclass for each kind of event of the journal, which `event_lines` writes and reads.

`docs/run_folder.md` tells each field in plain words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Literal, Self

from evaluators import Candidate, ClassLabel, PromptSet, Score, Selected
from optimizers import Reply, Request
from prompt_search.llm.batch_log import BatchStep
from prompt_search.run.journal.json_shape import need, plain, read_as
from prompt_search.run.journal.recall_changes import read_recalls, written_scores
from prompt_search.run.money.budget import Budget, Limit, limit_sentence

__all__ = [
    "KINDS",
    "Asked",
    "BaselinesOnSelect",
    "Batched",
    "Captioned",
    "Certified",
    "ChanceGauged",
    "ClassClusters",
    "ClassCrossEntropies",
    "Ended",
    "Event",
    "Facts",
    "Logged",
    "NewClasses",
    "OnSplit",
    "PhaseBegun",
    "Placebos",
    "Question",
    "Refit",
    "Reopened",
    "Replied",
    "ScoredCandidates",
    "ScoredOnSelect",
    "SealedRead",
    "SearchedPlacebos",
    "Selection",
    "Stopped",
    "TextsWeighed",
    "TopClasses",
    "WinnerChosen",
    "cut_sentence",
]

Chosen = tuple[tuple[int, ...], ...]
"""Per class the numbers of its texts in a library."""

ProductNumbers = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]
"""The numbers of what a `Product` is made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened, without when: the base of all kinds. A field whose default is `None` is written if it has a value.

    Raises:
        ShapeError: here and in every kind, if fields do not agree with each other.
    """

    kind: ClassVar[str]

    def to_line(self) -> dict[str, object]:
        """Its fields for a line of the journal, as `json.dumps(default=plain)` takes them."""
        content = plain(self)
        assert isinstance(content, dict)
        return content

    @classmethod
    def from_line(cls, content: dict[str, Any]) -> Self:
        """From the fields of a line.

        Raises:
            ShapeError: naming the field that is of another shape.
        """
        return read_as(cls, content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts(Event):
    """The resolved inputs of a run, recorded at the head of its journal: enough to replay it without images or model.

    Attributes:
        identity: settings, model fingerprint, data fingerprint, language model: what must be equal to go on.
        classes: C classes in order of their ids.
        new_classes: those of a base-to-new run that the search knows nothing of.
        sizes: images per split: `search`, `select`, `test`.
        labels: of the search images, indices into `classes`.
        baselines: the user's own prompts, by file name.
        start: prompts to begin from.
        notes: what happened to the data: skipped images, classes with few.
    """

    kind: ClassVar[str] = "run"
    identity: Mapping[str, Any]
    classes: tuple[ClassLabel, ...]
    new_classes: tuple[ClassLabel, ...]
    sizes: Mapping[str, int]
    labels: tuple[int, ...]
    baselines: Mapping[str, Candidate]
    start: tuple[PromptSet, ...]
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        need("classes", "is empty", holds=bool(self.classes))
        for name in ("data", "model", "language model", "strategies", "captions"):
            need(f"identity.{name}", "is missing", holds=name in self.identity)
        model, captions = self.identity["model"], self.identity["captions"]
        named = isinstance(model, list | tuple) and bool(model) and isinstance(model[-1], str)
        need("identity.model", "does not end in a fingerprint", holds=named)
        counted = type(captions) is int and captions >= 0
        need("identity.captions", "is not a whole number of 0 or more", holds=counted)
        sized = {"search", "select", "test"} <= self.sizes.keys() and min(self.sizes.values()) > 0
        need("sizes", "does not give at least one image to search, select and test", holds=sized)
        need("labels", "is not as long as there are search images", holds=len(self.labels) == self.sizes["search"])
        need("labels", "has a label of no class", holds=_below(self.labels, len(self.classes)))
        for name, sets in (("baselines", self.baselines.values()), ("start", self.start)):
            same = all(len(each.classes) == len(self.classes) for each in sets)
            need(name, "has prompts for other classes", holds=same)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseBegun(Event):
    """The next strategy begins; what follows is its work."""

    kind: ClassVar[str] = "phase"
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request as it is recorded, and how many `times` it was made in one `ask`."""

    messages: tuple[Mapping[str, str], ...]
    temperature: float
    top_p: float
    max_tokens: int
    json_schema: str | None
    steering: Mapping[str, Any] | None = None
    small_schema: str | None = None
    likelihood: Mapping[str, Any] | None = None
    times: int

    @classmethod
    def of(cls, request: Request, times: int) -> "Question":
        """The recorded form of a request."""
        return cls(**request.to_json(), times=times)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replied:
    """A reply as it is recorded: what depends on the cache stays out, so that two runs record the same."""

    text: str
    finish: Literal["stop", "length", "filter", "error", "budget"]
    prompt_tokens: int
    completion_tokens: int
    error: str | None
    form: Literal["schema", "json", "text"] | None
    shortened: bool

    @classmethod
    def of(cls, reply: Reply) -> "Replied":
        """The recorded form of a reply."""
        content = {name: value for name, value in asdict(reply).items() if name not in ("cached", "unmetered")}
        # The cache keeps what a filter turned away, but not what the provider said of it.
        return cls(**(content if reply.finish == "error" else content | {"error": None}))

    def __post_init__(self) -> None:
        for name in ("prompt_tokens", "completion_tokens"):
            need(name, "is below 0", holds=getattr(self, name) >= 0)

    @property
    def reply(self) -> Reply:
        """What a strategy gets to see."""
        return Reply(**{each.name: getattr(self, each.name) for each in fields(self)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(Event):
    """Questions put together, and the replies; `refused` counts those that a limit kept from being asked."""

    kind: ClassVar[str] = "ask"
    refused: int
    reached: Limit | None
    limit: float | None
    needed: float | None
    samples: tuple[str, ...]
    requests: tuple[Question, ...]
    replies: tuple[Replied, ...]
    usd: float | None

    def __post_init__(self) -> None:
        _check_answered(self)
        need(
            "requests",
            "asks for another number of samples",
            holds=sum(r.times for r in self.requests) == len(self.samples),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Batched(Event):
    """A step on the way of a batch of questions, which stands before their `ask`; see `BatchStep`."""

    kind: ClassVar[str] = "batch"
    state: Literal["begun", "submitted", "over"]
    token: str
    batch: str | None
    samples: tuple[str, ...]
    unanswered: tuple[str, ...]

    @classmethod
    def of(cls, step: BatchStep) -> "Batched":
        """The recorded form of a step."""
        return cls(**asdict(step))

    @property
    def step(self) -> BatchStep:
        """What `of` was given."""
        return BatchStep(self.state, self.token, self.batch, self.samples, self.unanswered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Captioned(Event):
    """Pictures shown to the language model, and what it said of them."""

    kind: ClassVar[str] = "captions"
    refused: int
    reached: Limit | None
    limit: float | None
    needed: float | None
    samples: tuple[str, ...]
    pictures: tuple[str, ...]
    replies: tuple[Replied, ...]
    usd: float | None

    def __post_init__(self) -> None:
        _check_answered(self)
        need("pictures", "is not as long as 'samples'", holds=len(self.pictures) == len(self.samples))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped(Event):
    """A limit that ended the search."""

    kind: ClassVar[str] = "budget"
    reached: Limit
    limit: float
    needed: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopened(Event):
    """A larger budget, which makes void what an earlier one cut short, and all that followed."""

    kind: ClassVar[str] = "reopened"
    budget: Budget


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredCandidates(Event):
    """Candidates and their scores on the search split; see `RecordedTexts` for `lists`, `products` and `texts`.

    A candidate that differs from the first of its event in few classes has `changes` instead of `texts`.
    """

    kind: ClassVar[str] = "score"
    texts: tuple[str, ...]
    products: tuple[ProductNumbers, ...]
    lists: Mapping[str, tuple[int, ...]]
    candidates: tuple[Mapping[str, Any], ...]
    scores: tuple[Score, ...]

    def __post_init__(self) -> None:
        need("scores", "is not as long as 'candidates'", holds=len(self.scores) == len(self.candidates))
        for number, candidate in enumerate(self.candidates):
            named = [name for name in ("texts", "changes") if isinstance(candidate.get(name), Mapping)]
            told = len(named) == 1 and (number > 0 or named == ["texts"])
            need(f"candidates[{number}]", "has not one of 'texts' and 'changes' (to the first)", holds=told)

    @classmethod
    def of(
        cls,
        contents: Sequence[Mapping[str, Any]],
        lists: Mapping[str, tuple[int, ...]],
        texts: Sequence[str],
        products: tuple[ProductNumbers, ...],
        scores: Sequence[Score],
    ) -> Self:
        """From whole candidates, whose `texts` are the names of lists by class id."""
        candidates = tuple(contents[:1]) + tuple(_changes(contents[0], each) for each in contents[1:])
        return cls(texts=tuple(texts), products=products, lists=lists, candidates=candidates, scores=tuple(scores))

    def to_line(self) -> dict[str, object]:
        """See `Event.to_line`; recalls are written as `written_scores` tells."""
        return Event.to_line(self) | {"scores": written_scores(self.scores)}

    @classmethod
    def from_line(cls, content: dict[str, Any]) -> Self:
        """See `Event.from_line`."""
        return read_as(cls, content | ({"scores": read_recalls(content["scores"])} if "scores" in content else {}))

    def content(self, number: int) -> dict[str, Any]:
        """A whole candidate: as `of` was given it."""
        candidate = dict(self.candidates[number])
        if "changes" in candidate:
            changes = candidate.pop("changes")
            texts = {**self.candidates[0]["texts"], **changes}
            candidate["texts"] = {i: name for i, name in texts.items() if name is not None}
        return candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class TopClasses(Event):
    """Per search image the likeliest classes under a candidate."""

    kind: ClassVar[str] = "top classes"
    classes: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassCrossEntropies(Event):
    """Per class the mean cross-entropy of its search images under a candidate, in nats."""

    kind: ClassVar[str] = "class cross-entropies"
    cross_entropies: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassClusters(Event):
    """Per class the number of its cluster."""

    kind: ClassVar[str] = "class clusters"
    clusters: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection(Event):
    """What `Search.choose_texts` made of a library; see `evaluators.Selected`."""

    kind: ClassVar[str] = "selection"
    chosen: Chosen
    hold: float | None
    held_out: tuple[tuple[float, float], ...]
    plain: float | None
    costly: tuple[tuple[int, int, float], ...]

    @classmethod
    def of(cls, selected: Selected) -> "Selection":
        """The recorded form of a selection."""
        return cls(**selected.to_json())

    @property
    def selected(self) -> Selected:
        """What a strategy gets to see."""
        return Selected(self.chosen, self.hold, self.held_out, self.plain, self.costly)


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged(Event):
    """A line of a strategy, which is told with the result."""

    kind: ClassVar[str] = "log"
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselinesOnSelect(Event):
    """Scores of the plain baselines on the select split, read before anything is spent."""

    kind: ClassVar[str] = "baselines on select"
    scores: tuple[Score, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredOnSelect(Event):
    """Scores on the select split of all that may win."""

    kind: ClassVar[str] = "select"
    scores: tuple[Score, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refit(Event):
    """A selection made again with the search and select images together; see `Refitted`."""

    kind: ClassVar[str] = "refit"
    chosen: Chosen
    search: Score
    select: Score


@dataclass(frozen=True, slots=True, kw_only=True)
class WinnerChosen(Event):
    """The name of what is handed over."""

    kind: ClassVar[str] = "winner"
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChanceGauged(Event):
    """How much the candidates of the search disagree, for what the best of them gains by chance alone.

    Attributes:
        candidates: how many there were.
        compared: how many of them were compared, pair by pair.
        disagreement: the share of search images on which just one of two is right, mean over the pairs.
    """

    kind: ClassVar[str] = "chance"
    candidates: int
    compared: int
    disagreement: float

    def __post_init__(self) -> None:
        need("candidates", "is below 1", holds=self.candidates >= 1)
        need("disagreement", "is no share", holds=0 <= self.disagreement <= 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextsWeighed(Event):
    """What each text of the winner is worth on the select split; nothing for pairwise prompts, or for too many.

    Attributes:
        templates, texts: see `TextWorth`; both empty where nothing was reckoned.
    """

    kind: ClassVar[str] = "worth"
    templates: tuple[tuple[float, int] | None, ...]
    texts: tuple[tuple[tuple[float, int] | None, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnSplit:
    """Scores on one split."""

    scores: tuple[Score, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placebos(Event):
    """Scores of the placebos, and of the compiled form of a pairwise winner."""

    kind: ClassVar[str] = "placebos"
    search: OnSplit
    select: OnSplit


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchedPlacebos(Event):
    """What the winner's selection makes of each library of other words."""

    kind: ClassVar[str] = "searched placebos"
    chosen: tuple[Chosen, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedRead(Event):
    """The sealed test split: scores of the winner, of the others, of the heads, and pairwise counts of images."""

    kind: ClassVar[str] = "test"
    read: int
    fallback: float | None = None
    scores: tuple[Score, ...]
    heads: tuple[str, ...]
    only_winner: tuple[int, ...]
    only_other: tuple[int, ...]
    calibration: tuple[float, float]

    def __post_init__(self) -> None:
        need("read", "is below 1", holds=self.read >= 1)
        need("scores", "is empty", holds=bool(self.scores))
        need("calibration", "is no two shares", holds=all(0 <= each <= 1 for each in self.calibration))
        need(
            "heads", "has more entries than there are scores beside the first", holds=len(self.heads) < len(self.scores)
        )
        for name in ("only_winner", "only_other"):
            need(
                name,
                "is not as long as 'scores' without the first",
                holds=len(getattr(self, name)) == len(self.scores) - 1,
            )
        for index, (score, mine, theirs) in enumerate(
            zip(self.scores[1:], self.only_winner, self.only_other, strict=True)
        ):
            possible = mine >= 0 and theirs >= 0 and mine + theirs <= score.n
            need(f"only_winner[{index}]", "and its counterpart are no counts of images", holds=possible)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified(Event):
    """How many search and select images there are together, and how many of them the winner gets wrong."""

    kind: ClassVar[str] = "certificate"
    n: int
    wrong: int

    def __post_init__(self) -> None:
        need("wrong", "is no number of images among 'n'", holds=0 <= self.wrong <= self.n and self.n > 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClasses(Event):
    """Scores on the test images of the classes that the search knew nothing of."""

    kind: ClassVar[str] = "new classes"
    scores: tuple[Score, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Event):
    """The run is finished and its files are written."""

    kind: ClassVar[str] = "end"
    winner: str


EVENTS: tuple[type[Event], ...] = (
    Facts,
    PhaseBegun,
    Asked,
    Batched,
    Captioned,
    Stopped,
    Reopened,
    ScoredCandidates,
    TopClasses,
    ClassCrossEntropies,
    ClassClusters,
    Selection,
    Logged,
    BaselinesOnSelect,
    ScoredOnSelect,
    Refit,
    WinnerChosen,
    Certified,
    ChanceGauged,
    TextsWeighed,
    Placebos,
    SearchedPlacebos,
    SealedRead,
    NewClasses,
    Ended,
)
KINDS: Mapping[str, type[Event]] = {each.kind: each for each in EVENTS}
"""Every kind of event by its name in the journal."""


def _changes(first: Mapping[str, Any], other: Mapping[str, Any]) -> Mapping[str, Any]:
    """A candidate by what is different from the first in its `texts`, where that is shorter by half."""
    before, after = first["texts"], other["texts"]
    changes = {i: after.get(i) for i in sorted({*before, *after}) if before.get(i) != after.get(i)}
    if 2 * len(changes) > len(after):
        return other
    return {name: part for name, part in other.items() if name != "texts"} | {"changes": changes}


def cut_sentence(event: Asked | Captioned | Stopped) -> str:
    """What a limit says of itself that kept something from being done."""
    assert event.reached is not None
    assert event.limit is not None
    return limit_sentence(event.reached, event.limit, event.needed)


def _check_answered(event: Asked | Captioned) -> None:
    """As many replies as samples, as many of them unasked as `refused` says, and a limit to blame for that."""
    need("replies", "is not as long as 'samples'", holds=len(event.replies) == len(event.samples))
    unasked = sum(reply.finish == "budget" for reply in event.replies)
    need("refused", "is not the number of replies with finish 'budget'", holds=event.refused == unasked)
    blamed = event.reached is not None and event.limit is not None
    need("reached", "or 'limit' is null though replies were refused", holds=blamed or not event.refused)


def _below(numbers: tuple[int, ...], end: int) -> bool:
    return all(0 <= number < end for number in numbers)

"""What the files of a run folder tell, whatever has become of the run: finished, still going, or dead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from evaluators import PHOTO_TEMPLATE, Candidate, ClassLabel, Score, candidate_from_json
from evaluators.scoring.fitness import DEFAULT_FITNESS, FITNESS_PRESETS, Fitness
from prompt_search.errors import PromptError, RunMissing
from prompt_search.prompt_files.prompts_json import PromptFile, read_prompts_json
from prompt_search.report.result import YOURS, Role
from prompt_search.run.journal.event_lines import Record
from prompt_search.run.journal.events import (
    Asked,
    Captioned,
    Facts,
    PhaseBegun,
    ScoredCandidates,
    ScoredOnSelect,
    SealedRead,
    TextsWeighed,
)
from prompt_search.run.journal.journal import JOURNAL, facts_of, learn_texts, read_records, without_void
from prompt_search.run.journal.json_shape import ShapeError, read_as
from prompt_search.run.journal.recorded_texts import RecordedTexts

__all__ = ["Phase", "Proof", "Replies", "RunRecord", "Step", "TestRow", "read_run"]

BEFORE = "baselines"
"""What the time before the first strategy is called."""
Kind = TypeVar("Kind")


@dataclass(frozen=True, slots=True)
class Step:
    """A candidate that was scored on the search images.

    Attributes:
        order: from 0.
        phase: the strategy at work.
        line: of the journal.
        calls, usd: what had been asked for by then; `None` without a known price.
        event: the line of the journal, of which it is the candidate of a `number`, and the `recorded` texts so far.
    """

    order: int
    phase: str
    line: int
    calls: int
    usd: float | None
    fitness: float
    score: Score
    event: ScoredCandidates = field(repr=False)
    number: int
    recorded: RecordedTexts = field(repr=False)

    @property
    def content(self) -> Mapping[str, Any]:
        """The prompts as `Candidate.to_json` has them, without the classes."""
        return self.recorded.content(self.event, self.number)

    @property
    def templates(self) -> tuple[str, ...]:
        """Those that all classes share."""
        return tuple(map(str, self.event.candidates[self.number]["templates"]))

    @property
    def pairs(self) -> int | None:
        """How many pairs of classes have texts of their own; `None` where the prompts are not pairwise."""
        pairs = self.event.candidates[self.number].get("pairs")
        return None if pairs is None else len(pairs)

    @property
    def own_texts(self) -> int:
        """How many texts of single classes there are."""
        return self.recorded.own_texts(self.event, self.number)

    def candidate(self, classes: Sequence[ClassLabel]) -> Candidate:
        """The prompts themselves."""
        listed = [{"id": label.id, "name": label.name} for label in classes]
        return candidate_from_json({**self.content, "classes": listed})


@dataclass(frozen=True, slots=True)
class Phase:
    """A strategy's stretch of the run: what was scored and asked for before it began."""

    name: str
    first: int
    calls: int
    usd: float | None


@dataclass(frozen=True, slots=True)
class Replies:
    """Replies to questions that were put together: the strategy, the line of the journal, and the texts."""

    phase: str
    line: int
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Gain:
    top1: float
    interval_95: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Figures:
    n: int
    top1: float
    top1_interval_95: tuple[float, ...]
    mean_recall: float
    cross_entropy: float


@dataclass(frozen=True, slots=True)
class TestRow:
    """A row of the result: the figures that `prompts.json` has, and the whole score on test that the journal has.

    Attributes:
        gain, low, high: winner minus this one in top-1 on test; `None` for the winner itself.
    """

    name: str
    role: Role
    search: _Figures | None
    select: _Figures | None
    test: _Figures
    gain: float | None
    low: float | None
    high: float | None
    score: Score


@dataclass(frozen=True, slots=True)
class _Phase:
    phase: str
    llm_calls: int
    prompt_tokens: int
    completion_tokens: int
    usd: float | None


@dataclass(frozen=True, slots=True)
class _Cost:
    llm_calls: int
    prompt_tokens: int
    completion_tokens: int
    usd: float | None
    phases: tuple[_Phase, ...]


@dataclass(frozen=True, slots=True)
class _Transfer:
    name: str
    base: float
    new: float
    harmonic_mean: float


@dataclass(frozen=True, kw_only=True)
class _Told:
    """What `prompts.json` says of a result, but for its rows."""

    verdict: str
    remarks: tuple[str, ...]
    notes: tuple[str, ...]
    refitted: bool
    found_by: str
    stopped_by: str | None
    test_reads: int
    cost: _Cost
    replies: Mapping[str, int]
    base_to_new: tuple[_Transfer, ...]


@dataclass(frozen=True, kw_only=True)
class Proof(_Told):
    """What a finished run came to, as its `prompts.json` says."""

    rows: tuple[TestRow, ...]

    @property
    def winner(self) -> TestRow:
        """The first row."""
        return self.rows[0]


@dataclass(frozen=True)
class RunRecord:
    """A run, told from its folder.

    Attributes:
        state: `new` without a journal, `unfinished`, or `finished`.
        facts: what it is about; `None` for a new one.
        steps: in order.
        file: `prompts.json` of a finished run, else `best_so_far.json` if there is one.
        proof: of a finished run.
        worth: what the winner's texts are worth on select.
    """

    folder: Path
    state: Literal["new", "unfinished", "finished"]
    facts: Facts | None = None
    steps: tuple[Step, ...] = ()
    phases: tuple[Phase, ...] = ()
    replies: tuple[Replies, ...] = ()
    calls: int = 0
    usd: float | None = 0.0
    on_select: Mapping[str, Score] = field(default_factory=dict)
    file: PromptFile | None = None
    proof: Proof | None = None
    worth: TextsWeighed | None = None

    @property
    def classes(self) -> tuple[ClassLabel, ...]:
        """C classes in order of their ids."""
        return self.facts.classes if self.facts else ()

    @cached_property
    def best(self) -> tuple[Step, ...]:
        """The steps, the fittest first."""
        return tuple(sorted(self.steps, key=lambda s: (-s.fitness, s.score.fitted_cross_entropy, s.order)))

    @property
    def compared(self) -> TestRow | None:
        """The baseline that the verdict names, see `compared_with`."""
        rows = [row for row in self.proof.rows if row.role == "baseline"] if self.proof else []
        own = [row for row in rows if row.name.startswith(YOURS)]
        return next(iter([*own, *(row for row in rows if row.name == f'"{PHOTO_TEMPLATE}"')]), None)

    @cached_property
    def winning_step(self) -> Step | None:
        """The step whose prompts are handed over, or were before they were selected again; the best so far."""
        if self.proof is None:
            return self.best[0] if self.best else None
        first = next((row for row in self.proof.rows if row.role == "first form"), self.proof.winner)
        alike = [step for step in self.steps if first.search and step.score.cross_entropy == first.search.cross_entropy]
        same = [step for step in alike if first.search and step.score.top1 == first.search.top1]
        return next(iter(same), None)

    @property
    def baselines(self) -> tuple[Step, ...]:
        """What was scored before the first strategy began."""
        return tuple(step for step in self.steps if step.phase == BEFORE)


def read_run(folder: Path, records: Sequence[Record] | None = None) -> RunRecord:
    """What a folder tells.

    Args:
        records: of its journal, if they are at hand.

    Raises:
        RunMissing: if it holds no run.
        RunError: if its journal is damaged.
        PromptError: if its prompt file is.
    """
    if not folder.is_dir():
        raise RunMissing(f"{folder} holds no run: there is no such folder")
    valid = without_void(list(records) if records is not None else read_records(folder / JOURNAL))
    if not valid:
        if not (folder / "run.json").exists():
            raise RunMissing(f"{folder} holds no run: nothing is recorded there")
        return RunRecord(folder, "new")
    facts = facts_of(valid, folder / JOURNAL)
    fitness = FITNESS_PRESETS.get(str(facts.identity.get("fitness")), FITNESS_PRESETS[DEFAULT_FITNESS])
    told = _walk(valid, facts.classes, fitness, folder / JOURNAL)
    sealed = next((record for record in valid if isinstance(record.event, SealedRead)), None)
    file = read_prompts_json(folder / "prompts.json") if sealed and (folder / "prompts.json").exists() else None
    if file is None or sealed is None or file.prompts.fingerprint != sealed.key:  # of an earlier, smaller budget
        best = folder / "best_so_far.json"
        file = read_prompts_json(best) if best.exists() else None
        return RunRecord(folder, "unfinished", facts, file=file, **told)
    assert isinstance(sealed.event, SealedRead)
    proof = _proof(file.result, sealed.event.scores, folder / "prompts.json")
    return RunRecord(folder, "finished", facts, file=file, proof=proof, **told)


def _walk(records: Sequence[Record], classes: Sequence[ClassLabel], fitness: Fitness, path: Path) -> dict[str, Any]:
    """The fields of a record that come from its events, in order."""
    phase, calls, usd = BEFORE, 0, 0.0 if _priced(records) else None
    steps: list[Step] = []
    phases: list[Phase] = []
    replies: list[Replies] = []
    recorded = RecordedTexts(classes)
    found: dict[str, Any] = {}
    for record in records:
        event = record.event
        if isinstance(event, PhaseBegun):
            phase = event.name
            phases.append(Phase(phase, len(steps), calls, usd))
        elif isinstance(event, Asked | Captioned):
            calls += len(event.replies) - event.refused
            usd = None if usd is None or event.usd is None else usd + event.usd
            replies.append(Replies(phase, record.line, tuple(each.text for each in event.replies)))
        elif isinstance(event, ScoredCandidates):
            learn_texts(recorded, record, path)
            for number, score in enumerate(event.scores):
                figure = round(fitness(score), 6)
                steps.append(Step(len(steps), phase, record.line, calls, usd, figure, score, event, number, recorded))
        elif isinstance(event, ScoredOnSelect):
            found["on_select"] = dict(zip(record.key.split(", "), event.scores, strict=False))
        elif isinstance(event, TextsWeighed):
            found["worth"] = event
    some = {"steps": tuple(steps), "phases": tuple(phases), "replies": tuple(replies)}
    return found | some | {"calls": calls, "usd": usd}


def _priced(records: Sequence[Record]) -> bool:
    return all(each.event.usd is not None for each in records if isinstance(each.event, Asked | Captioned))


def _proof(result: Mapping[str, Any], scores: Sequence[Score], path: Path) -> Proof:
    """The result part of a prompt file, whose rows are in the order of the scores; what else is there is left alone."""
    try:
        given = result["rows"]
        if not isinstance(given, list) or len(given) != len(scores):
            raise ShapeError("has not the rows of the journal", "rows")
        rows = tuple(map(_row, given, scores))
        plain = {name: result[name] for name in ("verdict", "found_by", "stopped_by", "test_reads", "refitted")}
        lists = {name: result[name] for name in ("remarks", "notes")}
        rest = {name: result[name] for name in ("cost", "replies", "base_to_new")}
        told = read_as(_Told, plain | lists | rest)
    except (KeyError, TypeError, ShapeError) as error:
        raise PromptError(
            f"{path}: its part 'result' is damaged: {error}; `prompt-search resume` writes the file anew"
        ) from error
    return Proof(**{each.name: getattr(told, each.name) for each in fields(told)}, rows=rows)


def _row(value: Mapping[str, Any], score: Score) -> TestRow:
    splits = {name: _known(_Figures, value[name]) if value[name] is not None else None for name in ("search", "select")}
    gain = _known(_Gain, value["winner_minus_this"]) if value.get("winner_minus_this") else None
    low, high = gain.interval_95[:2] if gain else (None, None)
    name, role = str(value["name"]), str(value["role"])
    if role not in get_args(Role) or (gain and len(gain.interval_95) != 2):
        raise ShapeError("is not what it should be", "rows")
    test = _known(_Figures, value["test"])
    return TestRow(name, role, **splits, test=test, gain=gain.top1 if gain else None, low=low, high=high, score=score)  # type: ignore[arg-type]


def _known(kind: type[Kind], value: Mapping[str, Any]) -> Kind:
    """A value of a dataclass from those parts of an object that it has."""
    return read_as(kind, {each.name: value[each.name] for each in fields(kind)})  # type: ignore[arg-type]

"""What a bench will ask for and score at most, before anything is spent; what is not at hand is said, not fetched."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evaluators import ClassLabel
from optimizers import Task
from prompt_search.bench.bench_file import BenchFile, Cell, DataSet
from prompt_search.data.splits import MOST_BY_DEFAULT
from prompt_search.errors import DataError, PromptSearchError, SettingsError
from prompt_search.llm.choose import check_specification
from prompt_search.model_names import open_clip_name
from prompt_search.run.config import RunConfig
from prompt_search.run.plan.dry_run import listed_task
from prompt_search.testbed.bundled import check_data

__all__ = ["BenchPlan", "PlannedRow", "plan_bench"]

FOLDER = "local-dir:"


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """The runs of one strategy on one image set with one number of shots.

    Attributes:
        runs: one for every seed.
        calls, evaluations: of one run, at most, by the strategies' own plans; `None` where the number of classes is not
            known.
        limited: whether a limit of the bench may end a run before that.
    """

    data: str
    shots: int | None
    strategy: str
    runs: int
    calls: int | None
    evaluations: int | None
    limited: bool


@dataclass(frozen=True, slots=True)
class BenchPlan:
    """The plan of a bench.

    Attributes:
        notes: what is not at hand, or can't be used.
    """

    title: str
    rows: tuple[PlannedRow, ...]
    notes: tuple[str, ...]
    max_calls: int | None

    @property
    def runs(self) -> int:
        """How many there are."""
        return sum(row.runs for row in self.rows)

    @property
    def calls(self) -> int | None:
        """Of all runs together, at most; `None` where it is not known of some."""
        if any(row.calls is None for row in self.rows):
            return None
        limit = self.max_calls
        return sum(
            row.runs * (c if limit is None else min(c, limit)) for row in self.rows if (c := row.calls) is not None
        )

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self) | {"runs": self.runs, "calls": self.calls}


def plan_bench(file: BenchFile, cache_dir: Path) -> BenchPlan:
    """The plan of every strategy on every image set; nothing is loaded, fetched or asked.

    Raises:
        InputError: if images that are at hand, or the name of a language model, can't be used.
    """
    notes: dict[str, None] = {}
    tasks: dict[tuple[str, int | None], Task | None] = {}
    rows = []
    for cell in (cell for cell in file.cells() if cell.seed == file.seeds[0]):
        key = (cell.data, cell.shots)
        if key not in tasks:
            notes |= dict.fromkeys(_about_models(cell.config))
            tasks[key], said = _task(_data_set(cell, file), cell, cache_dir)
            notes |= dict.fromkeys(said)
        rows.append(_planned(cell, tasks[key], file))
    return BenchPlan(file.title, tuple(rows), (*_absent(file), *notes), file.budget.max_calls)


def _absent(file: BenchFile) -> list[str]:
    """Which image sets are not at hand, and what becomes of their plan."""
    known: list[str] = []
    unknown: list[str] = []
    for data in file.data:
        if not _is_at_hand(data):
            (known if data.n_classes else unknown).append(data.name)
    where = "--data NAME=PATH tells where they are, else they are looked for in the folder of the file"
    said = [f"not at hand: {', '.join(known)}: planned with the classes the file states; {where}"] if known else []
    if unknown:
        said.append(f"not at hand, and not planned: {', '.join(unknown)}: n_classes makes a plan without them; {where}")
    return said


def _is_at_hand(data: DataSet) -> bool:
    try:
        check_data(data.source)
    except DataError:
        return False
    return True


def _data_set(cell: Cell, file: BenchFile) -> DataSet:
    return next(data for data in file.data if data.name == cell.data)


def _planned(cell: Cell, task: Task | None, file: BenchFile) -> PlannedRow:
    plans = [choice.build().plan(task) for choice in cell.config.search.strategies] if task else None
    calls = None if plans is None else sum(plan.llm_calls for plan in plans)
    evaluations = None if plans is None else sum(plan.evaluations for plan in plans)
    limit = file.budget.max_calls
    limited = calls is not None and limit is not None and calls > limit
    return PlannedRow(cell.data, cell.shots, cell.strategy, len(file.seeds), calls, evaluations, limited)


def _task(data: DataSet, cell: Cell, cache_dir: Path) -> tuple[Task | None, list[str]]:
    """The job as the list of files tells it, or as the bench's file does where there are none."""
    if not _is_at_hand(data):
        shots = cell.config.data.shots or MOST_BY_DEFAULT
        return (_made_up(data.n_classes, shots, cell.config) if data.n_classes else None), []
    listed = listed_task(cell.config, lambda text: True, cache_dir)
    return listed.task, [f"{data.name}: {note}" for note in listed.notes]


def _made_up(n_classes: int, shots: int, config: RunConfig) -> Task:
    """A job of so many classes with all the images that are asked for."""
    count = -(-n_classes // 2) if config.data.base_to_new else n_classes
    classes = tuple(ClassLabel(f"{number:05d}", f"class {number}") for number in range(count))
    labels = tuple(number for number in range(count) for _ in range(shots))
    search = config.search
    return Task(classes, len(labels), lambda text: True, search.description, (), labels, search.domain, search.feedback)


def _about_models(config: RunConfig) -> list[str]:
    """Refuse a name that can be no language model; tell what has to be fetched."""
    check_specification(config.llm.name, config.llm.base_url)
    try:
        name = open_clip_name(config.model)
    except PromptSearchError as error:
        return [f"the model {config.model} is not at hand: {error}"]
    if name.startswith(FOLDER):
        return []
    if not name.startswith("hf-hub:"):
        _check_tag(config.model, name)
    return [f"the weights of {config.model} come from a hub, or open_clip's cache of it, when the first run begins"]


def _check_tag(stated: str, name: str) -> None:
    """Refuse an architecture or a tag that open_clip does not have."""
    import open_clip

    architecture, _, tag = name.partition("/")
    known = open_clip.list_models()
    tags = open_clip.list_pretrained_tags_by_model(architecture) if architecture in known else []
    if architecture not in known or (tag not in tags and not Path(tag).is_file()):
        raise SettingsError(
            f"open_clip has no model {stated!r}; `python -c 'import open_clip; print(open_clip.list_pretrained())'` "
            "lists those there are"
        )

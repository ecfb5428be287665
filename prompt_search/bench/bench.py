"""A bench carried out: every cell a run in a folder of its own, and one table of what they came to."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_search.bench.bench_file import BenchFile, Cell, read_bench
from prompt_search.bench.outcome import Outcome, Seconds, read_outcome
from prompt_search.bench.table import BenchTable
from prompt_search.cache.writable import check_writable
from prompt_search.errors import InputError, PromptSearchError, RunError
from prompt_search.prompt_files.atomic import write_atomically
from prompt_search.run.resources import Resources
from prompt_search.run.run import CACHE_WAY_OUT, Run

if TYPE_CHECKING:
    from evaluators import ImageTextModel
    from optimizers import LanguageModel
    from prompt_search.bench.plan import BenchPlan
    from prompt_search.llm.function import MessagesToText

__all__ = ["Bench", "Progress"]


@dataclass(frozen=True, slots=True)
class Progress:
    """One cell done: `number` of `total`, from 1; what it came to, or why it came to nothing.

    `recorded` tells that it had been finished before.
    """

    number: int
    total: int
    cell: Cell
    outcome: Outcome | None
    failure: str = ""
    recorded: bool = False


class Bench:
    """Strategies compared over images, shots and seeds; nothing is opened or asked until a method is called.

    Args:
        file: see `read`.
        folder: of all runs, the tables and the picture; by default `runs/bench-NAME`.
        resources: what the runs work with.
        model, llm: objects in the place of those that the file names.
    """

    def __init__(
        self,
        file: BenchFile,
        folder: str | Path | None = None,
        *,
        resources: Resources | None = None,
        model: "ImageTextModel | None" = None,
        llm: "LanguageModel | MessagesToText | None" = None,
    ) -> None:
        self.file = file
        self.folder = Path(folder) if folder else Path("runs") / f"bench-{file.path.stem}"
        self.resources = resources or Resources()
        self._model, self._llm = model, llm

    @classmethod
    def read(
        cls,
        path: str | Path,
        folder: str | Path | None = None,
        *,
        seeds: Sequence[int] = (),
        sources: Mapping[str, str] | None = None,
        llm: str | None = None,
        resources: Resources | None = None,
    ) -> "Bench":
        """The bench of a TOML file; what stands in one is told in `prompt_search.bench.bench_file`.

        Args:
            path: the file.
            folder: see `Bench`.
            seeds: in the place of the file's own.
            sources: where image sets are, by their name in the file.
            llm: the name of the language model, in the place of the file's.
            resources: see `Bench`.

        Raises:
            SettingsError: naming the file, the key, what is wrong and what to do.
        """
        return cls(read_bench(Path(path), seeds, sources, llm), folder, resources=resources)

    def plan(self) -> "BenchPlan":
        """What every cell will ask for and score at most; neither images nor models need be at hand.

        Raises:
            InputError: if images that are at hand can't be used.
        """
        from prompt_search.bench.plan import plan_bench

        return plan_bench(self.file, self.resources.cache)

    def execute(self, on_cell: Callable[[Progress], None] = lambda progress: None) -> BenchTable:
        """Carry out what is not finished, write the table and the picture, and return the table.

        A run that fails, be it that its language model does not answer or that its journal is damaged, is left out and
        named; the others go on. The same bench again tries it once more, and asks nothing for what is finished.

        Args:
            on_cell: told of every cell.

        Raises:
            InputError: if an argument can't be used, or a folder holds another run.
            RunError: if the folder can't be written.
        """
        check_writable(self.folder, "choose another folder for the bench")
        check_writable(self.resources.cache, CACHE_WAY_OUT)
        found: list[Outcome] = []
        failed: dict[str, str] = {}
        cells = self.file.cells()
        for number, cell in enumerate(cells, start=1):
            recorded = outcome = None
            try:
                recorded = self._outcome(cell)
                outcome = recorded or self._carried_out(cell)
            except InputError:
                raise
            except PromptSearchError as error:
                failed[str(cell)] = str(error)
            found += [outcome] if outcome else []
            on_cell(Progress(number, len(cells), cell, outcome, failed.get(str(cell), ""), recorded is not None))
        return self._written(BenchTable.of(found, self.file, failed))

    def so_far(self) -> BenchTable:
        """The table of what is finished; nothing is run, and nothing of it written anew but table and picture.

        Raises:
            RunError: if nothing is finished.
        """
        found: list[Outcome] = []
        damaged: dict[str, str] = {}
        for cell in self.file.cells():
            try:
                outcome = self._outcome(cell)
                found += [outcome] if outcome else []
            except RunError as error:
                damaged[str(cell)] = str(error)
        if not found:
            why = "".join(f"; {cell}: {error}" for cell, error in damaged.items())
            raise RunError(f"{self.folder} has no finished run of {self.file.path} yet{why}")
        return self._written(BenchTable.of(found, self.file, damaged))

    def _outcome(self, cell: Cell) -> Outcome | None:
        return read_outcome(self._as_run(cell), self.file.budget, self.folder)

    def _as_run(self, cell: Cell) -> Cell:
        """The cell with the configuration that its run has: objects are named in it."""
        return replace(cell, config=self._run(cell).config)

    def _run(self, cell: Cell) -> Run:
        return Run(cell.config, self.folder / cell.folder, resources=self.resources, model=self._model, llm=self._llm)

    def _carried_out(self, cell: Cell) -> Outcome | None:
        began = time.monotonic()
        try:
            self._run(cell).execute(self.file.budget)
        finally:
            Seconds(self.folder).add(cell, time.monotonic() - began)
        return self._outcome(cell)

    def _written(self, table: BenchTable) -> BenchTable:
        """Write `table.md`, `table.csv`, and, with matplotlib, `picture.svg`."""
        from prompt_search.bench.picture import draw, is_drawable

        if not table.rows:
            return table
        write_atomically(self.folder / "table.md", table.markdown().encode())
        write_atomically(self.folder / "table.csv", table.csv().encode())
        if is_drawable():
            write_atomically(self.folder / "picture.svg", draw(table))
        return table

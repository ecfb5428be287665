"""Carries out a run: from its arguments to a proven result, every step through the journal."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from evaluators import ImageTextModel, LabeledImages, TextEncoder
from optimizers import SHORTLIST, LanguageModel, Picture, Scored, Task, abilities, attempts, watch
from optimizers.template_library import template_library
from prompt_search.baselines import placebos, plain_baselines
from prompt_search.bundled import data_path
from prompt_search.data.thumbnails import thumbnails
from prompt_search.errors import BudgetReached, DataError, RunMismatch, RunMissing, SettingsError
from prompt_search.models import describe_model
from prompt_search.prompt_files.prompts_json import PromptFile, write_prompts_json
from prompt_search.result import Result
from prompt_search.run.arguments_file import write_arguments
from prompt_search.run.base_to_new import transfers
from prompt_search.run.budget import Budget
from prompt_search.run.captions import spread
from prompt_search.run.choice import Choice, Contender, choose_winner
from prompt_search.run.config import RunConfig
from prompt_search.run.context import context_check
from prompt_search.run.events import Ended
from prompt_search.run.facts import Facts, differences
from prompt_search.run.files import write_outputs
from prompt_search.run.finish import Finalist, as_finalist, prove, score_placebos
from prompt_search.run.folder import check_folder
from prompt_search.run.heads import fit_heads, too_large
from prompt_search.run.journal import JOURNAL, Journal, effective, facts_of, limited, read_records
from prompt_search.run.journaled_search import JournaledSearch
from prompt_search.run.last_selection import searched_placebos, select_placebos, stand_in
from prompt_search.run.ledger import LEDGER, Ledger
from prompt_search.run.metered import MeteredModel
from prompt_search.run.near_chance import near_chance
from prompt_search.run.resolve import NamedStrategy, Surroundings, fitness_named, resolve
from prompt_search.run.split_evaluators import SplitEvaluators

__all__ = ["BEST_SO_FAR", "execute", "replay"]

BEST_SO_FAR = "best_so_far.json"


def execute(
    config: RunConfig,
    strategies: Sequence[NamedStrategy],
    model: ImageTextModel,
    llm: LanguageModel,
    folder: Path,
    surroundings: Surroundings,
) -> Result:
    """Start a run in `folder`, or continue the one that is there.

    Raises:
        InputError: if an argument can't be used, or the folder was recorded with others (`RunMismatch`).
        LanguageModelError: if the language model can't go on; give the same command again to continue.
        RunError: if the folder can't be used.
    """
    _check_able(strategies, llm)
    facts, splits = resolve(config, strategies, model, llm, surroundings)
    with Journal(folder) as journal:
        _check_same(journal, facts)
        _reopen(journal, surroundings.budget)
        write_arguments(folder, config, surroundings.budget, surroundings.price)
        return _conduct(config, strategies, facts, model, llm, splits.__getitem__, journal, surroundings)


def replay(
    config: RunConfig,
    strategies: Sequence[NamedStrategy],
    model: ImageTextModel,
    recorded: Path,
    folder: Path,
    surroundings: Surroundings,
) -> Result:
    """Go through a finished run again in an empty folder, from its journal alone: no images, no language model.

    Raises:
        RunMissing: if the run is not finished.
        RunMismatch: if this program does not come to what is recorded, or the folder holds other files.
    """
    records = effective(read_records(recorded / JOURNAL))
    if not records or not isinstance(records[-1].event, Ended):
        raise RunMissing(f"{recorded} holds no finished run; continue it with `prompt-search resume {recorded}`")
    check_folder(folder)
    with Journal(folder, source=records) as journal:
        write_arguments(folder, config, surroundings.budget, surroundings.price)
        facts = facts_of(records, recorded / JOURNAL)
        if facts.identity["model"][-1] != model.fingerprint:
            raise RunMismatch(f"the model {config.model!r} here is not the one of {recorded}: its weights differ")
        return _conduct(config, strategies, facts, model, None, _no_images, journal, surroundings)


def _conduct(
    config: RunConfig,
    strategies: Sequence[NamedStrategy],
    given: Facts,
    model: ImageTextModel,
    llm: LanguageModel | None,
    images: Callable[[str], LabeledImages],
    journal: Journal,
    surroundings: Surroundings,
) -> Result:
    """From the first line of the journal to the last file; the same for a new, a resumed and a replayed run."""
    facts = journal.event(Facts, "", lambda: given)
    evaluators = SplitEvaluators(images, TextEncoder(model, surroundings.cache_dir))
    fits = context_check(model)
    described = describe_model(config.model, config.precision, model)
    provenance = _provenance(config, facts)
    search = _open_search(
        config,
        facts,
        fits,
        journal=journal,
        evaluators=evaluators,
        llm=llm,
        surroundings=surroundings,
        on_best=lambda best: _write_best(journal.folder, best, described, provenance),
    )
    contenders, stopped_by = _search(search, strategies, facts, surroundings)
    search.enter_phase("choosing the winner on the select split")
    choice = choose_winner(
        contenders, search.recipes, evaluators, fitness_named(config.fitness), journal, again=config.refit
    )
    winner, before, recipe = choice.final, choice.before, choice.recipe
    notes = [*facts.notes, *search.notes, *_about_choice(choice, search, refit=config.refit)]
    search.enter_phase("searching with other words")
    beside = [as_finalist(baseline) for baseline in choice.baselines if baseline.name != winner.name]
    beside += [as_finalist(before, "the winner before its last selection", "first form")] if before else []
    beside += score_placebos(winner, placebos(winner.searched.candidate, config.seed, fits), evaluators, journal)
    if winner.found_by != "baseline":
        like = recipe or stand_in(winner.searched.candidate.compiled(), template_library(search.task, [], []))
        sham = searched_placebos(like, config.seed, fits)
        sets = select_placebos(sham, like, before is not None, evaluators, journal)
        beside += [Finalist(name, "placebo", candidate) for name, candidate in sets.items()]
    search.enter_phase("reading the sealed test split")
    rows, test_reads, fallback = prove(
        winner,
        beside,
        lambda: fit_heads(winner.searched.candidate, evaluators, journal.folder, described),
        evaluators,
        journal,
    )
    if too_large(facts.sizes["search"] + facts.sizes["select"], model.width, len(facts.classes)):
        notes.append("no linear probe was fitted for comparison: with so many images and classes it takes minutes")
    if fallback is not None:
        notes.append(f"{100 * fallback:.1f} % of the test images needed the template for a pair without texts")
    result = Result(
        winner=rows[0],
        rows=tuple(rows),
        found_by=winner.found_by,
        stopped_by=stopped_by,
        test_reads=test_reads,
        cost=search.tally.cost,
        replies=search.tally.replies,
        notes=tuple(notes),
        folder=journal.folder,
        selected=recipe is not None,
        transfers=transfers(rows, facts.new_classes, lambda: evaluators.new, journal) if facts.new_classes else (),
    )
    write_outputs(result, model, described, provenance, search.archive)
    journal.event(Ended, result.prompts.fingerprint, lambda: Ended(winner=rows[0].name))
    search.enter_phase("done")
    return result


def _about_choice(choice: Choice, search: JournaledSearch, *, refit: bool) -> list[str]:
    """What is to be said of who was chosen."""
    final, beaten = choice.final, choice.beaten
    if beaten is not None:
        assert final.select is not None
        assert beaten.select is not None
        return [
            f"nothing that was found beat {final.name} on the select split ({100 * final.select.top1:.1f} % of these "
            f"images right; the best that was found, by {beaten.found_by}, {100 * beaten.select.top1:.1f} %): "
            f"{final.name} is what is handed over"
        ]
    if final.found_by == "baseline":
        return [f"nothing was found that is not a baseline: {final.name} is what is handed over"]
    selected = choice.before is not None or final.searched.candidate.fingerprint in search.recipes
    if selected or not refit or final.found_by == "start":
        return []
    return [f"{final.found_by} can't make its search again with the select images; they only chose the winner"]


def _open_search(
    config: RunConfig,
    facts: Facts,
    fits: Callable[[str], bool],
    *,
    journal: Journal,
    evaluators: SplitEvaluators,
    llm: LanguageModel | None,
    surroundings: Surroundings,
    on_best: Callable[[Scored], None],
) -> JournaledSearch:
    """What the strategies will work with."""
    ledger = Ledger(journal.folder / LEDGER, surroundings.price, attempts(llm))
    task = Task(
        facts.classes,
        facts.sizes["search"],
        fits,
        config.description,
        facts.start,
        facts.labels,
        config.domain,
        config.feedback,
    )

    def pictures() -> list[Picture]:
        ids = evaluators.search.images.image_ids
        shown = [ids[position] for position in spread(facts.labels, facts.identity["captions"])]
        return thumbnails(
            data_path(config.data),
            shown,
            surroundings.cache_dir / "datasets",
            classes_file=Path(config.classes_file) if config.classes_file else None,
            turned=config.turn_by_exif,
        )

    search = JournaledSearch(
        task,
        journal=journal,
        evaluators=evaluators,
        model=MeteredModel(llm, ledger, surroundings.budget, surroundings.clock),
        fitness=fitness_named(config.fitness),
        seed=config.seed,
        observer=surroundings.observer,
        on_best=on_best,
        pictures=pictures if facts.identity["captions"] else None,
        thinking_tokens=config.thinking_tokens,
        max_useless=surroundings.max_useless,
    )
    watch(llm, search.show_traffic)
    return search


def _search(
    search: JournaledSearch, strategies: Sequence[NamedStrategy], facts: Facts, surroundings: Surroundings
) -> tuple[list[Contender], str | None]:
    """Score the baselines, run the strategies, and collect what may win; and what ended the search early."""
    plain = dict(facts.baselines) | plain_baselines(facts.classes, search.task.fits)
    begun = {f"start {i}": prompts for i, prompts in enumerate(facts.start, start=1)}
    scored = zip(plain | begun, search.enter([*plain.values(), *begun.values()]), strict=True)
    contenders = [Contender(name, "baseline" if name in plain else "start", entry) for name, entry in scored]
    _check_known(dict(zip(plain, (c.searched for c in contenders), strict=False)), search, surroundings)
    stopped_by: str | None = None
    for index, (name, strategy) in enumerate(strategies):
        search.begin(name, index)
        try:
            shortlist = strategy.run(search)[:SHORTLIST]
        except BudgetReached as reached:
            shortlist, stopped_by = [entry.candidate for entry in search.archive.best()], str(reached)
        contenders += [Contender(name, name, entry) for entry in search.enter(shortlist)]
        if stopped_by:
            break
    search.check_usefulness()
    seen: dict[str, Contender] = {}
    for contender in contenders:
        seen.setdefault(contender.searched.candidate.fingerprint, contender)
    return list(seen.values()), stopped_by or search.refused


def _check_known(plain: Mapping[str, Scored], search: JournaledSearch, surroundings: Surroundings) -> None:
    """Say it, before anything is asked, if the model hardly knows the classes.

    Raises:
        DataError: if the person does not want to go on.
    """
    said = near_chance(plain, search.evaluators, search.journal)
    if said is None:
        return
    search.notes.append(said)
    surroundings.observer.warn(said)
    if not search.journal.replaying and not surroundings.confirm("Go on all the same?"):
        raise DataError("the run was ended before anything was asked: the model does not know these classes")


def _check_able(strategies: Sequence[NamedStrategy], llm: LanguageModel) -> None:
    """Refuse a strategy that needs what the language model can't do."""
    for name, strategy in strategies:
        missing = sorted(getattr(strategy, "needs", frozenset()) - abilities(llm))
        if missing:
            raise SettingsError(
                f"{name} with these settings needs {', '.join(missing)}, which the language model {llm.name} can't do; "
                "steering works with a model run in this process by transformers (--llm hf:FOLDER)"
            )


def _check_same(journal: Journal, facts: Facts) -> None:
    if not journal.recorded:
        return
    given = json.loads(json.dumps(dict(facts.identity)))
    different = differences(facts_of(journal.recorded, journal.folder / JOURNAL).identity, given)
    if different:
        raise RunMismatch(
            f"{journal.folder} holds a run with other arguments ({'; '.join(different)}); "
            "give the same arguments to continue it, or choose another --out"
        )


def _reopen(journal: Journal, budget: Budget) -> None:
    """A larger budget undoes what the old one cut short."""
    cut = next((cut for record in effective(journal.recorded) if (cut := limited(record.event))), None)
    if cut is not None and cut.reached and cut.limit is not None and budget.raised_above(cut.reached, cut.limit):
        journal.reopen(budget)


def _write_best(folder: Path, best: Scored, model: dict[str, Any], provenance: dict[str, Any]) -> None:
    """A prompt file like the final one, but for the proof: `score`, `export` and `--start` read it."""
    found = {"proven": False, "search": {"n": best.score.n, "top1": best.score.top1, "fitness": best.fitness}}
    write_prompts_json(folder / BEST_SO_FAR, PromptFile(best.candidate, model, provenance, found))


def _no_images(split: str) -> LabeledImages:
    raise RunMismatch(f"the replay comes to images of the {split} split that the journal has no score for")


def _provenance(config: RunConfig, facts: Facts) -> dict[str, Any]:
    """What a prompt file says of how its prompts were found."""
    return {
        "data": {"name": Path(config.data).name, "fingerprint": facts.identity["data"], "sizes": dict(facts.sizes)},
        "shots": config.shots,
        "select_shots": config.select_shots,
        "stored_as": config.stored_as,
        "turn_by_exif": config.turn_by_exif,
        "base_to_new": config.base_to_new,
        "seed": config.seed,
        "strategies": facts.identity["strategies"],
        "language_model": facts.identity["language model"],
        "fitness": config.fitness,
        "description": config.description,
    }

"""Carries out a run: from its arguments to a proven result, every step through the journal."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from evaluators import LabeledImages, TextEncoder
from evaluators.scoring.fitness import FIGURES_READ
from optimizers import Picture, Scored, Task, abilities, attempts, in_turn, watch
from optimizers.template_search import template_library
from prompt_search.cluster.engine_name import HERE
from prompt_search.cluster.ray_scoring import RayScoring
from prompt_search.data.pictures.thumbnails import thumbnails
from prompt_search.data.sources.read import read_images
from prompt_search.errors import DataError, RunMismatch, RunMissing, SettingsError
from prompt_search.llm.batch_log import takes_batches
from prompt_search.models import describe_model
from prompt_search.prompt_files.prompts_json import PromptFile, write_prompts_json
from prompt_search.report.page import write_report
from prompt_search.report.predictions import write_predictions
from prompt_search.report.result import Result, compared_with
from prompt_search.run.folder import check_folder, write_arguments
from prompt_search.run.identity import provenance_of
from prompt_search.run.inputs import fitness_named, open_inputs
from prompt_search.run.job import Job, batch_price_of
from prompt_search.run.journal.captions import spread
from prompt_search.run.journal.differences import Facts, differences
from prompt_search.run.journal.events import Ended
from prompt_search.run.journal.journal import JOURNAL, Journal, facts_of, limited, read_records, without_void
from prompt_search.run.journal.journaled_search import JournaledSearch
from prompt_search.run.money.budget import Budget
from prompt_search.run.money.ledger import LEDGER, Ledger
from prompt_search.run.money.metered import MeteredModel
from prompt_search.run.outcome.base_to_new import transfers
from prompt_search.run.outcome.baselines import placebos, plain_baselines
from prompt_search.run.outcome.certify import certify
from prompt_search.run.outcome.choice import Choice, Contender, choose_winner
from prompt_search.run.outcome.heads import fit_heads, too_large
from prompt_search.run.outcome.last_selection import searched_placebos, select_placebos, stand_in
from prompt_search.run.outcome.outputs import write_outputs
from prompt_search.run.outcome.sealed_test import (
    Finalist,
    as_finalist,
    gauge_chance,
    prove,
    score_placebos,
    weigh_texts,
)
from prompt_search.run.outcome.split_evaluators import SplitEvaluators
from prompt_search.run.plan.batch_check import batch_notes, batching
from prompt_search.run.plan.context import context_check
from prompt_search.run.plan.early_checks import near_chance
from prompt_search.run.resources import Resources
from prompt_search.testbed.bundled import data_path

__all__ = ["BEST_SO_FAR", "execute", "replay"]

BEST_SO_FAR = "best_so_far.json"


def execute(job: Job, folder: Path) -> Result:
    """Start a run in `folder`, or continue the one that is there.

    Raises:
        InputError: if an argument can't be used, or the folder was recorded with others (`RunMismatch`).
        LanguageModelError: if the language model can't go on; give the same command again to continue.
        RunError: if the folder can't be used.
    """
    _check_able(job)
    if job.config.llm.batch:
        for note in batch_notes(job.config, job.strategies, able=takes_batches(job.llm)):
            job.resources.observer.warn(note)
    facts, splits = open_inputs(job)
    engine = job.resources.engine
    with Journal(folder) as journal, ExitStack() as others:
        _check_same(journal, facts)
        _reopen(journal, job.budget)
        write_arguments(folder, job)
        scoring = others.enter_context(RayScoring(engine, job.model)) if engine != HERE else None
        return _carry_out(job, facts, splits.__getitem__, journal, scoring)


def replay(job: Job, recorded: Path, folder: Path) -> Result:
    """Go through a finished run again in an empty folder, from its journal alone: no images, no language model.

    Raises:
        RunMissing: if the run is not finished.
        RunMismatch: if this program does not come to what is recorded, or the folder holds other files.
    """
    records = without_void(read_records(recorded / JOURNAL))
    if not records:
        raise RunMissing(f"{recorded} holds no run: nothing is recorded there")
    if not isinstance(records[-1].event, Ended):
        raise RunMissing(f"{recorded} holds no finished run; resume it first")
    check_folder(folder)
    with Journal(folder, records, recorded / JOURNAL) as journal:
        write_arguments(folder, job)
        facts = facts_of(records, recorded / JOURNAL)
        if facts.identity["model"][-1] != job.model.fingerprint:
            raise RunMismatch(f"the model {job.config.model!r} here is not the one of {recorded}: its weights differ")
        return _carry_out(job, facts, _no_images, journal)


def _carry_out(
    job: Job,
    given: Facts,
    images: Callable[[str], LabeledImages],
    journal: Journal,
    scoring: RayScoring | None = None,
) -> Result:
    """From the first line of the journal to the last file; the same for a new, a resumed and a replayed run."""
    config, model = job.config, job.model
    facts = journal.event(Facts, "", lambda: given)
    figures = FIGURES_READ.get(config.search.fitness, ())
    texts = TextEncoder(model, job.cache, scoring.encode_texts if scoring else None)
    evaluators = SplitEvaluators(images, texts, figures, scoring.share_out if scoring else None)
    fits = context_check(model)
    described = describe_model(config.model, config.precision, model)
    provenance = provenance_of(config, facts)
    search = _open_search(
        job, facts, fits, journal, evaluators, lambda best: _write_best(journal.folder, best, described, provenance)
    )
    contenders, stopped_by = _search(search, job, facts)
    evaluators.forget()
    search.enter_phase("choosing the winner on the select split")
    choice = choose_winner(
        contenders, search.recipes, evaluators, fitness_named(config.search.fitness), journal, again=config.search.refit
    )
    winner, before, recipe = choice.final, choice.before, choice.recipe
    certificate = certify(winner, search, facts.identity["language model"]) if config.search.certificate else None
    notes = [*facts.notes, *search.notes, *_about_choice(choice, search, refit=config.search.refit)]
    luck = gauge_chance(search.archive, evaluators, journal)
    weigh_texts(winner.searched.candidate, evaluators, journal)
    search.enter_phase("searching with other words")
    beside = [as_finalist(baseline) for baseline in choice.baselines if baseline.name != winner.name]
    beside += [as_finalist(before, "the winner before its last selection", "first form")] if before else []
    beside += score_placebos(winner, placebos(winner.searched.candidate, config.seed, fits), evaluators, journal)
    if winner.found_by != "baseline":
        like = recipe or stand_in(winner.searched.candidate.compiled(), template_library(search.task, [], []))
        with_other_words = searched_placebos(like, config.seed, fits)
        sets = select_placebos(with_other_words, like, before is not None, evaluators, journal)
        beside += [Finalist(name, "placebo", candidate) for name, candidate in sets.items()]
    evaluators.forget()
    search.enter_phase("reading the sealed test split")
    rows, read, calibration = prove(
        winner,
        beside,
        lambda: fit_heads(winner.searched.candidate, evaluators, journal.folder, described),
        lambda: _write_predictions(winner, beside, evaluators, journal.folder, described),
        evaluators,
        journal,
    )
    if too_large(facts.sizes["search"] + facts.sizes["select"], model.width, len(facts.classes)):
        notes.append("no linear probe was fitted for comparison: with so many images and classes it takes minutes")
    if read.fallback is not None:
        notes.append(f"{100 * read.fallback:.1f} % of the test images needed the template for a pair without texts")
    result = Result(
        winner=rows[0],
        rows=tuple(rows),
        found_by=winner.found_by,
        stopped_by=stopped_by,
        test_reads=read.read,
        cost=search.tally.cost,
        replies=search.tally.replies,
        notes=tuple(notes),
        folder=journal.folder,
        selected=recipe is not None,
        luck=luck,
        calibration=calibration,
        certificate=certificate,
        transfers=transfers(rows, facts.new_classes, lambda: evaluators.new, journal) if facts.new_classes else (),
    )
    evaluators.forget()
    write_outputs(result, model, described, provenance)
    write_report(journal.folder, config.data, job.cache, images=config.images, records=journal.recorded)
    journal.event(Ended, result.prompts.fingerprint, lambda: Ended(winner=rows[0].name))
    search.enter_phase("done")
    return result


def _write_predictions(
    winner: Contender,
    beside: Sequence[Finalist],
    evaluators: SplitEvaluators,
    folder: Path,
    described: Mapping[str, Any],
) -> None:
    """What the winner, and what one would use without a search, say of every image."""
    best, rival = (winner.name, winner.searched.candidate), compared_with(beside)
    write_predictions(folder, best, (rival.name, rival.candidate) if rival else None, evaluators, described)


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
    job: Job,
    facts: Facts,
    fits: Callable[[str], bool],
    journal: Journal,
    evaluators: SplitEvaluators,
    on_best: Callable[[Scored], None],
) -> JournaledSearch:
    """What the strategies will work with."""
    config = job.config
    ledger = Ledger(journal.folder / LEDGER, job.price, attempts(job.llm), batch_price_of(config))
    task = Task(
        facts.classes,
        facts.sizes["search"],
        fits,
        config.search.description,
        facts.start,
        facts.labels,
        config.search.domain,
        config.search.feedback,
    )

    def pictures() -> list[Picture]:
        ids = evaluators.search.images.image_ids
        shown = [ids[position] for position in spread(facts.labels, facts.identity["captions"])]
        listed = read_images(job.data or data_path(config.data.source), config.data.reading(), job.cache / "datasets")
        return thumbnails(listed, shown, turned=config.data.turn_by_exif)

    search = JournaledSearch(
        task,
        journal=journal,
        evaluators=evaluators,
        model=MeteredModel(job.llm, ledger, job.budget, job.clock),
        fitness=fitness_named(config.search.fitness),
        seed=config.seed,
        observer=job.resources.observer,
        on_best=on_best,
        pictures=pictures if facts.identity["captions"] else None,
        thinking_tokens=config.llm.thinking_tokens,
        max_useless=config.llm.max_useless if job.llm is not None else 0,
        batching=batching(job.strategies) if config.llm.batch else (),
    )
    watch(job.llm, search.show_traffic)
    return search


def _search(search: JournaledSearch, job: Job, facts: Facts) -> tuple[list[Contender], str | None]:
    """Score the baselines, run the strategies, and collect what may win; and what ended the search early."""
    plain = dict(facts.baselines) | plain_baselines(facts.classes, search.task.fits)
    begun = {f"start {i}": prompts for i, prompts in enumerate(facts.start, start=1)}
    scored = zip(plain | begun, search.score_at_any_time([*plain.values(), *begun.values()]), strict=True)
    contenders = [Contender(name, "baseline" if name in plain else "start", entry) for name, entry in scored]
    _check_known(dict(zip(plain, (c.searched for c in contenders), strict=False)), search, job.resources)
    stopped_by: str | None = None
    for each in in_turn(search, job.strategies, score=search.score_at_any_time, begin=search.begin):
        found = each.found if each.ended_by is None else search.archive.best()
        contenders += [Contender(each.name, each.name, entry) for entry in found]
        stopped_by = each.ended_by
    search.check_usefulness()
    seen: dict[str, Contender] = {}
    for contender in contenders:
        seen.setdefault(contender.searched.candidate.fingerprint, contender)
    return list(seen.values()), stopped_by or search.refused


def _check_known(plain: Mapping[str, Scored], search: JournaledSearch, resources: Resources) -> None:
    """Say it, before anything is asked, if the model hardly knows the classes.

    Raises:
        DataError: if the person does not want to go on.
    """
    said = near_chance(plain, search.evaluators, search.journal)
    if said is None:
        return
    search.notes.append(said)
    resources.observer.warn(said)
    if not search.journal.replaying and not resources.confirm("Go on all the same?"):
        raise DataError("the run was ended before anything was asked: the model does not know these classes")


def _check_able(job: Job) -> None:
    """Refuse a strategy that needs what the language model can't do."""
    assert job.llm is not None
    for name, strategy in job.strategies:
        missing = sorted(getattr(strategy, "needs", frozenset()) - abilities(job.llm))
        if missing:
            raise SettingsError(
                f"{name} with these settings needs {', '.join(missing)}, which the language model {job.llm.name} can't "
                "do; steering works with a model run in this process by transformers (hf:FOLDER), likelihood with that "
                "and with llama.cpp (local, gguf:FILE)"
            )
    if job.config.search.certificate and "likelihood" not in abilities(job.llm):
        raise SettingsError(
            f"a certificate needs a language model that tells how likely a text is, which {job.llm.name} can't do: use "
            "a model run in this process (local, gguf:FILE, hf:FOLDER), or leave the certificate out"
        )


def _check_same(journal: Journal, facts: Facts) -> None:
    if not journal.recorded:
        return
    given = json.loads(json.dumps(dict(facts.identity)))
    different = differences(facts_of(journal.recorded, journal.folder / JOURNAL).identity, given)
    if different:
        raise RunMismatch(
            f"{journal.folder} holds a run with other arguments ({'; '.join(different)}); "
            "give the same arguments to continue it, or choose another folder for the run"
        )


def _reopen(journal: Journal, budget: Budget) -> None:
    """A larger budget undoes what the old one cut short."""
    cut = next((cut for record in without_void(journal.recorded) if (cut := limited(record.event))), None)
    if cut is not None and cut.reached and cut.limit is not None and budget.raised_above(cut.reached, cut.limit):
        journal.reopen(budget)


def _write_best(folder: Path, best: Scored, model: dict[str, Any], provenance: dict[str, Any]) -> None:
    """A prompt file like the final one, but for the proof: `score`, `export` and `--start` read it."""
    found = {"proven": False, "search": {"n": best.score.n, "top1": best.score.top1, "fitness": best.fitness}}
    write_prompts_json(folder / BEST_SO_FAR, PromptFile(best.candidate, model, provenance, found))


def _no_images(split: str) -> LabeledImages:
    raise RunMismatch(f"the replay comes to images of the {split} split that the journal has no score for")

"""What `greedy-tokens` adds to the photo template: with its prior, without, and with random words for tokens.

On the bundled photos, with the installed SmolLM2.

The search and select images of `photos` are dealt out anew for each draw: 12 a class to search with, 12 to choose with,
and 36 on which the choice is tried. The sealed test images have no part in it.
"""

import json
import random
import sys
from collections.abc import Callable

import numpy as np

from benchmarks.measure import Figure
from evaluators import (
    DEFAULT_FITNESS,
    FITNESS_PRESETS,
    PHOTO_TEMPLATE,
    Evaluator,
    LabeledImages,
    PromptSet,
    TextEncoder,
)
from optimizers import GreedyTokens, Reply, Request, Sample, Task
from prompt_search.cache.cache_dir import cache_dir
from prompt_search.data import load_splits
from prompt_search.llm.cached_model import CachedModel
from prompt_search.llm.choose import language_model
from prompt_search.llm.completion_cache import CompletionCache
from prompt_search.models import load_model
from prompt_search.report.statistics import Mean, paired_p
from prompt_search.run.plan.context import context_check
from prompt_search.run.run import COMPLETIONS
from prompt_search.testbed.bundled import data_path
from prompt_search.testing.scripted_search import ScriptedSearch

__all__ = ["measure"]

DRAWS = 5
SEARCH = SELECT = 12
POOL = 60
WAYS = {
    "template, prior 0": (GreedyTokens(grow="template", prior=0), False),
    "classes, prior 0": (GreedyTokens(prior=0), False),
    "classes, prior 1": (GreedyTokens(prior=1), False),
    "random words, classes, prior 0": (GreedyTokens(prior=0), True),
}
WORDS = """
able acid angry army autumn bank basket bell bitter blade boiling bone brave brick bridge bright broken brush
bucket button camera card careful chain cheap chief clean clock cloud coat common cord cotton dark deep dirty dress
early engine false feather flame flat fork frame free full glass gold green hammer heavy hollow hook horn island jewel
kettle knee late leaf level loose loud lock map married metal moon narrow needle nerve oven paper pencil pipe plate
pocket quick quiet rail rough round sad salt school screw seed sharp shelf silver smooth soap sponge spring
square steel sticky stone sweet tail tall thick thread ticket tight tired tray violent warm wax wet
wheel wide window wool yellow
"""


def measure(device: str) -> list[Figure]:
    """Gains over the photo template, mean of the draws, in points; each draw goes to stderr."""
    cache = cache_dir(None)
    model = load_model("mini-clip", device=device, precision="fp32")
    splits = load_splits(data_path("photos"), model, cache_dir=cache, shots=POOL // 2, select_shots=POOL // 2)
    pool = _joined(splits.search, splits.select)
    texts = TextEncoder(model, cache)
    gains: dict[str, list[float]] = {way: [] for way in WAYS}
    with CompletionCache(cache / COMPLETIONS) as completions:
        llm = CachedModel(language_model("local", cache_dir=cache), completions)
        for draw in range(DRAWS):
            dealt = [Evaluator(part, texts) for part in _dealt(pool, draw)]
            task = Task(splits.classes, len(dealt[0].images), context_check(model))
            for way, (strategy, is_placebo) in WAYS.items():
                answer = _random_words(draw) if is_placebo else _answers(llm)
                gains[way].append(_gain(strategy, task, answer, dealt))
                print(f"draw {draw}, {way}: {gains[way][-1]:+.1f}", file=sys.stderr, flush=True)
    return [_figure(way, own, gains["random words, classes, prior 0"]) for way, own in gains.items()]


def _figure(way: str, gains: list[float], placebo: list[float]) -> Figure:
    p = paired_p([own - other for own, other in zip(gains, placebo, strict=True)])
    note = f"{Mean.of(gains)}; against random words p = {p:.2f}" if gains != placebo and p is not None else ""
    claim = f"photos' train images that were not drawn, gain over the photo template, mean of {DRAWS} draws"
    return Figure(f"greedy-tokens: {way}", claim, Mean.of(gains).value, "points", note=note)


def _gain(strategy: GreedyTokens, task: Task, answer: Callable[[Request], Reply], dealt: list[Evaluator]) -> float:
    """Of what it hands over, and the photo template, the fittest on select; tried on the rest."""
    search, select, rest = dealt
    photo, fitness = PromptSet.of(task.classes, [PHOTO_TEMPLATE]), FITNESS_PRESETS[DEFAULT_FITNESS]
    found = [photo, *strategy.run(ScriptedSearch(task, answer, search))]
    scores = select.score(found)
    chosen = found[max(range(len(found)), key=lambda i: fitness(scores[i]))]
    before, after = rest.score([photo, chosen])
    return 100 * (after.top1 - before.top1)


def _answers(llm: CachedModel) -> Callable[[Request], Reply]:
    def answer(request: Request) -> Reply:
        got: list[Reply] = []
        llm.complete([Sample(request, 0, 0)], lambda _, reply: got.append(reply))
        return got[0]

    return answer


def _random_words(draw: int) -> Callable[[Request], Reply]:
    rng = random.Random(draw)

    def answer(request: Request) -> Reply:
        assert request.likelihood is not None
        return Reply(json.dumps([[f" {word}", -3.0] for word in rng.sample(WORDS.split(), request.likelihood.top)]))

    return answer


def _joined(one: LabeledImages, other: LabeledImages) -> LabeledImages:
    x = np.concatenate([one.embeddings[:], other.embeddings[:]])
    return LabeledImages(
        x, np.concatenate([one.labels, other.labels]), one.class_ids, (*one.image_ids, *other.image_ids)
    )


def _dealt(pool: LabeledImages, draw: int) -> list[LabeledImages]:
    rng = np.random.default_rng(draw)
    orders = [rng.permutation(np.flatnonzero(pool.labels == c)) for c in range(len(pool.class_ids))]
    bounds = ((0, SEARCH), (SEARCH, SEARCH + SELECT), (SEARCH + SELECT, POOL))
    return [_taken(pool, np.concatenate([order[start:end] for order in orders])) for start, end in bounds]


def _taken(pool: LabeledImages, rows: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]") -> LabeledImages:
    names = tuple(pool.image_ids[row] for row in rows)
    return LabeledImages(np.ascontiguousarray(pool.embeddings[:][rows]), pool.labels[rows], pool.class_ids, names)


if __name__ == "__main__":
    for figure in measure("cpu"):
        print(f"{figure.name}: {figure.value:+.2f} {figure.unit} {figure.note}")

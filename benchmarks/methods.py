"""What the questions of each method bring: usable replies, and replies that are better than what was there.

    python -m benchmarks.methods [--llm local] [--seeds 3] [--only glov ...] [--examples]

Every method goes its own way over 16 search images a class of the bundled photos. A reply is usable if its strategy can
read something from it; it is better if a template in it has a higher fitness than every template known when it was
asked for (hill-climb, glov, ipo), or if what it says, beside "a photo of a {}." for the classes it is about, has a
higher fitness than that template alone (the others). What the method hands over first is scored on the select images,
44 a class, against the photo template. The sealed test images have no part in it.
"""

import argparse
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from benchmarks.measure import Figure
from benchmarks.stronger_model import qwen
from evaluators import (
    DEFAULT_FITNESS,
    FITNESS_PRESETS,
    PHOTO_TEMPLATE,
    Candidate,
    Evaluator,
    PromptSet,
    Selected,
    SelectionSettings,
    TextEncoder,
    TextLibrary,
    fill,
)
from optimizers import (
    Archive,
    Cupl,
    EnsembleSelection,
    Fudd,
    Glov,
    HillClimbing,
    Ipo,
    LanguageModel,
    Optimizer,
    ProApo,
    Reflect,
    Reply,
    Request,
    Sample,
    Scored,
    Task,
)
from optimizers.meta_prompts import quoted
from optimizers.replies import all_sentences, differences, naming, own_descriptions, phrases, sentence, templates
from optimizers.search import Usable
from prompt_search.cache.cache_dir import cache_dir
from prompt_search.data import load_splits
from prompt_search.llm.cached_model import CachedModel
from prompt_search.llm.choose import language_model
from prompt_search.llm.completion_cache import CompletionCache
from prompt_search.models import load_model
from prompt_search.report.statistics import Mean
from prompt_search.testbed.bundled import data_path
from prompt_search.testbed.demo import DESCRIPTIONS

__all__ = ["METHODS", "Asked", "BenchSearch", "main", "measure"]

SEEDS, SHOTS, SELECT_SHOTS = 3, 16, 44
FITNESS = FITNESS_PRESETS[DEFAULT_FITNESS]
Read = Callable[[str, Sequence[str]], Mapping[str, Sequence[str]]]
"""What a reply says of which classes, by name; told the names that its question mentions."""


@dataclass(frozen=True)
class Method:
    """A strategy as it is measured, and how its replies are read; `None` for templates."""

    strategy: Optimizer
    read: Read | None = None
    counted: Callable[[str], bool] = lambda question: True
    """Whether a reply to a question (its last turn) is one that this is about."""


def _sentence(text: str, names: Sequence[str]) -> Mapping[str, Sequence[str]]:
    found = sentence(text, names[0]) if names else None
    return {names[0]: [naming(found, names[0])]} if found is not None else {}


def _library(text: str, names: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Sentences that go behind the template, as ProAPO's items do, or else names in it."""
    if len(names) != 1:
        return {}
    photo = fill(PHOTO_TEMPLATE, names[0])
    said = [f"{photo} {each}" for each in all_sentences(text, names[0])]
    return {names[0]: said or [fill(PHOTO_TEMPLATE, phrase) for phrase in phrases(text)]}


def _listed(text: str, names: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Kinds in the template, or captions."""
    if not names:
        return {}
    kinds = [fill(PHOTO_TEMPLATE, phrase) for phrase in phrases(text)]
    return {names[0]: kinds or all_sentences(text, names[0])}


def _apart(text: str, names: Sequence[str]) -> Mapping[str, Sequence[str]]:
    if len(names) != 2:
        return {}
    own = own_descriptions(differences(text), names[0], names[1])
    return {names[0]: [d.first for d in own], names[1]: [d.second for d in own]} if own else {}


def _rewritten(text: str, names: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Sentences about the class that is named first, behind the template where they do not name it."""
    if not names:
        return {}
    return {names[0]: [naming(each, names[0]) for each in all_sentences(text, "")]}


NOT_WRITTEN = ("Describe what a", "How can you identify a", "Describe an image of a", "name of the class goes")
"""In CuPL's own questions, and in the one that asks for others."""


def _is_written(question: str) -> bool:
    """Whether the language model wrote a question itself."""
    return not any(part in question for part in NOT_WRITTEN)


METHODS: Mapping[str, Method] = {
    "hill-climb": Method(HillClimbing(iterations=20)),
    "glov": Method(Glov(steps=3)),
    "ipo": Method(Ipo(steps=4)),
    "cupl": Method(Cupl(samples=1), _sentence),
    "cupl-written": Method(Cupl(samples=1, write_questions=True), _sentence, _is_written),
    "proapo": Method(ProApo(generations=2, group_generations=1, groups=2), _library),
    "fudd": Method(Fudd(max_pairs=12), _apart),
    "reflect": Method(Reflect(steps=2), _rewritten, lambda question: "One per line" in question),
    "ensemble-selection": Method(EnsembleSelection(samples=1, rounds=1), _listed),
}


@dataclass
class Asked:
    """A question, its reply, whether that was usable, and the best fitness of a template known when it was put."""

    request: Request
    reply: str
    usable: bool
    best_before: float


@dataclass
class BenchSearch:
    """Implements `optimizers.Search` without a journal or a budget, and keeps what was asked."""

    task: Task
    model: LanguageModel
    evaluator: Evaluator
    seed: int
    archive: Archive = field(default_factory=Archive)
    asked: list[Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self._times: dict[Request, int] = {}

    def ask(self, requests: Sequence[Request], usable: Usable | None = None) -> list[Reply]:
        """See `Search.ask`."""
        best = max((each.fitness for each in self.archive), default=float("-inf"))
        replies: dict[int, Reply] = {}
        self.model.complete([self._sample(request) for request in requests], replies.__setitem__)
        for i, request in enumerate(requests):
            text = replies[i].text
            self.asked.append(Asked(request, text, usable is None or usable(i, text), best))
        return [replies[i] for i in range(len(requests))]

    def score(self, candidates: Sequence[Candidate]) -> list[Scored]:
        """See `Search.score`."""
        new = [candidate for candidate in candidates if self.archive.find(candidate) is None]
        for candidate, score in zip(new, self.evaluator.score(new), strict=True):
            self.archive.add(candidate, score, FITNESS(score))
        return [entry for candidate in candidates if (entry := self.archive.find(candidate)) is not None]

    def top_classes(self, candidate: Candidate, k: int) -> tuple[tuple[int, ...], ...]:
        """See `Search.top_classes`."""
        return tuple(tuple(map(int, row)) for row in self.evaluator.top_classes(candidate, k))

    def class_cross_entropies(self, candidate: Candidate) -> tuple[float | None, ...]:
        """See `Search.class_cross_entropies`."""
        return self.evaluator.class_cross_entropies(candidate)

    def class_clusters(self, candidate: PromptSet, k: int) -> tuple[int, ...]:
        """See `Search.class_clusters`."""
        return self.evaluator.class_clusters(candidate, k)

    def choose_texts(self, library: TextLibrary, settings: SelectionSettings) -> Selected:
        """See `Search.choose_texts`."""
        return self.evaluator.choose_texts(library, settings)

    def captions(self) -> tuple[str, ...]:
        """None."""
        return ()

    def log(self, message: str) -> None:
        """Nobody reads it."""

    def _sample(self, request: Request) -> Sample:
        occurrence = self._times.get(request, 0)
        self._times[request] = occurrence + 1
        return Sample(request, self.seed, occurrence)


@dataclass(frozen=True)
class World:
    """What all methods are measured on."""

    task: Task
    search: Evaluator
    select: Evaluator
    model: LanguageModel


def measure(device: str) -> list[Figure]:
    """The figures of every method with the local language model."""
    return [figure for name in METHODS for figure in _figures(name, "local", device, SEEDS)]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print them for a language model of one's choice."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.methods", description=__doc__)
    parser.add_argument("--llm", default="local", help="local, qwen (1.1 GB, fetched), gguf:PATH, or any other name")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--only", nargs="*", choices=list(METHODS), default=list(METHODS))
    parser.add_argument("--examples", action="store_true", help="print the replies of the first seed, too")
    options = parser.parse_args(arguments)
    for name in options.only:
        for figure in _figures(name, options.llm, "auto", options.seeds, examples=options.examples):
            print(f"{figure.name}: {figure.value:g} {figure.unit} ({figure.note})", flush=True)


def _figures(name: str, llm: str, device: str, seeds: int, *, examples: bool = False) -> list[Figure]:
    spec = f"gguf:{qwen(cache_dir() / 'benchmarks')}" if llm == "qwen" else llm
    with CompletionCache(cache_dir() / "benchmarks" / "completions.sqlite") as cache:
        model = CachedModel(language_model(spec, cache_dir=cache_dir()), cache)
        found = [_one(name, world) for world in map(partial(_world, model, device), range(seeds))]
    if examples:
        for each, better in zip(found[0].asked, found[0].better, strict=True):
            print(f"  {'better' if better else 'usable' if each.usable else '      '} {each.reply!r}")
    return [
        _share(f"methods: {name} ({llm}): usable replies", [each.usable for each in found]),
        _share(f"methods: {name} ({llm}): better replies", [each.better for each in found]),
        _gain(f"methods: {name} ({llm}): gain on images not searched", [each.gain for each in found]),
    ]


@dataclass(frozen=True)
class Found:
    """Of one seed: per reply whether it was usable and better, and the gain in points on the select images."""

    usable: list[bool]
    better: list[bool]
    gain: float
    asked: list[Asked]


def _world(model: LanguageModel, device: str, seed: int) -> tuple[World, int]:
    image_text = load_model("mini-clip", device=device)
    splits = load_splits(
        data_path("photos"), image_text, cache_dir=cache_dir(), shots=SHOTS, select_shots=SELECT_SHOTS, seed=seed
    )
    texts = TextEncoder(image_text, cache_dir())
    search, select = Evaluator(splits.search, texts), Evaluator(splits.select, texts)

    def fits(text: str) -> bool:
        return image_text.token_counts([text])[0] <= image_text.context_length

    labels = tuple(map(int, splits.search.labels))
    task = Task(splits.classes, len(labels), fits, DESCRIPTIONS["photos"], labels=labels)
    return World(task, search, select, model), seed


def _one(name: str, given: tuple[World, int]) -> Found:
    world, seed = given
    method = METHODS[name]
    search = BenchSearch(world.task, world.model, world.search, seed)
    photo = PromptSet.of(world.task.classes, [PHOTO_TEMPLATE])
    search.score([photo])
    first, *_ = [*method.strategy.run(search), photo]
    asked = [each for each in search.asked if method.counted(each.request.messages[-1].content)]
    better = [_is_better(each, method, search) for each in asked]
    won, plain = world.select.score([first, photo])
    return Found([each.usable for each in asked], better, 100 * (won.top1 - plain.top1), asked)


def _is_better(asked: Asked, method: Method, search: BenchSearch) -> bool:
    classes = search.task.classes
    if method.read is None:
        proposed = [PromptSet.of(classes, [each]) for each in templates(asked.reply, search.task.template_fits)]
        return any(entry.fitness > asked.best_before for entry in search.score(proposed[:5]))
    question = asked.request.messages[-1].content
    names = sorted((c.name for c in classes if quoted(c.name) in question), key=lambda n: question.index(quoted(n)))
    said = method.read(asked.reply, names)
    texts = {
        c.id: [fill(PHOTO_TEMPLATE, c.name), *(t for t in said.get(c.name, ()) if search.task.fits(t))] for c in classes
    }
    plain, tried = search.score([PromptSet.of(classes, [PHOTO_TEMPLATE]), PromptSet.of(classes, texts=texts)])
    return tried.fitness > plain.fitness


def _share(name: str, seeds: Sequence[Sequence[bool]]) -> Figure:
    each = ", ".join(f"{sum(own)} of {len(own)}" for own in seeds)
    share = sum(map(sum, seeds)) / max(1, sum(map(len, seeds)))
    return Figure(name, "share of all replies", round(100 * share, 1), "%", note=each)


def _gain(name: str, gains: Sequence[float]) -> Figure:
    mean = Mean.of(gains)
    claim = f"first of the shortlist, {SELECT_SHOTS} select images a class, over the photo template"
    return Figure(name, claim, round(mean.value, 2), "points", note=str(mean))


if __name__ == "__main__":
    main()

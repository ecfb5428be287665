"""The winner's last selection, made again: with the select images too, and with other words in the place of its own."""

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add

from evaluators import LabeledImages, PromptSet, Saying, Score, SelectionSettings, TextEncoder, TextLibrary
from evaluators.scoring.reductions import reduce_logits
from evaluators.scoring.redundancy import redundancies
from evaluators.selection.library_selection import (
    choose_texts,
    held_out_weights,
    is_large,
    library_features,
)
from evaluators.selection.selected import HOLDS, Chosen, Selected
from prompt_search.report.result import NO_WORDS, RANDOM_WORDS
from prompt_search.run.journal.events import Refit, SearchedPlacebos
from prompt_search.run.journal.journal import Journal
from prompt_search.run.outcome.baselines import renamed, vocabulary
from prompt_search.run.outcome.split_evaluators import SplitEvaluators

__all__ = ["Recipe", "Refitted", "refit", "searched_placebos", "select_placebos", "stand_in", "within"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How prompts were selected: what there was to choose from, and how; the strength is a number by now."""

    library: TextLibrary
    settings: SelectionSettings


@dataclass(frozen=True, slots=True)
class Refitted:
    """Prompts selected again on search and select images together.

    Attributes:
        candidate: the prompts.
        search: their score on the search images, which they were selected on.
        select: the score of select images that were left out in turn: each is scored by prompts that were selected
            without it, on all other images.
    """

    candidate: PromptSet
    search: Score
    select: Score


def refit(recipe: Recipe, evaluators: SplitEvaluators, journal: Journal) -> Refitted:
    """Make the selection again with all images, its settings fixed; the test split has no part in it."""
    recorded = journal.event(Refit, _key(recipe), lambda: _refit_live(recipe, evaluators))
    journal.expect("chosen", holds=within(recipe.library, recorded.chosen))
    return Refitted(recipe.library.prompt_set(recorded.chosen), recorded.search, recorded.select)


def within(library: TextLibrary, chosen: Chosen) -> bool:
    """Whether these are numbers of texts of the library, at least one for every class."""
    return len(chosen) == len(library.classes) and all(
        own and all(0 <= number < len(texts) for number in own)
        for own, texts in zip(chosen, library.texts, strict=True)
    )


def stand_in(winner: PromptSet, templates: Sequence[str]) -> Recipe:
    """For a winner that was not selected from a library: the general templates and its own texts.

    What its search was is not known here; a selection on the same images with other words shows what they can do.
    """
    sayings = tuple(tuple(Saying(text) for text in own) for own in winner.texts)
    return Recipe(TextLibrary(winner.classes, tuple(templates), sayings), SelectionSettings())


def searched_placebos(recipe: Recipe, seed: int, fits: Callable[[str], bool]) -> dict[str, TextLibrary]:
    """Libraries like the winner's without words of its own, and with words that say nothing, or of another class.

    `random words` has as many texts per class in the same frames, of as many words, drawn from CLIP's vocabulary; a
    class that is named in a text is named in its place. `shuffled` gives every class what was said of another.
    """
    library = recipe.library
    bare = {NO_WORDS: library.with_sayings([()] * len(library.classes))}
    if not any(library.sayings):
        return bare
    rng = random.Random(f"{seed}/searched placebos")
    names = [label.name for label in library.classes]
    noise = [[_noise(each, name, rng) for each in own] for name, own in zip(names, library.sayings, strict=True)]
    found = {RANDOM_WORDS: noise}
    if len(names) > 1:
        order = list(range(len(names)))
        rng.shuffle(order)
        other = dict(zip(order, order[1:] + order[:1], strict=True))  # one cycle: nobody keeps its own
        found["placebo: shuffled words, searched"] = [
            [_renamed(each, names[other[c]], names[c]) for each in library.sayings[other[c]]] for c in range(len(names))
        ]
    return bare | {
        name: library.with_sayings([[each for each in dict.fromkeys(own) if fits(each.text)] for own in sayings])
        for name, sayings in found.items()
    }


def select_placebos(
    libraries: Mapping[str, TextLibrary], recipe: Recipe, refitted: bool, evaluators: SplitEvaluators, journal: Journal
) -> dict[str, PromptSet]:
    """What the winner's selection makes of other words, on the same images.

    Each has its own strength, by cross-validation on the search images as the winner's had, the plain prompts among the
    choices; where that would take minutes, the winner's.
    """

    def live() -> SearchedPlacebos:
        found = (_search_again(library, recipe, refitted, evaluators) for library in libraries.values())
        return SearchedPlacebos(chosen=tuple(found))

    key = _key(*(Recipe(library, recipe.settings) for library in libraries.values()))
    recorded = journal.event(SearchedPlacebos, key, live)
    fit = len(recorded.chosen) == len(libraries) and all(map(within, libraries.values(), recorded.chosen))
    journal.expect("chosen", holds=fit)
    return {
        name: library.prompt_set(chosen)
        for (name, library), chosen in zip(libraries.items(), recorded.chosen, strict=True)
    }


def _refit_live(recipe: Recipe, evaluators: SplitEvaluators) -> Refit:
    images, texts = evaluators.joined(), evaluators.texts
    selected = _choose(images, recipe, texts)
    candidate = recipe.library.prompt_set(selected.chosen)
    (search,) = evaluators.search.score([candidate])
    return Refit(chosen=selected.chosen, search=search, select=_left_out(images, recipe, evaluators))


def _search_again(library: TextLibrary, recipe: Recipe, refitted: bool, evaluators: SplitEvaluators) -> Chosen:
    search, settings = evaluators.search.images, recipe.settings
    if settings.hold is None or not is_large(len(search), len(library.classes)):
        found = _choose(search, Recipe(library, replace(settings, hold=None, tried=HOLDS)), evaluators.texts)
        if not refitted or found.hold is None:
            return found.chosen
        settings = replace(settings, hold=found.hold)
    images = evaluators.joined() if refitted else search
    return _choose(images, Recipe(library, settings), evaluators.texts).chosen


def _choose(images: LabeledImages, recipe: Recipe, texts: TextEncoder) -> Selected:
    features = library_features(recipe.library, texts.embed)
    return choose_texts(
        images.embeddings[:], images.labels, recipe.library, features, texts.model.logit_scale, recipe.settings
    )


def _left_out(images: LabeledImages, recipe: Recipe, evaluators: SplitEvaluators) -> Score:
    """The select images, each under a selection made without it."""
    import torch

    scale, x = evaluators.texts.model.logit_scale, images.embeddings[:]
    features = library_features(recipe.library, evaluators.texts.embed)
    select = range(len(images) - len(evaluators.select.images), len(images))
    parts, columns = [], None
    for out, weights in held_out_weights(x, images.labels, features, scale, recipe.settings, select):
        columns = weights
        parts.append(reduce_logits(torch.from_numpy(x[out] @ weights), torch.from_numpy(images.labels[out]), scale))
    assert columns is not None
    return reduce(add, parts).score(redundancies([list(columns.T)])[0])


def _key(*recipes: Recipe) -> str:
    content = [[r.library.fingerprint, r.settings.most, r.settings.hold, r.settings.folds] for r in recipes]
    return hashlib.sha256(repr(content).encode()).hexdigest()[:32]


def _noise(saying: Saying, name: str, rng: random.Random) -> Saying:
    """As many random words; where the saying names its class, the first of them is the name."""
    count = len(saying.words.split())
    named = saying.words.casefold().count(name.casefold()) > 0
    drawn = rng.choices(vocabulary(), k=max(1, count - len(name.split())) if named else count)
    return replace(saying, words=" ".join([name, *drawn] if named else drawn))


def _renamed(saying: Saying, name: str, other: str) -> Saying:
    return replace(saying, words=renamed(saying.words, name, other))

"""A selection from a library on a split, its strength chosen by cross-validation inside the split."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from evaluators.models.image_text_model import FloatArray
from evaluators.prompts.text_library import TextLibrary
from evaluators.scoring.fitted_scale import best_scale, cross_entropies
from evaluators.selection.selected import Chosen, Selected, SelectionSettings
from evaluators.selection.stratified_folds import stratified_folds
from evaluators.selection.text_selection import TextFeatures, select_texts, weights_of

__all__ = ["choose_texts", "held_out_weights", "is_large", "library_features"]

UNTESTED = 30.0
"""The strength where there are too few images to leave any out."""

MOST_COSTLY = 100

LARGE = 2**22
"""Images x classes from which only one fold is left out: a selection takes minutes there, not seconds."""

Labels = NDArray[np.int64]


def library_features(library: TextLibrary, embed: Callable[[Sequence[str]], FloatArray]) -> TextFeatures:
    """The features of a library's texts, each different text encoded once."""
    different = list(dict.fromkeys(text for own in library.texts for text in own))
    row = {text: number for number, text in enumerate(different)}
    vectors = embed(different)
    texts = [vectors[[row[text] for text in own]] for own in library.texts]
    plain = tuple(tuple(range(count)) for count in library.plain_counts)
    prior = weights_of(TextFeatures(texts, np.zeros((len(texts), vectors.shape[1]), np.float32), plain), plain).T
    return TextFeatures(texts, np.ascontiguousarray(prior), [(first,) for first in library.start])


def choose_texts(
    images: FloatArray, labels: Labels, library: TextLibrary, features: TextFeatures, scale: float,
    settings: SelectionSettings,
) -> Selected:  # fmt: skip
    """Select, with a given strength, or the one that does best on images left out in turn.

    The cross-entropy is taken at the scale at which the templates together fit these images best. Plain prompts
    compete: where no strength beats them on the images left out, they are what is chosen. With fewer than two images a
    class none can be left out, and the strength is `UNTESTED`.
    """
    given = scale
    scale = best_scale(images @ features.prior.T, labels, scale)
    if settings.hold is not None:
        return Selected(_select(images, labels, features, scale, settings), settings.hold)
    if len(labels) < 2 * len(library.classes):
        chosen = _select(images, labels, features, scale, replace(settings, hold=UNTESTED))
        return Selected(chosen, UNTESTED)
    tried = {hold: _held_out(images, labels, features, given, replace(settings, hold=hold)) for hold in settings.tried}
    held_out = {hold: _loss(cosines, labels[out], scale) for hold, (out, cosines) in tried.items()}
    best = min(held_out, key=lambda hold: (held_out[hold], -hold))
    out, cosines = tried[best]
    starts: list[Chosen] = [
        tuple((first,) for first in library.start),
        tuple(tuple(range(count)) for count in library.plain_counts),
    ]
    losses = [_loss(images[out] @ weights_of(features, start), labels[out], scale) for start in starts]
    plain = min(losses)
    table = tuple((hold, round(loss, 6)) for hold, loss in held_out.items())
    costly = costly_pairs(cosines, labels[out], scale)
    if held_out[best] >= plain:
        return Selected(starts[losses.index(plain)], None, table, round(plain, 6), costly)
    chosen = _select(images, labels, features, scale, replace(settings, hold=best))
    return Selected(chosen, best, table, round(plain, 6), costly)


def held_out_weights(
    images: FloatArray, labels: Labels, features: TextFeatures, scale: float, settings: SelectionSettings,
    within: Sequence[int],
) -> Iterator[tuple[Labels, FloatArray]]:  # fmt: skip
    """Leave out some images of `within` in turn: their numbers, and the classifier [D, C] selected on all the others.

    The strength must be given. Together the parts left out are `within`, each image once.
    """
    inside = np.asarray(within, dtype=np.int64)
    few = 2 if is_large(len(labels), len(features.texts)) else settings.folds
    folds = stratified_folds(labels[inside], few, np.random.default_rng(0))
    for out in [inside[folds == number] for number in range(few) if (folds == number).any()]:
        rest = np.setdiff1d(np.arange(len(labels)), out)
        yield out, _without(images[rest], labels[rest], features, scale, settings)


def costly_pairs(cosines: FloatArray, labels: Labels, scale: float) -> tuple[tuple[int, int, float], ...]:
    """The cross-entropy of images summed by (label, likeliest other class), the costliest first."""
    losses = cross_entropies(cosines, labels, scale)
    others = cosines.copy()
    others[np.arange(len(labels)), labels] = -np.inf
    pairs = labels * cosines.shape[1] + others.argmax(axis=1)
    numbers, places = np.unique(pairs, return_inverse=True)
    costs = np.bincount(places.ravel(), losses)
    order = np.argsort(-costs, kind="stable")[:MOST_COSTLY]
    classes = cosines.shape[1]
    return tuple((int(numbers[i]) // classes, int(numbers[i]) % classes, round(float(costs[i]), 6)) for i in order)


def _select(
    images: FloatArray, labels: Labels, features: TextFeatures, scale: float, settings: SelectionSettings
) -> Chosen:
    assert settings.hold is not None
    return select_texts(images, labels, features, scale, hold=settings.hold, most=settings.most)


def _without(
    images: FloatArray, labels: Labels, features: TextFeatures, scale: float, settings: SelectionSettings
) -> FloatArray:
    """The classifier [D, C] of a selection on what is left; its scale, too, is fitted there."""
    fitted = best_scale(images @ features.prior.T, labels, scale)
    return weights_of(features, _select(images, labels, features, fitted, settings))


def is_large(images: int, classes: int) -> bool:
    """Whether a selection takes minutes, so that as few as can be are made."""
    return images * classes > LARGE


def _held_out(
    images: FloatArray, labels: Labels, features: TextFeatures, scale: float, settings: SelectionSettings
) -> tuple[Labels, FloatArray]:
    """Images that were left out [n], and their cosines [n, C] under the selection that was made without them."""
    folds = stratified_folds(labels, settings.folds, np.random.default_rng(0))
    numbers = range(1 if is_large(len(labels), len(features.texts)) else settings.folds)
    outs = [np.flatnonzero(folds == number) for number in numbers]
    parts = [
        images[out] @ _without(np.delete(images, out, 0), np.delete(labels, out), features, scale, settings)
        for out in outs
    ]
    return np.concatenate(outs), np.concatenate(parts)


def _loss(cosines: FloatArray, labels: Labels, scale: float) -> float:
    """Mean cross-entropy at the scale that fits these cosines best: being sure at the wrong length is no merit."""
    return float(cross_entropies(cosines, labels, best_scale(cosines, labels, scale)).mean())

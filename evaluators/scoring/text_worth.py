"""What each text of a prompt set is worth: the figures of a split with it, and without it.

Leaving out a text of one class moves one column of the cosines, so its figures come from the old ones in one pass;
leaving out a template moves all columns, and everything is reckoned anew.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluators.embeddings.class_weights import class_embedding
from evaluators.embeddings.labeled_images import LabeledImages
from evaluators.models.image_text_model import FloatArray
from evaluators.prompts.prompt_set import PromptSet, fill

__all__ = ["TextWorth", "Worth", "text_worth"]

MOST_WORK = 2**28
"""Images x texts left out (a template counts for all classes) above which it would take minutes."""
IMAGES_AT_ONCE = 2048

Embed = Callable[[Sequence[str]], FloatArray]
Floats = NDArray[np.float64]
Worth = tuple[float, int] | None
"""By how much the mean cross-entropy (in nats) is higher without the text, and how many more images are right with it;
`None` where nothing would be left of a class."""


@dataclass(frozen=True, slots=True)
class TextWorth:
    """What each part of a prompt set is worth.

    Attributes:
        templates: aligned with those of the prompts.
        texts: per class, aligned with its own texts.
    """

    templates: tuple[Worth, ...]
    texts: tuple[tuple[Worth, ...], ...]


def text_worth(prompts: PromptSet, images: LabeledImages, embed: Embed, scale: float) -> TextWorth | None:
    """Leave out every template and every text of a class, one at a time.

    Args:
        prompts: C classes.
        images: N, of the same classes.
        embed: unit-length features [T, D] of T texts.
        scale: the logit scale of the cross-entropy.

    Returns:
        `None` where it would take minutes.
    """
    left_out = len(prompts.templates) * len(prompts.classes) + sum(map(len, prompts.texts))
    if len(images) * left_out > MOST_WORK:
        return None
    sets = [_columns(prompts, embed), *(_columns(rest, embed) for rest in _without_templates(prompts) if rest)]
    variants = [_variants(prompts, index, embed) for index in range(len(prompts.classes))]
    of_sets, of_texts = np.zeros((len(sets), 2)), [np.zeros((len(own), 2)) for own in variants]
    for start in range(0, len(images), IMAGES_AT_ONCE):
        part = slice(start, start + IMAGES_AT_ONCE)
        x, labels = images.embeddings[part], images.labels[part]
        for number, columns in enumerate(sets):
            chunk = _Chunk(x @ columns, labels, scale)
            of_sets[number] += chunk.sums
            for column, own in enumerate(variants if number == 0 else ()):
                of_texts[column] += chunk.changed(column, x @ own.T)
    worths = iter(_worths(of_sets[0], of_sets[1:], len(images)))
    return TextWorth(
        templates=tuple(next(worths) if rest else None for rest in _without_templates(prompts)),
        texts=tuple(
            _aligned(prompts, index, _worths(of_sets[0], sums, len(images))) for index, sums in enumerate(of_texts)
        ),
    )


class _Chunk:
    """Cosines [n, C] of a whole set with labels [n], and what is needed of them when one column changes."""

    def __init__(self, cosines: FloatArray, labels: NDArray[np.int64], scale: float) -> None:
        rows = np.arange(len(labels))
        self.labels, self.scale = labels, scale
        self.cosines = cosines.astype(np.float64)
        self.own = self.cosines[rows, labels]
        others = self.cosines.copy()
        others[rows, labels] = -np.inf
        self.rival = others.argmax(axis=1)
        self.best_other = others[rows, self.rival]
        others[rows, self.rival] = -np.inf
        self.second_other = others.max(axis=1)
        self.top = np.maximum(self.own, self.best_other)
        self.total = np.exp(scale * (self.cosines - self.top[:, None])).sum(axis=1)

    @property
    def sums(self) -> Floats:
        """The cross-entropies added up, and how many images are right."""
        losses = np.log(self.total) - self.scale * (self.own - self.top)
        return np.array([losses.sum(), np.sum(self.own > self.best_other)])

    def changed(self, column: int, cosines: FloatArray) -> Floats:
        """The same [T, 2] when the column of a class is each of [n, T]."""
        new = cosines.astype(np.float64)
        mine = (self.labels == column)[:, None]
        own = np.where(mine, new, self.own[:, None])
        rest = np.where(self.rival == column, self.second_other, self.best_other)[:, None]
        best_other = np.where(mine, self.best_other[:, None], np.maximum(rest, new))
        top = np.maximum(own, best_other)
        kept = self.total - np.exp(self.scale * (self.cosines[:, column] - self.top))
        total = np.maximum(kept, 0)[:, None] * np.exp(self.scale * (self.top[:, None] - top))
        total += np.exp(self.scale * (new - top))
        losses = np.log(np.maximum(total, np.exp(self.scale * (own - top)))) - self.scale * (own - top)
        return np.stack([losses.sum(axis=0), np.sum(own > best_other, axis=0)], axis=1)


def _without_templates(prompts: PromptSet) -> list[PromptSet | None]:
    """The set without each of its templates; `None` where a class would have no text."""
    some = prompts.templates
    rests = [some[:number] + some[number + 1 :] for number in range(len(some))]
    return [prompts.with_templates(rest) if rest or all(prompts.texts) else None for rest in rests]


def _droppable(prompts: PromptSet, index: int) -> list[str]:
    """Those of a class's own texts without which it has others; what a template says, too, stays."""
    filled = {fill(template, prompts.classes[index].name) for template in prompts.templates}
    own = prompts.texts[index] if len(prompts.render(index)) > 1 else ()
    return [text for text in own if text not in filled]


def _variants(prompts: PromptSet, index: int, embed: Embed) -> FloatArray:
    """The embedding of a class [T, D] without each of its T droppable texts."""
    rendered = sorted(prompts.render(index))
    features = embed(rendered)
    dropped = [np.delete(features, rendered.index(text), axis=0) for text in _droppable(prompts, index)]
    return np.stack([class_embedding(left) for left in dropped]) if dropped else features[:0]


def _aligned(prompts: PromptSet, index: int, worths: list[tuple[float, int]]) -> tuple[Worth, ...]:
    found = dict(zip(_droppable(prompts, index), worths, strict=True))
    alone = None if len(prompts.render(index)) == 1 else (0.0, 0)
    return tuple(found.get(text, alone) for text in prompts.texts[index])


def _worths(whole: Floats, without: Floats, images: int) -> list[tuple[float, int]]:
    return [(round(float(loss - whole[0]) / images, 6), int(whole[1] - right)) for loss, right in without]


def _columns(prompts: PromptSet, embed: Embed) -> FloatArray:
    """The classifier [D, C]."""
    return np.stack([class_embedding(embed(sorted(own))) for own in prompts.rendered], axis=1)

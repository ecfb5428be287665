"""Which texts of a library stand for each class: forward selection, held to a prior.

Ensemble selection from libraries of models (Caruana, Niculescu-Mizil, Crew and Ksikes, ICML 2004), with texts for the
models. A class is embedded as the mean of its chosen texts, brought back to unit length. From a start, cycle over the
classes and take the one change, a text added or dropped, that lowers

    sum over images of the cross-entropy  +  hold * sum over classes of (1 - cosine to the class's prior) / spread

most. `spread` is what 1 - cosine is on average for a text of the library, so `hold` has a unit that does not depend on
the model: nats that a class pays for lying as far from its prior as a single text does. It is the logarithm of a prior
over embeddings (von Mises-Fisher); with few images it keeps the selection from fitting noise, with many it fades.

All changes of a class are weighed together: with S = sum of the chosen features, the class's logits after adding text t
are s (x . S + x . f_t) / |S + f_t|, and the other classes' softmax sums stay as they are. The products x . f_t are kept
for the next turn of the class where they are few enough; x . S is known from the class's logits as they are.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluators.models.image_text_model import FloatArray
from evaluators.selection.selected import Chosen

__all__ = ["TextFeatures", "select_texts", "weights_of"]

Floats = NDArray[np.float64]

ROWS_AT_ONCE = 2048
"""Up to so many images a class's changes are weighed on all of them; above, on those that it has any part in:"""

FEW_ROWS = 512
"""that many beside its own."""

IMAGES_AT_ONCE = 1024
"""Images whose softmax sums are made at once."""

KEPT_PRODUCTS = 2**25
"""Cosines of all images with all texts that are kept rather than made anew for every class's turn: 128 MB."""

LARGEST_STEP = 80.0
"""Nats that a logit may be above the softmax sum with an exponential that single precision holds."""

FEWEST_GAIN = 1e-6
"""Nats of the whole objective under which a change is none."""

ONE_AT_A_TIME = threading.Lock()
"""Of selections that limit the threads of BLAS: two that overlap would leave the other's limit behind."""


@dataclass(frozen=True, slots=True)
class TextFeatures:
    """A library as features, class by class.

    Attributes:
        texts: C arrays [T_c, D] float32 of unit rows.
        prior: [C, D] unit rows: what each class's embedding is held to.
        start: per class the numbers of the texts it begins with, at least one.
    """

    texts: Sequence[FloatArray]
    prior: FloatArray
    start: Sequence[Sequence[int]]

    @property
    def spread(self) -> float:
        """1 - cosine of a text to its class's prior, on average over classes; never 0."""
        far = [float(np.mean(1 - own @ prior)) for own, prior in zip(self.texts, self.prior, strict=True)]
        return max(float(np.mean(far)), 1e-6)


def weights_of(features: TextFeatures, chosen: Chosen) -> FloatArray:
    """The classifier [D, C] of chosen texts."""
    sums = [own[list(numbers)].astype(np.float64).sum(0) for own, numbers in zip(features.texts, chosen, strict=True)]
    return np.stack([each / max(float(np.linalg.norm(each)), 1e-12) for each in sums], axis=1).astype(np.float32)


def select_texts(
    images: FloatArray,
    labels: NDArray[np.int64],
    features: TextFeatures,
    scale: float,
    *,
    hold: float,
    most: int,
    cycles: int = 40,
) -> Chosen:
    """Cycle over the classes until no change helps.

    Args:
        images: [N, D] unit rows.
        labels: [N] in [0, C).
        features: the library.
        scale: the logit scale of the cross-entropy.
        hold: nats a class pays for lying as far from its prior as a single text; at least 0.
        most: texts a class may have, at least 1.
        cycles: over all classes, at most.

    Above `ROWS_AT_ONCE` images a class's changes are weighed on the images of the class and on the `FEW_ROWS` others
    where its probability is highest; what they would do to the rest is too little to count.
    """
    from threadpoolctl import threadpool_limits

    state = _State(images, labels, features, scale, hold / features.spread)
    # Products are small: a second thread would only wait for them. The limit is of the whole process.
    with ONE_AT_A_TIME, threadpool_limits(1, "blas"):
        for _ in range(cycles):
            changed = [state.improve(c, most) for c in range(len(features.texts))]
            if not any(changed):
                break
    return state.chosen


class _State:
    """Where a selection stands: per class the chosen texts, their sum, its logits [N]; per image the softmax sum."""

    def __init__(
        self, images: FloatArray, labels: NDArray[np.int64], features: TextFeatures, scale: float, hold: float
    ) -> None:
        self._images, self._labels, self._features = images, labels, features
        self._scale, self._hold = scale, hold
        self._taken = [np.zeros(len(own), dtype=bool) for own in features.texts]
        for taken, first in zip(self._taken, features.start, strict=True):
            taken[list(first)] = True
        self._sums = np.stack(
            [own[taken].astype(np.float64).sum(0) for own, taken in zip(features.texts, self._taken, strict=True)]
        )
        self._near = [own @ prior for own, prior in zip(features.texts, features.prior, strict=True)]
        self._squares = [np.einsum("td,td->t", own, own) for own in features.texts]
        texts = sum(map(len, features.texts))
        self._kept: dict[int, FloatArray] | None = {} if len(images) * texts <= KEPT_PRODUCTS else None
        lengths = np.maximum(np.linalg.norm(self._sums, axis=1), 1e-9)
        products = images @ (self._sums / lengths[:, None]).T.astype(np.float32)
        self._logits, self._log_total = np.empty(products.shape[::-1]), np.empty(len(images))
        for start in range(0, len(images), IMAGES_AT_ONCE):
            part = scale * products[start : start + IMAGES_AT_ONCE].astype(np.float64)
            self._log_total[start : start + len(part)] = _log_sum_exp(part)
            self._logits[:, start : start + len(part)] = part.T

    @property
    def chosen(self) -> Chosen:
        return tuple(tuple(map(int, np.flatnonzero(taken))) for taken in self._taken)

    def improve(self, c: int, most: int) -> bool:
        """Make the best change of a class, if any lowers the objective."""
        texts, taken, total = self._features.texts[c], self._taken[c], self._sums[c]
        sign = np.where(taken, -1.0, 1.0)
        length = float(np.linalg.norm(total))
        lengths = np.sqrt(np.maximum(length**2 + 2 * sign * (texts @ total) + self._squares[c], 1e-9))
        here, losses = self._losses(c, length, sign, lengths)
        now = total @ self._features.prior[c]
        here -= self._hold * now / length
        losses -= self._hold * (now + sign * self._near[c]) / lengths
        count = int(taken.sum())
        if count >= most:
            losses[sign > 0] = np.inf
        if count <= 1:
            losses[sign < 0] = np.inf
        best = int(losses.argmin())
        return bool(losses[best] < here - FEWEST_GAIN) and self._take(c, best, float(sign[best]))

    def _cosines(self, c: int, rows: "NDArray[np.int64] | slice") -> FloatArray:
        if self._kept is None or not isinstance(rows, slice):
            return self._images[rows] @ self._features.texts[c].T
        if c not in self._kept:
            self._kept[c] = self._images @ self._features.texts[c].T
        return self._kept[c]

    def _losses(self, c: int, length: float, sign: Floats, lengths: Floats) -> tuple[float, Floats]:
        """Summed cross-entropy of the rows that count, less a constant: as it is, and after each change [T].

        Args:
            c: the class.
            length: of the sum of its texts.
            sign: [T] 1 for a text that would be added, -1 for one that would be dropped.
            lengths: [T] of the sum after that.
        """
        rows = self._rows(c)
        own = self._labels[rows] == c
        logits, top = self._logits[c, rows], self._log_total[rows]
        share = np.exp(logits - top)
        others = np.maximum(1 - share, 1e-12)  # softmax sum of the other classes over that of all
        here = float(np.log(others + share).sum() - (logits - top)[own].sum())
        # In single precision, and in place: 2 ns for an image and a text, and turns are counted in the ten thousands.
        each = np.multiply(self._cosines(c, rows), (self._scale * sign / lengths).astype(np.float32))
        each += _columns(logits * length, -top) @ _columns(1 / lengths, np.ones_like(lengths)).T
        gained = each[own].sum(0, dtype=np.float64)
        if each.max() > LARGEST_STEP:
            np.logaddexp(each, np.log(others[:, None]).astype(np.float32), out=each)
        else:
            np.exp(each, out=each)
            each += others[:, None].astype(np.float32)
            np.log(each, out=each)
        losses: Floats = each.sum(0, dtype=np.float64) - gained
        return here, losses

    def _rows(self, c: int) -> "NDArray[np.int64] | slice":
        if len(self._labels) <= ROWS_AT_ONCE:
            return slice(None)
        share = self._logits[c] - self._log_total
        share[self._labels == c] = np.inf
        few = min(FEW_ROWS + int((self._labels == c).sum()), len(share) - 1)
        rows: NDArray[np.int64] = np.sort(np.argpartition(-share, few)[:few])
        return rows

    def _take(self, c: int, text: int, sign: float) -> bool:
        """Make a change, if it lowers the objective over all images in double precision, too.

        Sums in single precision can find a gain in putting a text in and another in taking it out again.
        """
        taken = self._taken[c].copy()
        taken[text] = sign > 0
        total = self._features.texts[c][taken].astype(np.float64).sum(0)
        unit, old = (each / max(float(np.linalg.norm(each)), 1e-9) for each in (total, self._sums[c]))
        before, now = self._logits[c], self._scale * (self._images @ unit.astype(np.float32)).astype(np.float64)
        # The others' sums do not change; where the class had nearly all of it they are summed anew.
        rest = 1 - np.exp(before - self._log_total)
        log_total = np.logaddexp(self._log_total + np.log(np.maximum(rest, 1e-300)), now)
        fresh = rest < 1e-6
        if fresh.any():
            logits = self._logits[:, fresh].T.copy()
            logits[:, c] = now[fresh]
            log_total[fresh] = _log_sum_exp(logits)
        nearer = (unit - old) @ self._features.prior[c]
        change = (log_total - self._log_total).sum() - (now - before)[self._labels == c].sum() - self._hold * nearer
        if change > -FEWEST_GAIN:
            return False
        self._taken[c], self._sums[c], self._log_total = taken, total, log_total
        self._logits[c] = now
        return True


def _columns(*columns: Floats) -> FloatArray:
    return np.stack(columns, axis=1).astype(np.float32)


def _log_sum_exp(logits: Floats) -> Floats:
    top = logits.max(axis=1)
    result: Floats = np.log(np.exp(logits - top[:, None]).sum(axis=1)) + top
    return result

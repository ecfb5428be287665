"""What the searched images themselves guarantee of the winner: an Occam bound, without a test image."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluators.printable import counted
from prompt_search.report.statistics import wilson_interval

__all__ = ["Certificate", "highest_error"]

CONFIDENCE = 0.95
HALVINGS = 60
"""Of [0, 1]: as exact as a float."""


def highest_error(wrong: int, n: int, nats: float, confidence: float = CONFIDENCE) -> float:
    """The highest share of errors that `wrong` of n images do not speak against, at a prior of e^-nats; in [0, 1].

    The largest p for which P(Binomial(n, p) <= wrong) >= (1 - confidence) e^-nats (Langford 2005, JMLR 6:273, "Occam's
    razor bound"). It holds for all prompts at once, whichever is chosen by these images, if the prior does not know
    them: PAC-Bayes with all of the posterior on one prompt set, as in Akinwande et al. 2023 (arXiv:2310.03957), in the
    form that is tight for few errors. The number of images of each class may be fixed: sums of unlike Bernoulli
    variables are at least as concentrated (Hoeffding 1956).

    >>> round(highest_error(0, 100, 0.0), 4) == round(1 - 0.05 ** (1 / 100), 4)
    True
    >>> round(highest_error(20, 100, 10.0), 3)
    0.422
    """
    wanted = math.log(1 - confidence) - nats
    low, high = wrong / n, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _log_tail(wrong, n, middle) >= wanted else (low, middle)
    return high


def _log_tail(wrong: int, n: int, p: float) -> float:
    """log P(Binomial(n, p) <= wrong), exact also where the tail is below the smallest float."""
    if p >= 1:
        return 0.0 if wrong >= n else -math.inf
    if p <= 0:
        return 0.0
    k = np.arange(1, wrong + 1)
    steps = np.log(n - k + 1) - np.log(k) + math.log(p) - math.log1p(-p)
    terms = n * math.log1p(-p) + np.concatenate([[0.0], np.cumsum(steps)])
    return float(np.logaddexp.reduce(terms))


@dataclass(frozen=True, slots=True)
class Certificate:
    """What holds of the winner with 95 % confidence over the draw of the search and select images.

    Attributes:
        n: search and select images.
        wrong: how many of them it gets wrong.
        nats: minus the logarithm of the prior of its prompts, at least 0.
        texts: how many prompts that is the prior of.
        model: the language model that the prior is of.
        classes: how many there are to guess among.
        compiled: whether it is of the compiled form of a pairwise winner.
    """

    n: int
    wrong: int
    nats: float
    texts: int
    model: str
    classes: int
    compiled: bool = False

    @property
    def least_top1(self) -> float:
        """Top-1 on new images like these is at least this, in [0, 1]."""
        return 1 - highest_error(self.wrong, self.n, self.nats)

    @property
    def vacuous(self) -> bool:
        """Whether it promises no more than guessing does."""
        return self.least_top1 <= 1 / self.classes

    def sentence(self, correct: int, tested: int) -> str:
        """It in words, beside what the test images say."""
        low, high = (100 * end for end in wilson_interval(correct, tested))
        what = "the winner, compiled," if self.compiled else "the winner"
        promised = f"with 95 % confidence {what} gets at least {100 * self.least_top1:.1f} % of new images right"
        if self.vacuous:
            promised += f", which is vacuous: guessing among {self.classes} classes does as well"
        priced = f"its {counted(self.texts, 'prompt costs', 'prompts cost')} {self.nats:.0f} nats under {self.model}"
        return (
            f"Certificate (Occam bound from the search and select images alone, no test image): {promised}. It gets "
            f"{100 * (1 - self.wrong / self.n):.1f} % of those {self.n} right, and {priced}; every nat less, and every "
            f"image more, makes it tighter. The sealed test says {low:.1f} to {high:.1f} %."
        )

    def to_json(self) -> dict[str, Any]:
        """The figures as plain JSON values."""
        return {
            "kind": "occam-binomial",
            "confidence": CONFIDENCE,
            "n": self.n,
            "wrong": self.wrong,
            "nats": self.nats,
            "texts": self.texts,
            "language_model": self.model,
            "least_top1": round(self.least_top1, 6),
            "vacuous": self.vacuous,
            "compiled": self.compiled,
        }

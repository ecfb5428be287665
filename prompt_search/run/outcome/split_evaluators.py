"""The evaluators of the three splits, each made when it is first needed."""

from collections.abc import Callable, Collection
from functools import cached_property

import numpy as np

from evaluators import Evaluator, LabeledImages, TextEncoder
from evaluators.scoring.image_shares import ShareOut
from evaluators.scoring.score import COSTLY_FIGURES
from prompt_search.run.freed_memory import give_back_memory

__all__ = ["SplitEvaluators"]

CONFUSIONS_IN_A_SEARCH = 100
"""Of ten classes all of them."""


class SplitEvaluators:
    """Evaluators of the search, select and test split, and of the test images of new classes.

    A replay answers everything from the journal and asks for none of them.

    Args:
        images: gives the images of a split by its name.
        texts: shared by all.
        figures: which of the costly figures of a score the search has a use for.
        share_out: see `Evaluator`.
    """

    def __init__(
        self,
        images: Callable[[str], LabeledImages],
        texts: TextEncoder,
        figures: Collection[str] = COSTLY_FIGURES,
        share_out: ShareOut | None = None,
    ) -> None:
        self._images, self.texts, self._figures, self._share_out = images, texts, figures, share_out

    @cached_property
    def search(self) -> Evaluator:
        """Scored on thousands of times: its scores say no more than a search reads."""
        return Evaluator(
            self._images("search"),
            self.texts,
            figures=self._figures,
            most_confusions=CONFUSIONS_IN_A_SEARCH,
            share_out=self._share_out,
        )

    @cached_property
    def select(self) -> Evaluator:
        """Decides which of the shortlist wins."""
        return Evaluator(self._images("select"), self.texts, share_out=self._share_out)

    @cached_property
    def test(self) -> Evaluator:
        """Sealed: read once, when the winner is fixed."""
        return Evaluator(self._images("test"), self.texts, share_out=self._share_out)

    def forget(self) -> None:
        """Give back the memory of what was kept between calls; of a replay, which has no images, there is none."""
        for made in [each for each in vars(self).values() if isinstance(each, Evaluator)]:
            made.forget()
        give_back_memory()

    def joined(self) -> LabeledImages:
        """The search images, then the select images."""
        search, select = self.search.images, self.select.images
        return LabeledImages(
            np.concatenate([search.embeddings[:], select.embeddings[:]]),
            np.concatenate([search.labels, select.labels]),
            search.class_ids,
            (*search.image_ids, *select.image_ids),
        )

    @cached_property
    def new(self) -> Evaluator:
        """Classes that a base-to-new run knew nothing of."""
        return Evaluator(self._images("new"), self.texts, share_out=self._share_out)

"""Scores prompt sets on one split of a data set."""

import logging
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from evaluators.embeddings.class_weights import ClassEmbeddings, TextEncoder
from evaluators.embeddings.labeled_images import LabeledImages
from evaluators.errors import ModelError, PromptError
from evaluators.models.devices import check_devices, product_devices
from evaluators.models.image_text_model import FloatArray
from evaluators.precision import Precision
from evaluators.prompts.pairwise_prompts import Candidate, PairwisePrompts
from evaluators.prompts.prompt_set import PromptSet
from evaluators.prompts.text_library import TextLibrary
from evaluators.scoring.batch_statistics import Measure, batch_statistics, likely_windows, measure_on
from evaluators.scoring.calibration import calibration_errors
from evaluators.scoring.image_shares import ImageShares, ShareOut
from evaluators.scoring.image_statistics import ImageStatistics
from evaluators.scoring.pairwise_score import PairTable, fallback_share, pair_table, two_steps
from evaluators.scoring.products import CandidateBatch, Products
from evaluators.scoring.reductions import LOGITS_AT_ONCE, label_ranks, reduce_logits
from evaluators.scoring.redundancy import redundancies
from evaluators.scoring.scale_window import every_window, middle_windows
from evaluators.scoring.score import COSTLY_FIGURES, Score
from evaluators.scoring.text_worth import TextWorth, text_worth
from evaluators.scoring.working_memory import WorkingMemory, is_out_of_memory
from evaluators.selection.k_means import k_means
from evaluators.selection.library_selection import choose_texts, library_features
from evaluators.selection.selected import Selected, SelectionSettings

if TYPE_CHECKING:
    import torch

__all__ = ["Evaluator", "Predictions"]

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """What a candidate says of N images: classes [N, k] int64, best first, and their cosines [N, k] float32.

    The cosines of pairwise prompts are those whose softmax is the distribution of both steps.
    """

    classes: "np.ndarray[tuple[int, int], np.dtype[np.int64]]"
    cosines: "np.ndarray[tuple[int, int], np.dtype[np.float32]]"


class Evaluator:
    """Scores candidates on labelled images; deterministic, whatever else was scored before or beside.

    Args:
        images: the split.
        texts: encodes the candidates' texts.
        memory_limit: bytes of working memory for the products and the class embeddings kept between calls.
        devices: where the products run; several share the images between them. By default the GPUs that the model is
            on, else the CPU.
        precision: of the products' factors; cosines and everything made of them are float32 at least. `fp32` is exact
            on every device (no TF32, unless torch is told to use it); `bf16` and `fp16` are for speed on CUDA, and
            scores then differ by more than rounding.
        fused: on CUDA, make what is known of images at the model's own scale in one Triton kernel (it needs a C
            compiler); the figures at other scales are made in eager torch.
        figures: which of `COSTLY_FIGURES` scores have; the others are `None`.
        most_confusions: how many of the most frequent confusions a score of a prompt set lists; `None` for all.
        share_out: gives the images to others, who score prompt sets on them; `devices` then serve what is asked of
            single images.

    Raises:
        ModelError: if texts and images have different widths, or there is no such device or precision, or the devices
            are of several kinds, or the images are shared out in another precision than `fp32`, or with `fused`.
    """

    def __init__(
        self,
        images: LabeledImages,
        texts: TextEncoder,
        memory_limit: int = 512 * 2**20,
        *,
        devices: Sequence[str] | None = None,
        precision: Precision = "fp32",
        fused: bool = False,
        figures: Collection[str] = COSTLY_FIGURES,
        most_confusions: int | None = None,
        share_out: ShareOut | None = None,
    ) -> None:
        width = images.embeddings.shape[1]
        if width != texts.model.width:
            raise ModelError(
                f"image features have {width} dimensions, texts {texts.model.width}; encode both with the same model"
            )
        self.images = images
        self._texts = texts
        self._fused, self._figures, self._most_confusions = fused, frozenset(figures), most_confusions
        self._table: tuple[str, PairTable] | None = None
        self._warned = False
        self.devices = check_devices(product_devices(texts.model) if devices is None else devices)
        """Where the products run."""
        self._memory = WorkingMemory(memory_limit, len(images), len(images.class_ids), width, self.devices[0])
        self._embeddings = ClassEmbeddings(texts, self._memory.cache)
        if share_out and (fused or precision != "fp32"):
            raise ModelError("images that are shared out are scored on in fp32, without a fused kernel; leave both out")
        self._share_out = share_out
        self._shards = [Products(images, device, precision, self._memory.cache) for device in self.devices]

    @property
    def logit_scale(self) -> float:
        """Of the model."""
        return self._texts.model.logit_scale

    def score(self, candidates: Sequence[Candidate]) -> list[Score]:
        """The score of every candidate, in order.

        Raises:
            PromptError: if a candidate's classes are not those of the images, or a text is longer than the model's
                context.
            DataError: if the features of a text are not finite.
            ModelError: if the products of a single candidate, here or below, do not fit into the device's memory.
        """
        self._prepare(candidates)
        of_sets = iter(self._score_sets([each for each in candidates if isinstance(each, PromptSet)], self._figures))
        return [next(of_sets) if isinstance(each, PromptSet) else self._score_pairwise(each) for each in candidates]

    def class_cross_entropies(self, candidate: Candidate) -> tuple[float | None, ...]:
        """Per class the mean cross-entropy of its images in nats, `None` where it has none: see `Score`."""
        self._prepare([candidate])
        if isinstance(candidate, PromptSet):
            (score,) = self._score_sets([candidate], frozenset(["class_cross_entropy"]))
        else:
            score = self._statistics_of_pairs(candidate).score(None)
        assert score.class_cross_entropy is not None
        return score.class_cross_entropy

    def forget(self) -> None:
        """Give back the memory of what is kept here between calls; what is asked for again is made again."""
        self._table = None
        self._embeddings.forget()
        for shard in self._shards:
            shard.forget()

    def label_ranks(self, candidate: Candidate) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        """Per image the rank of its label [N], 0 is best: which images are right, for paired comparisons."""
        return np.concatenate([label_ranks(cosines, labels).numpy() for cosines, labels in self._cosines(candidate)])

    def top_classes(self, candidate: Candidate, k: int) -> "np.ndarray[tuple[int, int], np.dtype[np.int64]]":
        """Per image its k likeliest classes [N, min(k, C)], best first; equal logits in order of the classes."""
        import torch

        parts = [_first(torch.argsort(-cosines, dim=1, stable=True), k) for cosines, _ in self._few_cosines(candidate)]
        return torch.cat(parts).numpy()

    def calibration_errors(self, candidate: Candidate, scales: Sequence[float]) -> list[float]:
        """At each logit scale how far its sureness is from its accuracy on these images, see `calibration_errors`."""
        parts = ((cosines.numpy(), labels.numpy()) for cosines, labels in self._few_cosines(candidate))
        return calibration_errors(parts, scales)

    def predictions(self, candidate: Candidate, k: int) -> "Predictions":
        """Per image its k likeliest classes and their cosines; the first is the prediction that `score` counts.

        Of classes with equal cosines the label comes last, the others in order.
        """
        import torch

        classes, values = [], []
        for cosines, labels in self._few_cosines(candidate):
            own = cosines.double()
            below = torch.nextafter(own.gather(1, labels[:, None]), own.new_tensor(-torch.inf))  # a tie is no hit
            order = _first(torch.argsort(-own.scatter(1, labels[:, None], below), dim=1, stable=True), k)
            classes.append(order)
            values.append(cosines.gather(1, order))
        return Predictions(torch.cat(classes).numpy(), torch.cat(values).float().numpy())

    def text_worth(self, prompts: PromptSet) -> "TextWorth | None":
        """What every template and text is worth on these images, see `evaluators.scoring.text_worth`."""
        self._prepare([prompts])
        return text_worth(prompts, self.images, self._texts.embed, self.logit_scale)

    def class_clusters(self, candidate: PromptSet, k: int) -> tuple[int, ...]:
        """The k-means cluster, in [0, k), of every class among the candidate's class embeddings."""
        self._prepare([candidate])
        return k_means(np.stack(self._embeddings.of([candidate])[0]), k)

    def choose_texts(self, library: TextLibrary, settings: SelectionSettings) -> Selected:
        """Select texts of a library on these images, see `evaluators.choose_texts`."""
        features = library_features(library, self._texts.embed)
        scale = self._texts.model.logit_scale
        return choose_texts(self.images.embeddings[:], self.images.labels, library, features, scale, settings)

    def fallback_share(self, prompts: PairwisePrompts) -> float:
        """The share of images, in [0, 1], whose K best classes include a pair without texts of its own."""
        return fallback_share(prompts, self.top_classes(prompts.base, prompts.k))

    def _score_sets(self, candidates: Sequence[PromptSet], figures: Collection[str]) -> list[Score]:
        scores: list[Score] = []
        while len(scores) < len(candidates):
            rest = candidates[len(scores) :]
            group = rest[next(self._memory.groups([candidate.class_digests for candidate in rest]))]
            try:
                scores += self._score_group(group, figures)
            except (MemoryError, RuntimeError) as error:
                self._take_less_memory(error, len(group))
        return scores

    def _score_group(self, candidates: Sequence[PromptSet], figures: Collection[str]) -> list[Score]:
        columns = self._embeddings.of(candidates)
        scale, chunk = self._texts.model.logit_scale, self._memory.chunk
        batch = CandidateBatch.of(columns)
        measure = self._measure(scale, chunk, figures)
        found = batch_statistics(batch, likely_windows(batch, self._shards[0], scale, chunk), measure, scale)
        return found.scores(_redundancies(columns, figures), self._most_confusions, figures)

    @cached_property
    def _shares(self) -> ImageShares | None:
        return self._share_out(self.images) if self._share_out else None

    def _measure(self, scale: float, chunk: int, figures: Collection[str]) -> Measure:
        shares = self._shares
        if shares is None:
            return measure_on(self._shards, scale, chunk, fused=self._fused, figures=figures)
        return lambda batch, lower: shares.statistics(batch, lower, scale, figures)

    def _take_less_memory(self, error: MemoryError | RuntimeError, sets: int) -> None:
        """Go on with half as much at once; it is logged once."""
        if not is_out_of_memory(error):
            raise error
        self._memory = self._memory.less(sets)
        for shard in self._shards:
            shard.forget()
        if not self._warned:
            LOG.warning("%s ran out of memory; scoring goes on in smaller chunks", self._memory.device)
        self._warned = True

    def _score_pairwise(self, prompts: PairwisePrompts) -> Score:
        (redundancy,) = _redundancies(self._embeddings.of([prompts.base]), self._figures)
        score = self._statistics_of_pairs(prompts).score(redundancy)
        by_class = score.class_cross_entropy if "class_cross_entropy" in self._figures else None
        return replace(score, top5=None, class_cross_entropy=by_class)

    def _statistics_of_pairs(self, prompts: PairwisePrompts) -> ImageStatistics:
        scale = self._texts.model.logit_scale
        for windows in (middle_windows(scale), every_window(scale)):
            chunks = [reduce_logits(cosines, labels, scale, windows) for cosines, labels in self._cosines(prompts)]
            whole = ImageStatistics.together(chunks)
            if whole.windows.hold_minimum(len(self.images), scale).all():
                break
        return whole

    def _cosines(self, candidate: Candidate) -> "Iterator[tuple[torch.Tensor, torch.Tensor]]":
        """Cosines [n, C] and labels [n] of consecutive images, on the CPU: the very ones that are scored here."""
        self._prepare([candidate])
        if isinstance(candidate, PromptSet):
            return ((cosines, labels) for _, cosines, labels in self._chunks(candidate))
        return two_steps(
            self._chunks(candidate.base), self._pair_table(candidate), candidate.k, self._texts.model.logit_scale
        )

    def _few_cosines(self, candidate: Candidate) -> "Iterator[tuple[torch.Tensor, torch.Tensor]]":
        """What `_cosines` gives, of fewer images at a time: for what is sorted or in double precision."""
        step = max(1, LOGITS_AT_ONCE // len(self.images.class_ids))
        for cosines, labels in self._cosines(candidate):
            for start in range(0, len(labels), step):
                some = slice(start, start + step)
                yield cosines[some], labels[some]

    def _pair_table(self, prompts: PairwisePrompts) -> PairTable:
        """Of the last pairwise candidate it is kept: a winner is ranked after it is scored."""
        if self._table is None or self._table[0] != prompts.fingerprint:
            self._table = prompts.fingerprint, pair_table(prompts, self._texts.embed)
        return self._table[1]

    def _chunks(self, candidate: PromptSet) -> "Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]":
        """Features [n, D], cosines [n, C] and labels [n] of consecutive images."""
        import torch

        batch = CandidateBatch.of(self._embeddings.of([candidate]))
        rows = torch.from_numpy(batch.index[0])
        products, start = self._shards[0], 0
        matrix = products.matrix(batch.columns)
        while start < len(self.images):
            try:
                chunk = next(products.chunks(start, len(self.images), self._memory.chunk))
                cosines = products.cosines(matrix, chunk.features).cpu()
            except (MemoryError, RuntimeError) as error:
                self._take_less_memory(error, 1)
                continue
            yield chunk.features.cpu().float(), cosines.index_select(0, rows).T.contiguous(), chunk.labels.cpu()
            start = chunk.place.stop

    def _prepare(self, candidates: Sequence[Candidate]) -> None:
        """Encode the texts not known yet."""
        for candidate in candidates:
            self._check_classes(candidate)
        sets = [each if isinstance(each, PromptSet) else each.base for each in candidates]
        pairwise = [each for each in candidates if isinstance(each, PairwisePrompts)]
        self._embeddings.prepare(sets)
        self._texts.prepare(list(dict.fromkeys(text for each in pairwise for own in each.rendered for text in own)))

    def _check_classes(self, candidate: Candidate) -> None:
        ids = tuple(label.id for label in candidate.classes)
        if ids != self.images.class_ids:
            only = sorted(set(ids) ^ set(self.images.class_ids))[:5]
            raise PromptError(f"the prompts and the images have different classes, e.g. {only}")


def _first(rows: "torch.Tensor", k: int) -> "torch.Tensor":
    """The first k columns, alone: a view of them would keep the others in memory."""
    return rows[:, :k].clone()


def _redundancies(columns: Sequence[Sequence[FloatArray]], figures: Collection[str]) -> Sequence[float | None]:
    return redundancies(columns) if "redundancy" in figures else [None] * len(columns)

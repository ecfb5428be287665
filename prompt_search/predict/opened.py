"""A prompt file, opened with its model: image features in, cosines and probabilities out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluators import Candidate, ClassLabel, ImageTextModel, PairwisePrompts, class_weights
from evaluators.models.image_text_model import FloatArray
from evaluators.scoring.pairwise_score import PairTable, pair_table, two_steps
from prompt_search.data.pictures.decoding import Decode, Decoding
from prompt_search.models import backbone_warning, has_weights_of, load_model, load_prompt_model
from prompt_search.prompt_files.prompts_json import read_prompts_json
from prompt_search.run.progress import Observer

__all__ = ["OpenedPrompts", "open_prompt_file"]


@dataclass(frozen=True, slots=True, eq=False)
class OpenedPrompts:
    """Prompts with the features of their texts.

    Attributes:
        prompts: of C classes; pairwise ones decide image by image, in two steps.
        model: whose image features are taken.
        logit_scale: s in `softmax(s * cosine)`: the calibrated one where the run measured it, or else the model's.
        calibrated: whether it is the calibrated one.
        how: pictures are decoded: as in the run, if nothing else was said.
    """

    prompts: Candidate
    model: ImageTextModel
    logit_scale: float
    calibrated: bool
    how: Decoding
    _weight: FloatArray = field(repr=False)
    _table: PairTable | None = field(repr=False)

    @property
    def classes(self) -> tuple[ClassLabel, ...]:
        """In order of their ids."""
        return self.prompts.classes

    def cosines(self, features: FloatArray) -> NDArray[np.float64]:
        """[n, C] of unit-length image features [n, D]; of pairwise prompts those of both steps."""
        first = features @ self._weight
        if self._table is None or not isinstance(self.prompts, PairwisePrompts):
            return first.astype(np.float64)
        import torch

        images, base = torch.from_numpy(features), torch.from_numpy(first)
        chunk = [(images, base, torch.zeros(len(features), dtype=torch.int64))]
        (both, _), *_ = two_steps(chunk, self._table, self.prompts.k, self.model.logit_scale)
        cosines: NDArray[np.float64] = both.double().numpy()
        return cosines

    def probabilities(self, cosines: NDArray[np.float64]) -> NDArray[np.float64]:
        """[n, C], each row of sum 1."""
        logits = self.logit_scale * (cosines - cosines.max(axis=1, keepdims=True))
        exponentials = np.exp(logits)
        found: NDArray[np.float64] = exponentials / exponentials.sum(axis=1, keepdims=True)
        return found


def open_prompt_file(
    source: str | Path,
    model: str | ImageTextModel | None,
    device: str | Sequence[str],
    observer: Observer,
    decode: Decode | None = None,
) -> OpenedPrompts:
    """Open a run folder or a `prompts.json` with the model it was found for, or with another one, which is warned of.

    Args:
        decode: how JPEG files are decoded, by default as in the run.

    Raises:
        SettingsError: if pictures can't be decoded that way.
        PromptError: if it is no prompt file of ours.
        ModelError: if the model can't be loaded, or is not the one the prompts were found for and none was named.
    """
    path = Path(source)
    content = read_prompts_json(path / "prompts.json" if path.is_dir() else path)
    how = Decoding(content.run.get("turn_by_exif", False), decode or content.run.get("decode", "exact"))
    if model is None:
        used = load_prompt_model(content.model, device=device)
    else:
        used = load_model(model, device=device) if isinstance(model, str) else model
        if wrong := backbone_warning(content.model, used):
            observer.warn(wrong)
    prompts, calibrated = content.prompts, content.calibrated_logit_scale
    pairwise = isinstance(prompts, PairwisePrompts)
    same = has_weights_of(content.model, used)
    return OpenedPrompts(
        prompts,
        used,
        calibrated if calibrated and same else used.logit_scale,
        calibrated is not None and same,
        how,
        class_weights(prompts.base if isinstance(prompts, PairwisePrompts) else prompts, used),
        pair_table(prompts, used.encode_texts) if pairwise and isinstance(prompts, PairwisePrompts) else None,
    )

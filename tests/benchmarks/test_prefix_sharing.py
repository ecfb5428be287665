"""The experiment computes what it claims to compute."""

from pathlib import Path

import numpy as np

from benchmarks.prefix_sharing import encode_sharing
from evaluators import OpenClipModel
from tests.fakes.tiny_clip import save_tiny_clip


def test_shared_beginnings_give_the_same_features(tmp_path: Path) -> None:
    model = OpenClipModel(save_tiny_clip(tmp_path / "model"), device="cpu")
    texts = [
        "a photo of a cat.",
        "a photo of a red fire engine in the snow",
        "a photo",
        "",
        "two dogs",
        "a photo of a cat.",
    ]
    np.testing.assert_allclose(encode_sharing(model, texts), model.encode_texts(texts), atol=1e-5)

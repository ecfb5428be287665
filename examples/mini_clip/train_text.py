"""The text tower: a small CLIP-style transformer that learns to answer like the teacher.

Loss: one minus the cosine to the teacher's embedding, plus a small contrastive term (which of this batch's teacher
embeddings is mine?) that keeps similar texts apart.
"""

import math
import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import open_clip
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812  (its usual name)

from examples.mini_clip.architecture import MODEL_CFG, encode_text, new_model
from examples.mini_clip.teacher import Teacher, targets

BATCH = 512
POOL = 64
STEPS = 1700
REPORT = 100
PEAK_RATE = 1.5e-3
WARMUP = 150
CONTRASTIVE_WEIGHT = 0.1
CONTRASTIVE_SCALE = 20.0
HELD_OUT = 1000
EMBEDDING_STD = 0.05


def tokenize(texts: list[str]) -> torch.Tensor:
    """CLIP tokens [N, 77]; zeros after the end-of-text token."""
    tokens: torch.Tensor = open_clip.get_tokenizer("ViT-B-32")(texts)
    return tokens


class CompactVocabulary:
    """Renumbers the tokens that occur, in order, so that the optimizer visits no row that is never trained."""

    def __init__(self, tokens: torch.Tensor) -> None:
        self.kept = torch.unique(tokens)
        self.number = torch.zeros(int(self.kept.max()) + 1, dtype=torch.long)
        self.number[self.kept] = torch.arange(len(self.kept))

    def compact(self, tokens: torch.Tensor) -> torch.Tensor:
        """Tokens in the small numbering; padding stays 0 and end-of-text stays the highest."""
        return self.number[tokens]

    def expand(self, embedding: nn.Module) -> torch.Tensor:
        """The full table [49408, width]; rows never trained are zero, which compresses well."""
        rows = embedding.get_parameter("weight").detach()
        table = torch.zeros(MODEL_CFG["text_cfg"]["vocab_size"], rows.shape[1])
        table[self.kept] = rows
        return table


def informed_rows(teacher: Teacher, centre: torch.Tensor, kept: torch.Tensor, width: int) -> torch.Tensor:
    """Token embeddings to start from [len(kept), width]: the teacher's view of each token's letters, by PCA.

    Words of like meaning start out alike, which saves the student its first epoch.
    """
    decoder = open_clip.get_tokenizer("ViT-B-32").decoder
    letters = [decoder[int(token)].replace("</w>", "") for token in kept]
    views = targets(teacher.encode(letters), centre)
    views = views - views.mean(0)
    _, _, directions = torch.linalg.svd(views, full_matrices=False)
    rows = views @ directions[:width].T
    scaled: torch.Tensor = rows / rows.std() * EMBEDDING_STD
    return scaled


def batches(lengths: torch.Tensor, rng: random.Random) -> Iterator[list[int]]:
    """Forever: batches of texts of about one length, in random order."""
    while True:
        order = list(range(len(lengths)))
        rng.shuffle(order)
        pools = (order[i : i + BATCH * POOL] for i in range(0, len(order), BATCH * POOL))
        for pool in pools:
            pool.sort(key=lambda i: int(lengths[i]))
            cut = [pool[i : i + BATCH] for i in range(0, len(pool), BATCH)]
            rng.shuffle(cut)
            yield from cut


def distillation_loss(answers: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Both terms for answers and teacher embeddings [B, 384]."""
    answers = F.normalize(answers.float(), dim=-1)
    cosines = answers @ wanted.T
    contrastive = F.cross_entropy(CONTRASTIVE_SCALE * cosines, torch.arange(len(wanted)))
    return 1 - cosines.diagonal().mean() + CONTRASTIVE_WEIGHT * contrastive


def optimizer_and_schedule(
    model: open_clip.CLIP, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """AdamW, a short warm-up, then a cosine to zero."""
    towers = [model.token_embedding, model.transformer, model.ln_final]
    weights = [weight for tower in towers for weight in tower.parameters()]
    weights += [model.positional_embedding, model.text_projection]
    optimizer = torch.optim.AdamW(weights, lr=PEAK_RATE, betas=(0.9, 0.98), weight_decay=0.01)

    def rate(step: int) -> float:
        return min(step / WARMUP, 0.5 * (1 + math.cos(math.pi * step / steps)))

    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, rate)


@torch.no_grad()
def fidelity(model: open_clip.CLIP, tokens: torch.Tensor, wanted: torch.Tensor) -> tuple[float, float]:
    """On held-out texts: mean cosine to the teacher, and how often the right teacher embedding is nearest."""
    answers = F.normalize(encode_text(model, tokens[:, : int((tokens != 0).sum(1).max())]), dim=-1)
    cosines = answers @ wanted.T
    right = cosines.argmax(1) == torch.arange(len(wanted))
    return float(cosines.diagonal().mean()), float(right.float().mean())


def save_tower(model: open_clip.CLIP, vocabulary: CompactVocabulary, file: Path) -> None:
    """Write the text tower's state, with the full token table."""
    state = {key: value for key, value in model.state_dict().items() if not key.startswith("visual.")}
    full = vocabulary.expand(model.get_submodule("token_embedding"))
    torch.save(state | {"token_embedding.weight": full}, file)


def train(work: Path, steps: int = STEPS) -> None:
    """Train and write `text_tower.pt`, at every report too, so that the next steps can be tried meanwhile."""
    torch.manual_seed(0)
    texts = (work / "corpus.txt").read_text().split("\n")
    tokens, wanted = tokenize(texts), torch.from_numpy(np.load(work / "targets.npy")).float()
    lengths = (tokens != 0).sum(1)
    vocabulary, model = CompactVocabulary(tokens), new_model()
    centre = torch.from_numpy(np.load(work / "centre.npy"))
    width = model.token_embedding.embedding_dim
    rows = informed_rows(Teacher(work), centre, vocabulary.kept, width)
    model.token_embedding = nn.Embedding.from_pretrained(rows, freeze=False)  # type: ignore[no-untyped-call]
    small = vocabulary.compact(tokens)
    optimizer, schedule = optimizer_and_schedule(model, steps)
    started = time.monotonic()
    for step, batch in zip(range(1, steps + 1), batches(lengths[HELD_OUT:], random.Random(0)), strict=False):
        chosen = torch.as_tensor(batch) + HELD_OUT
        cut = small[chosen, : int(lengths[chosen].max())]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            answers = encode_text(model, cut)
        loss = distillation_loss(answers, wanted[chosen])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        if step % REPORT == 0 or step == steps:
            cosine, nearest = fidelity(model, small[:HELD_OUT], wanted[:HELD_OUT])
            minutes = (time.monotonic() - started) / 60
            print(f"step {step}: cosine {cosine:.3f}, nearest {nearest:.3f}, {minutes:.1f} min", flush=True)
            save_tower(model, vocabulary, work / "text_tower.pt")

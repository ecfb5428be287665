"""Texts per second: our text encoding against `open_clip.build_zero_shot_classifier`, on one machine in one run.

ViT-B-32 with random weights, the 80 general templates, a slice of classes. Prints peer, ours, ratio, and the largest
difference of the two classifiers.
"""

import json
import platform
import time
from importlib.metadata import version

import numpy as np
import open_clip
import torch

from evaluators import OpenClipModel, PromptSet, class_weights, general_templates

CLASSES = ("tabby cat", "golden retriever", "aircraft carrier", "red admiral butterfly", "church", "electric guitar")


def main() -> None:
    """Measure and print."""
    model = OpenClipModel("ViT-B-32", random_weights=True, device="cpu")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        peer = open_clip.create_model("ViT-B-32").eval()
    tokenizer = open_clip.get_tokenizer("ViT-B-32")
    prompts = PromptSet.of({name: name for name in CLASSES}, general_templates())
    names = [label.name for label in prompts.classes]
    class_weights(prompts, model)  # warm up

    started = time.perf_counter()
    ours = class_weights(prompts, model)
    our_rate = prompts.n_texts / (time.perf_counter() - started)
    started = time.perf_counter()
    theirs = open_clip.build_zero_shot_classifier(peer, tokenizer, names, list(general_templates()))
    peer_rate = prompts.n_texts / (time.perf_counter() - started)
    difference = float(np.abs(ours - theirs.numpy()).max())
    print(f"text encoding, ViT-B-32, {prompts.n_texts} texts, {torch.get_num_threads()} threads, {platform.machine()}")
    print(f"  open_clip {peer_rate:.0f}/s, ours {our_rate:.0f}/s, ratio {our_rate / peer_rate:.1f}")
    print(f"  largest difference of the classifiers {difference:.1e}")
    versions = {name: version(name) for name in ("torch", "open_clip_torch")}
    figures = {"peer": peer_rate, "ours": our_rate, "ratio": our_rate / peer_rate, "difference": difference}
    print(json.dumps({"text_encoding": figures, "versions": versions}))

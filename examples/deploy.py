"""Classify images with what a search found, with open_clip and safetensors alone: Prompt Search is not needed.

    prompt-search demo --out runs/demo
    python examples/deploy.py picture.png another.jpg

The classifier is a matrix with one unit column per class: an image's scores are one matrix product.
"""

import json
import sys
from pathlib import Path

import open_clip
import torch
from PIL import Image
from safetensors import safe_open

CLASSIFIER = Path("runs/demo/classifier.safetensors")
MODEL = f"local-dir:{Path(__file__).resolve().parents[1] / 'prompt_search/testbed/mini-clip'}"  # as open_clip calls it


def main() -> None:
    """Print the class of every image with its probability."""
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    with safe_open(CLASSIFIER, framework="pt") as file:
        weight, scale = file.get_tensor("weight"), file.get_tensor("logit_scale")  # [D, C], []
        about = json.loads(file.metadata()["prompt_search"])
    names = [label["name"] for label in about["classes"]]
    model, _, preprocess = open_clip.create_model_and_transforms(MODEL)
    model.eval()
    for path in sys.argv[1:]:
        pixels = preprocess(Image.open(path).convert("RGB"))[None]
        with torch.inference_mode():
            features = model.encode_image(pixels, normalize=True)  # [1, D]
        probabilities = (scale * features @ weight).softmax(dim=-1)[0]
        best = int(probabilities.argmax())
        print(f"{path}: {names[best]} ({probabilities[best]:.2f})")


if __name__ == "__main__":
    main()

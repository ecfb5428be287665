"""The README beside a result: how to load it, consumer by consumer."""

import json
from collections.abc import Mapping
from typing import Any

from prompt_search.errors import ModelError
from prompt_search.model_names import open_clip_name
from prompt_search.report.result import Result
from prompt_search.testbed.bundled import model_name

__all__ = ["CLASSIFY_SNIPPET", "classify_snippet", "readme"]

CLASSIFY_SNIPPET = """\
import json
import open_clip, torch
from PIL import Image
from safetensors import safe_open

with safe_open("classifier.safetensors", framework="pt") as file:
    weight = file.get_tensor("weight")  # [D, C], one unit column per class
    classes = json.loads(file.metadata()["prompt_search"])["classes"]
model, _, preprocess = open_clip.create_model_and_transforms(MODEL)
with torch.inference_mode():
    image = preprocess(Image.open("image.png").convert("RGB"))[None]
    cosines = model.eval().encode_image(image, normalize=True) @ weight
print(classes[cosines.argmax().item()]["name"])
"""
"""Classifies an image with open_clip and safetensors alone; `MODEL` stands for open_clip's name of the model."""


def readme(result: Result, model: Mapping[str, Any]) -> str:
    """Markdown for the run folder; a function of the result alone."""
    winner = result.winner
    low, high = winner.interval
    snippet = classify_snippet(model)
    forms = ["safetensors", "cupl", *(["open_clip"] if result.prompts.shared_only else [])]
    forms += ["fudd"] if result.pairwise else []
    return f"""\
# Prompts found by Prompt Search

Top-1 on {winner.test.n} test images that the search never saw: {100 * winner.test.top1:.1f} %
(95 % interval {100 * low:.1f} to {100 * high:.1f} %). Found for the image-text model `{model["name"]}`
({model["precision"]}); with another model the figures don't hold.

- `prompts.json`: the prompts, where they come from, and every figure
- `classifier.safetensors`: the prompts folded into one matrix `weight` [D, C], and `logit_scale`
- `report.html`: the figures and the search, to look at
- `journal.jsonl`: everything that happened; `prompt-search replay` goes through it again
{_two_steps(result)}
## With open_clip alone

```python
{snippet}```

## With Prompt Search

```
prompt-search score prompts.json IMAGES
prompt-search export . --to {",".join(forms)}
```
"""


def classify_snippet(model: Mapping[str, Any]) -> str:
    """A program that classifies an image with a model and the classifier file, without this package."""
    return CLASSIFY_SNIPPET.replace("MODEL", _model_arguments(model["name"]))


def _two_steps(result: Result) -> str:
    """What a pairwise winner's classifier file is; nothing for others."""
    compiled = next((row for row in result.rows if row.role == "compiled"), None)
    if result.pairwise is None or compiled is None:
        return ""
    return f"""
These prompts are pairwise (FuDD): they decide in two steps, the second with texts that depend on the
{result.pairwise.k} likeliest classes of each image, which no matrix can hold. `prompts.json` has them whole, and
`prompt-search score` uses them so. `classifier.safetensors` and the other exports hold their **compiled** form, one
description set per class: top-1 on the same test images {100 * compiled.test.top1:.1f} %.
"""


def _model_arguments(name: str) -> str:
    """What `create_model_and_transforms` is called with: a name, and a tag where there is one."""
    try:
        opened = open_clip_name(name)
    except ModelError:  # a model given as an object is called what it likes
        opened = model_name(name)
    architecture, slash, tag = opened.partition("/") if ":" not in opened else (opened, "", "")
    return f"{json.dumps(architecture)}, pretrained={json.dumps(tag)}" if slash else json.dumps(opened)

"""How good are these prompts on these images: prompt sets, encoders, embedding store, scores, fitness."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evaluators.embeddings.class_weights import TextEncoder, class_weights
    from evaluators.embeddings.embedding_store import EmbeddingStore
    from evaluators.embeddings.labeled_images import LabeledImages
    from evaluators.models.image_text_model import ImageTextModel
    from evaluators.models.open_clip_model import OpenClipModel
    from evaluators.prompts.pairwise_prompts import (
        Candidate,
        ClassPair,
        Difference,
        PairwisePrompts,
        candidate_from_json,
    )
    from evaluators.prompts.prompt_set import (
        PHOTO_TEMPLATE,
        PLACEHOLDER,
        ClassLabel,
        PromptSet,
        fill,
        general_templates,
        normalize_template,
    )
    from evaluators.prompts.text_library import Saying, TextLibrary
    from evaluators.scoring.evaluator import Evaluator
    from evaluators.scoring.fitness import DEFAULT_FITNESS, FITNESS_PRESETS, Fitness
    from evaluators.scoring.score import Score
    from evaluators.selection.library_selection import choose_texts
    from evaluators.selection.selected import Selected, SelectionSettings

__all__ = [
    "DEFAULT_FITNESS",
    "FITNESS_PRESETS",
    "PHOTO_TEMPLATE",
    "PLACEHOLDER",
    "Candidate",
    "ClassLabel",
    "ClassPair",
    "Difference",
    "EmbeddingStore",
    "Evaluator",
    "Fitness",
    "ImageTextModel",
    "LabeledImages",
    "OpenClipModel",
    "PairwisePrompts",
    "PromptSet",
    "Saying",
    "Score",
    "Selected",
    "SelectionSettings",
    "TextEncoder",
    "TextLibrary",
    "candidate_from_json",
    "choose_texts",
    "class_weights",
    "fill",
    "general_templates",
    "normalize_template",
]

_HOME = {
    "Candidate": "evaluators.prompts.pairwise_prompts",
    "ClassLabel": "evaluators.prompts.prompt_set",
    "ClassPair": "evaluators.prompts.pairwise_prompts",
    "DEFAULT_FITNESS": "evaluators.scoring.fitness",
    "Difference": "evaluators.prompts.pairwise_prompts",
    "EmbeddingStore": "evaluators.embeddings.embedding_store",
    "Evaluator": "evaluators.scoring.evaluator",
    "FITNESS_PRESETS": "evaluators.scoring.fitness",
    "Fitness": "evaluators.scoring.fitness",
    "ImageTextModel": "evaluators.models.image_text_model",
    "LabeledImages": "evaluators.embeddings.labeled_images",
    "OpenClipModel": "evaluators.models.open_clip_model",
    "PHOTO_TEMPLATE": "evaluators.prompts.prompt_set",
    "PLACEHOLDER": "evaluators.prompts.prompt_set",
    "PairwisePrompts": "evaluators.prompts.pairwise_prompts",
    "PromptSet": "evaluators.prompts.prompt_set",
    "Saying": "evaluators.prompts.text_library",
    "Score": "evaluators.scoring.score",
    "Selected": "evaluators.selection.selected",
    "SelectionSettings": "evaluators.selection.selected",
    "TextEncoder": "evaluators.embeddings.class_weights",
    "TextLibrary": "evaluators.prompts.text_library",
    "candidate_from_json": "evaluators.prompts.pairwise_prompts",
    "choose_texts": "evaluators.selection.library_selection",
    "class_weights": "evaluators.embeddings.class_weights",
    "fill": "evaluators.prompts.prompt_set",
    "general_templates": "evaluators.prompts.prompt_set",
    "normalize_template": "evaluators.prompts.prompt_set",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    """Public names are imported when first used: who asks for a name only need not wait for numpy."""
    import importlib

    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(importlib.import_module(_HOME[name]), name)
    return found

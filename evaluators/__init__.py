"""How good are these prompts on these images: prompt sets, encoders, embedding store, scores, fitness."""

from evaluators.embeddings.class_weights import TextEncoder, class_weights
from evaluators.embeddings.embedding_store import EmbeddingStore
from evaluators.embeddings.labeled_images import LabeledImages
from evaluators.models.image_text_model import ImageTextModel
from evaluators.models.open_clip_model import OpenClipModel
from evaluators.prompts.pairwise_prompts import Candidate, ClassPair, Difference, PairwisePrompts, candidate_from_json
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
from evaluators.selection.library_selection import Selected, SelectionSettings, choose_texts

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

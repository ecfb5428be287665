"""How good are these prompts on these images: prompt sets, encoders, embedding store, scores, fitness."""

from evaluators.class_pair import ClassPair, Difference
from evaluators.class_weights import TextEncoder, class_weights
from evaluators.embedding_store import EmbeddingStore
from evaluators.evaluator import Evaluator
from evaluators.fitness import DEFAULT_FITNESS, FITNESS_PRESETS, Fitness
from evaluators.image_text_model import ImageTextModel
from evaluators.labeled_images import LabeledImages
from evaluators.library_selection import Selected, SelectionSettings, choose_texts
from evaluators.open_clip_model import OpenClipModel
from evaluators.pairwise_prompts import Candidate, PairwisePrompts, candidate_from_json
from evaluators.prompt_set import ClassLabel, PromptSet
from evaluators.score import Score
from evaluators.templates import PHOTO_TEMPLATE, PLACEHOLDER, fill, general_templates, normalize_template
from evaluators.text_library import Saying, TextLibrary

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

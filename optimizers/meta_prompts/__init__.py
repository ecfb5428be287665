"""What the strategies say to the language model, a file per method. Names and data are put in as data: see `quoted`."""

from optimizers.meta_prompts.again import again_turn
from optimizers.meta_prompts.as_data import about_images, quoted
from optimizers.meta_prompts.caption import caption_turn
from optimizers.meta_prompts.cupl import class_questions
from optimizers.meta_prompts.ensemble_selection import (
    apart_question,
    everyday_question,
    kinds_question,
    photo_question,
)
from optimizers.meta_prompts.fudd import pair_question, pair_schema
from optimizers.meta_prompts.glov import glov_turns
from optimizers.meta_prompts.hill_climbing import hill_climbing_turn, outcome_turn
from optimizers.meta_prompts.ipo import ipo_turn
from optimizers.meta_prompts.mistakes import mistakes
from optimizers.meta_prompts.proapo import descriptions_question, domain_question, synonyms_question
from optimizers.meta_prompts.reflect import Mistake, diagnosis_turn, rewriting_turns
from optimizers.meta_prompts.schemas import (
    PHRASE,
    SENTENCE,
    SMALL_TEMPLATE_SCHEMA,
    TEMPLATE_SCHEMA,
    phrase_schema,
    sentence_schema,
    small_list_schema,
)

__all__ = [
    "PHRASE",
    "SENTENCE",
    "SMALL_TEMPLATE_SCHEMA",
    "TEMPLATE_SCHEMA",
    "Mistake",
    "about_images",
    "again_turn",
    "apart_question",
    "caption_turn",
    "class_questions",
    "descriptions_question",
    "diagnosis_turn",
    "domain_question",
    "everyday_question",
    "glov_turns",
    "hill_climbing_turn",
    "ipo_turn",
    "kinds_question",
    "mistakes",
    "outcome_turn",
    "pair_question",
    "pair_schema",
    "photo_question",
    "phrase_schema",
    "quoted",
    "rewriting_turns",
    "sentence_schema",
    "small_list_schema",
    "synonyms_question",
]

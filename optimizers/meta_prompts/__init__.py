"""What the strategies say to the language model. Names and data are put in as data: see `quoted`."""

from optimizers.meta_prompts.as_data import about_images, quoted
from optimizers.meta_prompts.class_texts import (
    class_questions,
    descriptions_question,
    domain_question,
    questions_turns,
    synonyms_question,
)
from optimizers.meta_prompts.ensemble_selection import (
    apart_question,
    everyday_question,
    kinds_question,
    photo_question,
)
from optimizers.meta_prompts.fudd import pair_question, pair_schema, small_pair_schema
from optimizers.meta_prompts.reflect import Mistake, diagnosis_turn, rewriting_turns
from optimizers.meta_prompts.schemas import (
    PHRASE,
    QUESTION,
    SENTENCE,
    SMALL_TEMPLATE_SCHEMA,
    TEMPLATE_SCHEMA,
    phrase_schema,
    sentence_schema,
    small_list_schema,
)
from optimizers.meta_prompts.templates import (
    after_examples,
    caption_turn,
    glov_turns,
    hill_climbing_turn,
    ipo_turn,
    mistakes,
    outcome_turn,
)

__all__ = [
    "PHRASE",
    "QUESTION",
    "SENTENCE",
    "SMALL_TEMPLATE_SCHEMA",
    "TEMPLATE_SCHEMA",
    "Mistake",
    "about_images",
    "after_examples",
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
    "questions_turns",
    "quoted",
    "rewriting_turns",
    "sentence_schema",
    "small_list_schema",
    "small_pair_schema",
    "synonyms_question",
]

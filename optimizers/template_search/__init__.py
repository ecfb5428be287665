"""What the strategies that search for templates share: how they begin, ask, score, and hand over."""

from optimizers.template_search.first_templates import first_templates, initial_templates, own_templates
from optimizers.template_search.joining import described_candidate, joined, opened_by
from optimizers.template_search.library import VARIANTS, expand_templates, template_library
from optimizers.template_search.questions import TEMPLATES_PER_REPLY, ask_templates, new_templates
from optimizers.template_search.scored_template import (
    ScoredTemplate,
    best_first,
    most_accurate_first,
    score_templates,
)
from optimizers.template_search.shortlist import ENDING, hand_over

__all__ = [
    "ENDING",
    "TEMPLATES_PER_REPLY",
    "VARIANTS",
    "ScoredTemplate",
    "ask_templates",
    "best_first",
    "described_candidate",
    "expand_templates",
    "first_templates",
    "hand_over",
    "initial_templates",
    "joined",
    "most_accurate_first",
    "new_templates",
    "opened_by",
    "own_templates",
    "score_templates",
    "template_library",
]

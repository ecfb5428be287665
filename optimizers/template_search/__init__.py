"""What the strategies that search for templates share: how they begin, ask, score, and hand over."""

from optimizers.template_search.first_templates import base_candidate, first_templates, initial_templates, own_templates
from optimizers.template_search.library import VARIANTS, expand_templates, template_library
from optimizers.template_search.questions import TEMPLATES_PER_REPLY, ask_templates, new_templates
from optimizers.template_search.scored_template import ScoredTemplate, best_first, score_templates
from optimizers.template_search.shortlist import single_templates

__all__ = [
    "TEMPLATES_PER_REPLY",
    "VARIANTS",
    "ScoredTemplate",
    "ask_templates",
    "base_candidate",
    "best_first",
    "expand_templates",
    "first_templates",
    "initial_templates",
    "new_templates",
    "own_templates",
    "score_templates",
    "single_templates",
    "template_library",
]

"""What the strategies that search for templates share: how they begin, ask, score, and hand over."""

from optimizers.template_search.library import (
    VARIANTS,
    expand_templates,
    first_templates,
    initial_templates,
    own_templates,
    template_library,
)
from optimizers.template_search.proposals import (
    TEMPLATES_PER_REPLY,
    ScoredTemplate,
    ask_templates,
    best_first,
    most_accurate_first,
    new_templates,
    score_templates,
)
from optimizers.template_search.shortlist import ENDING, described_candidate, hand_over, joined, opened_by

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

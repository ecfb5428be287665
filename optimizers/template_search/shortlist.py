"""What a search for templates hands over."""

from collections.abc import Iterable

from evaluators import PromptSet
from optimizers.search import SHORTLIST
from optimizers.template_search.scored_template import ScoredTemplate, best_first

__all__ = ["single_templates"]


def single_templates(base: PromptSet, found: Iterable[ScoredTemplate], most: int = SHORTLIST) -> list[PromptSet]:
    """The candidates that the best of the templates found make alone, best first, each once."""
    distinct = {each.order: each for each in found}
    return [base.with_templates([each.template]) for each in best_first(distinct.values())[:most]]

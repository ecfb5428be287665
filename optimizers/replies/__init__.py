"""Reads what a language model wrote. A reply is untrusted: normalise what can be normalised, drop the rest.

Nothing here raises, and a bad line never throws away the good lines beside it.
"""

from optimizers.replies.differences import difference_fault, differences, own_descriptions
from optimizers.replies.sentences import all_sentences, list_fault, naming, phrases, sentence, written_questions
from optimizers.replies.template_lines import tagged_templates, template_fault, templates
from optimizers.replies.text_parts import is_refusal, lines
from optimizers.replies.thinking import answer_in

__all__ = [
    "all_sentences",
    "answer_in",
    "difference_fault",
    "differences",
    "is_refusal",
    "lines",
    "list_fault",
    "naming",
    "own_descriptions",
    "phrases",
    "sentence",
    "tagged_templates",
    "template_fault",
    "templates",
    "written_questions",
]

"""Which texts a model can read whole."""

from collections.abc import Callable, Sequence

from evaluators import PHOTO_TEMPLATE, Candidate, ClassLabel, ImageTextModel, fill
from prompt_search.errors import PromptError

__all__ = ["check_class_names", "check_prompts", "context_check"]

BYTES_PER_TOKEN = 64
"""No tokenizer makes so few tokens of so many bytes; longer texts are refused without counting."""

ENDS = 4
"""Tokens that a tokenizer may add around a text."""


def context_check(model: ImageTextModel) -> Callable[[str], bool]:
    """A function that tells whether a text is within a model's context length; a tokenizer's answers are remembered."""
    known: dict[str, bool] = {}

    def fits(text: str) -> bool:
        if text.isascii() and "&" not in text and len(text) <= model.context_length - ENDS:
            return True  # a token is a character at least; asking a tokenizer takes a millisecond
        if text not in known:
            short = len(text.encode(errors="replace")) <= BYTES_PER_TOKEN * model.context_length
            known[text] = short and model.token_counts([text])[0] <= model.context_length
        return known[text]

    return fits


def check_class_names(classes: Sequence[ClassLabel], fits: Callable[[str], bool], context_length: int) -> None:
    """Refuse class names that leave no room for a template.

    Raises:
        PromptError: naming the first such class, with the way out.
    """
    for label in classes:
        if not fits(fill(PHOTO_TEMPLATE, label.name)):
            raise PromptError(
                f"the name of the class {label.id[:60]!r} is too long: {PHOTO_TEMPLATE!r} filled with it exceeds the "
                f"model's {context_length} tokens; give it a shorter name in a classes.json: "
                '{"<class id>": "<short name>", ...} (the option classes, or in the data folder)'
            )


def check_prompts(prompts: Candidate, fits: Callable[[str], bool], where: str) -> None:
    """Refuse a user's prompts that the model would cut off.

    Raises:
        PromptError: naming the first such text.
    """
    for own in prompts.rendered:
        for text in own:
            if not fits(text):
                raise PromptError(
                    f"{where}: the text {text[:60]!r}... is longer than the model's context and would be cut off; "
                    "shorten it or leave it out"
                )

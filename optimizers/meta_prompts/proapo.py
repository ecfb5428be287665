"""ProAPO's questions, asked once before the search: words for the kind of images, names and descriptions per class."""

from collections.abc import Sequence

from evaluators import ClassLabel
from optimizers.language_model import Message
from optimizers.meta_prompts.article import article
from optimizers.meta_prompts.as_data import about_images, quoted

__all__ = ["descriptions_question", "domain_question", "synonyms_question"]

ONE_PER_LINE = "One per line, nothing else."


def domain_question(classes: Sequence[ClassLabel], description: str, count: int) -> Message:
    """Asks for words that say what kind of images these are, or of what kind all the classes are."""
    return Message(
        "user",
        f"{about_images(description, classes)} Give {count} different words, or phrases of two words, that say what "
        'kind of thing all of them show (as "flower" does for a rose and a tulip) or what kind of image they are (as '
        f'"satellite photo" does). {ONE_PER_LINE}',
    )


def synonyms_question(name: str, description: str, count: int) -> Message:
    """Asks for other names of a class."""
    about = f"{about_images(description)} One of the classes is {quoted(name)}.".strip()
    return Message("user", f"{about} Give {count} other names that people use for it. {ONE_PER_LINE}")


def descriptions_question(name: str, description: str, count: int) -> Message:
    """Asks for sentences about what can be seen of a class."""
    return Message(
        "user",
        f"{about_images(description)} What are useful visual features for telling {article(name)} {quoted(name)} apart "
        f'in an image? Give {count} short sentences that begin with "It", each about one feature that can be seen. '
        f"{ONE_PER_LINE}".strip(),
    )

"""Names and descriptions as data: quoted, on one line, cut short."""

from collections.abc import Sequence

from evaluators import ClassLabel

__all__ = ["MATCHING", "about_images", "quoted"]

LONGEST_NAME = 100
LONGEST_DESCRIPTION = 600
NAMED = 5

MATCHING = (
    "A vision-language model classifies images by comparing each image with short texts. The texts are made from "
    "a template in which {} stands for the name of the class."
)
"""What a template is for."""


def quoted(text: str, longest: int = LONGEST_NAME) -> str:
    r"""Text as data: one line, cut to `longest` characters, in quotes that it can't close.

    >>> quoted('cat" ignore\nall')
    '"cat\' ignore all"'
    """
    one_line = " ".join(text.split()).replace('"', "'")
    return f'"{one_line[:longest]}"'


def about_images(description: str, classes: Sequence[ClassLabel] = ()) -> str:
    """The user's description of the images, and the names of a few classes; empty if there is neither.

    Classes are in order of their ids, and neighbours are often alike, so those that are named are spread over all.

    >>> about_images("Pets at home.", [ClassLabel("n1", "cat"), ClassLabel("n2", "dog")])
    'The images are described as "Pets at home.". They show 2 classes, such as "cat", "dog".'
    """
    described = (
        f"The images are described as {quoted(description, LONGEST_DESCRIPTION)}." if description.strip() else ""
    )
    if not classes:
        return described
    some = [classes[i * len(classes) // NAMED] for i in range(NAMED)] if len(classes) > NAMED else classes
    named = ", ".join(quoted(label.name) for label in some)
    return f"{described} {'They' if described else 'The images'} show {len(classes)} classes, such as {named}.".strip()

"""Texts that are the same words in the same frames, taken apart: what templates make of descriptions and synonyms."""

from collections.abc import Iterator, Sequence
from os.path import commonprefix
from typing import NamedTuple

__all__ = ["Product", "factored", "multiplied"]

FEWEST = 4
"""Texts that are worth it."""


class Product(NamedTuple):
    """Texts by their parts.

    Attributes:
        before, after: of each frame what stands before a word, and after it.
        words: what is put into every frame, in order: a word, a name, a whole sentence.
    """

    before: tuple[str, ...]
    words: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def size(self) -> int:
        """Characters of its parts, each different one counted once."""
        return sum(map(len, {*self.before, *self.words, *self.after}))


def multiplied(product: Product) -> Iterator[str]:
    """The texts, word by word.

    >>> list(multiplied(Product(("a ", "the "), ("cat", "dog"), (".", "!"))))
    ['a cat.', 'the cat!', 'a dog.', 'the dog!']
    """
    frames = list(zip(product.before, product.after, strict=True))
    return (before + word + after for word in product.words for before, after in frames)


def factored(texts: Sequence[str]) -> Product | None:
    """The smallest product that makes these texts in this order, if one is of less than half their characters.

    >>> factored(["a red cat.", "the red cat!", "a shy cat.", "the shy cat!", "a big cat.", "the big cat!"])
    Product(before=('a ', 'the '), words=('red', 'shy', 'big'), after=(' cat.', ' cat!'))
    >>> factored(["a red cat", "some dogs", "birds", "it"])
    """
    if len(texts) < FEWEST:
        return None
    sizes = [size for size in range(1, len(texts) // 2 + 1) if len(texts) % size == 0]
    found = [product for size in sizes if (product := _in_frames(texts, size)) is not None]
    best = min(found, key=lambda product: product.size, default=None)
    return best if best is not None and 2 * best.size < sum(map(len, texts)) else None


def _in_frames(texts: Sequence[str], count: int) -> Product | None:
    """With so many frames."""
    before, words, after = _frame(texts[::count])
    columns = (texts[number::count] for number in range(1, count))
    frames = [(before, after)]
    for column in columns:
        start, own, end = _frame(column)
        if own != words:
            return None
        frames.append((start, end))
    starts, ends = zip(*frames, strict=True)
    return Product(starts, words, ends)


def _frame(texts: Sequence[str]) -> tuple[str, tuple[str, ...], str]:
    """What these texts begin with, what is different, and what they end with."""
    before = commonprefix(texts)  # noqa: RUF071 - of characters
    rest = [text[len(before) :] for text in texts]
    end = len(commonprefix([text[::-1] for text in rest]))  # noqa: RUF071 - of characters
    words = tuple(text[: len(text) - end] for text in rest)
    return before, words, rest[0][len(rest[0]) - end :]

"""The texts a search over class texts may choose from: names with or without a description, in fixed templates."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from evaluators import ClassLabel, PromptSet, fill
from optimizers.proapo.population import Genes, Genome

__all__ = ["ClassTexts", "Item"]


@dataclass(frozen=True, slots=True)
class Item:
    """A name of a class, alone or with a description."""

    name: str
    description: str | None = None

    def render(self, template: str) -> str:
        """The template filled with the name, then the description.

        >>> Item("cat", "It has whiskers.").render("a photo of a {}.")
        'a photo of a cat. It has whiskers.'
        """
        text = fill(template, self.name)
        return text if self.description is None else f"{text} {self.description}"


class ClassTexts:
    """Per class its items, rendered: every one of its names, alone and with every description.

    The numbered lists of a genome are the classes here, and their entries are the items.

    Args:
        classes: C classes.
        templates: the fixed ones; each must fit the context with every class's own name.
        synonyms: per class its other names.
        descriptions: per class sentences that describe it.
        fits: whether a text is within the model's context; one that is not is dropped, and an item without text too.

    Attributes:
        texts: per class and item the rendered texts; item 0 is the class's own name alone.
        plain: the genome of the own names alone.
        full: per class its own name with every description; where there is none, all its names.
        dropped: how many texts are too long.
    """

    def __init__(
        self,
        classes: Sequence[ClassLabel],
        templates: Sequence[str],
        synonyms: Sequence[Sequence[str]],
        descriptions: Sequence[Sequence[str]],
        fits: Callable[[str], bool],
    ) -> None:
        self._classes = tuple(classes)
        self._known: dict[tuple[int, tuple[int, ...]], tuple[str, ...]] = {}
        self.dropped = 0
        full, texts = [], []
        for label, others, about in zip(classes, synonyms, descriptions, strict=True):
            items = [Item(name, description) for name in (label.name, *others) for description in (None, *about)]
            rendered = {item: self._fitting(item, templates, fits) for item in items}
            usable = [item for item in rendered if rendered[item]]
            own = (i for i, item in enumerate(usable) if item.name == label.name and item.description is not None)
            full.append(tuple(own) or tuple(range(len(usable))))
            texts.append(tuple(rendered[item] for item in usable))
        self.texts = tuple(texts)
        self.plain: Genome = ((0,),) * len(self._classes)
        self.full: Genome = tuple(full)

    @property
    def movable(self) -> tuple[int, ...]:
        """The classes that have a choice."""
        return tuple(index for index, items in enumerate(self.texts) if len(items) > 1)

    def genes(self, group: Iterable[int]) -> Genes:
        """All items of a group of classes."""
        return tuple((c, i) for c in group for i in range(len(self.texts[c])))

    def prompt_set(self, genome: Genome) -> PromptSet:
        """The candidate that a genome stands for; classes that two genomes share cost nothing the second time."""
        return PromptSet(self._classes, texts=tuple(self._of_class(c, own) for c, own in enumerate(genome)))

    def _of_class(self, index: int, own: tuple[int, ...]) -> tuple[str, ...]:
        known = self._known.get((index, own))
        if known is None:
            known = tuple(dict.fromkeys(text for i in own for text in self.texts[index][i]))
            self._known[index, own] = known
        return known

    def _fitting(self, item: Item, templates: Sequence[str], fits: Callable[[str], bool]) -> tuple[str, ...]:
        texts = [item.render(template) for template in templates]
        fitting = tuple(text for text in texts if fits(text))
        self.dropped += len(texts) - len(fitting)
        return fitting

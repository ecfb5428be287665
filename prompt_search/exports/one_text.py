"""One text per class, for consumers that take no more: which one is kept, and what that costs."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evaluators import ClassLabel, PromptSet
from prompt_search.errors import PromptError
from prompt_search.exports.form import Folded, Told
from prompt_search.prompt_files.prompts_json import PromptFile

__all__ = ["OneText", "check_one_text", "one_text_each"]


@dataclass(frozen=True, slots=True)
class OneText:
    """A text for each of C classes.

    Attributes:
        texts: in order of the classes; no two are equal.
        lost: what was left out and what that costs, for a person; `None` if nothing was.
    """

    texts: tuple[str, ...]
    lost: str | None


def one_text_each(folded: Folded, consumer: str) -> OneText:
    """For every class the text whose features are nearest to the mean of all of its texts.

    What is lost is told to the person, and measured on their data where some is given.

    Raises:
        PromptError: if two classes would have the same text, or the source is a probe.
    """
    assert folded.content is not None
    prompts = folded.content.prompts.compiled()
    chosen = tuple(
        own[0] if len(own) == 1 else _nearest(own, folded, index) for index, own in enumerate(prompts.rendered)
    )
    _check_differ(chosen, prompts.classes, consumer)
    lost = _lost(prompts, chosen, folded, consumer)
    if lost:
        folded.warn(lost)
    return OneText(chosen, lost)


def check_one_text(content: PromptFile, told: Told) -> None:
    """Refuse what is certain to end with one text for two classes: classes of one name under templates alone.

    Raises:
        PromptError: naming the classes.
    """
    prompts = content.prompts.compiled()
    if all(len(own) == 1 for own in prompts.rendered):
        _check_differ([own[0] for own in prompts.rendered], prompts.classes, "this form")


def _nearest(texts: Sequence[str], folded: Folded, index: int) -> str:
    cosines = folded.model.encode_texts(texts) @ folded.weight[:, index]
    return texts[int(np.argmax(cosines))]


def _check_differ(texts: Sequence[str], classes: Sequence[ClassLabel], consumer: str) -> None:
    owners: dict[str, list[str]] = defaultdict(list)
    for text, label in zip(texts, classes, strict=True):
        owners[text].append(label.id)
    for text, ids in owners.items():
        if len(ids) > 1:
            raise PromptError(
                f"{consumer} tells classes apart by their text, and {text[:60]!r} would stand for the classes "
                f"{', '.join(map(repr, ids[:8]))}; give them different names in classes.json, or export to safetensors"
            )


def _lost(prompts: PromptSet, chosen: Sequence[str], folded: Folded, consumer: str) -> str | None:
    if prompts.n_texts == len(chosen):
        return None
    kept = PromptSet.of(prompts.classes, texts={c.id: [t] for c, t in zip(prompts.classes, chosen, strict=True)})
    told = f"{consumer} takes one text per class: of {prompts.n_texts} texts {len(chosen)} are kept"
    if folded.top1 is None:
        return f"{told}; give data to measure what that costs"
    whole, less = folded.top1([prompts, kept])
    return (
        f"{told}; top-1 on the test images of your data is {100 * less:.1f} % with them, {100 * whole:.1f} % with all"
    )

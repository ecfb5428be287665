"""What a run is about, recorded at the head of its journal: enough to replay it without images or language model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluators import Candidate, ClassLabel, PromptSet, candidate_from_json

__all__ = ["Facts", "differences"]


@dataclass(frozen=True, slots=True)
class Facts:
    """The resolved inputs of a run.

    Attributes:
        identity: settings, model fingerprint, data fingerprint, language model: what must be equal to go on.
        classes: C classes in order of their ids.
        sizes: images per split: `search`, `select`, `test`.
        new_classes: those of a base-to-new run that the search knows nothing of.
        labels: of the search images, indices into `classes`.
        baselines: the user's own prompts, by file name.
        start: prompts to begin from.
        notes: what happened to the data: skipped images, classes with few.
    """

    identity: Mapping[str, Any]
    classes: tuple[ClassLabel, ...]
    sizes: Mapping[str, int]
    labels: tuple[int, ...]
    baselines: Mapping[str, Candidate]
    start: tuple[PromptSet, ...]
    notes: tuple[str, ...]
    new_classes: tuple[ClassLabel, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "identity": dict(self.identity),
            "classes": _to_json(self.classes),
            "new_classes": _to_json(self.new_classes),
            "sizes": dict(self.sizes),
            "labels": list(self.labels),
            "baselines": {name: prompts.to_json() for name, prompts in self.baselines.items()},
            "start": [prompts.to_json() for prompts in self.start],
            "notes": list(self.notes),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Facts":
        """Read back what `to_json` wrote."""
        return cls(
            identity=value["identity"],
            classes=_from_json(value["classes"]),
            new_classes=_from_json(value["new_classes"]),
            sizes=value["sizes"],
            labels=tuple(value["labels"]),
            baselines={name: candidate_from_json(prompts) for name, prompts in value["baselines"].items()},
            start=tuple(PromptSet.from_json(prompts) for prompts in value["start"]),
            notes=tuple(value["notes"]),
        )


def differences(recorded: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    """The names under which two identities differ, with both values cut short."""
    names = [name for name in sorted({*recorded, *given}) if recorded.get(name) != given.get(name)]
    if "seed" in names and "data" in names:
        names.remove("data")  # another seed draws other splits
    return [_difference(name, recorded.get(name), given.get(name)) for name in names]


def _difference(name: str, recorded: object, given: object) -> str:
    if name == "data":
        return "data: the images or their splits have changed"
    return f"{name}: {str(recorded)[:60]!r} recorded, {str(given)[:60]!r} now"


def _to_json(classes: Sequence[ClassLabel]) -> list[dict[str, str]]:
    return [{"id": label.id, "name": label.name} for label in classes]


def _from_json(value: Sequence[Mapping[str, str]]) -> tuple[ClassLabel, ...]:
    return tuple(ClassLabel(label["id"], label["name"]) for label in value)

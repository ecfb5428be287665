"""How a selection from a library is made, and what comes of it: values that need no array library."""

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["HOLDS", "Chosen", "Selected", "SelectionSettings"]

HOLDS = (3.0, 10.0, 30.0)
"""Nats; see `text_selection`. Cross-validation takes one of them, or none: the plain prompts as they are."""

Chosen = tuple[tuple[int, ...], ...]
"""Per class the numbers of its texts, in order."""


@dataclass(frozen=True, slots=True)
class SelectionSettings:
    """How a selection is made.

    Attributes:
        most: texts a class may have, at least 1.
        hold: nats; `None` for what cross-validation finds best.
        tried: the strengths it chooses from.
        folds: of the cross-validation, at least 2.
    """

    most: int = 16
    hold: float | None = None
    tried: tuple[float, ...] = HOLDS
    folds: int = 5


@dataclass(frozen=True, slots=True)
class Selected:
    """What came of a selection.

    Attributes:
        chosen: per class the numbers of its texts in the library; where the plain prompts were best, theirs.
        hold: the strength it was made with, or `None` if the plain prompts were best.
        held_out: cross-entropy in nats, mean over images that were not selected on, for every strength tried.
        plain: cross-entropy of the better plain prompts (the starting text, or all templates together) on the same
            images.
        costly: pairs of classes (label, likeliest other) with the cross-entropy that their images cost when held out,
            summed, the costliest first.
    """

    chosen: Chosen
    hold: float | None
    held_out: tuple[tuple[float, float], ...] = ()
    plain: float | None = None
    costly: tuple[tuple[int, int, float], ...] = ()

    @property
    def loss(self) -> float | None:
        """Held-out cross-entropy of what was chosen, in nats; `None` where nothing was held out."""
        return dict(self.held_out).get(self.hold, None) if self.hold is not None else self.plain

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Selected":
        """Read back what `to_json` wrote."""
        return cls(
            chosen=tuple(tuple(own) for own in value["chosen"]),
            hold=value["hold"],
            held_out=tuple((hold, loss) for hold, loss in value["held_out"]),
            plain=value["plain"],
            costly=tuple((a, b, cost) for a, b, cost in value["costly"]),
        )

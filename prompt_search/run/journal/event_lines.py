"""Events as lines of a journal file: the only place where they are written and read."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, fields

from evaluators import Score
from prompt_search.run.journal.events import KINDS, Event, Facts, NewClasses, OnSplit
from prompt_search.run.journal.json_shape import ShapeError, need, plain

__all__ = ["Record", "as_line", "read_line"]


@dataclass(frozen=True, slots=True)
class Record:
    """An event as the journal holds it: `key` identifies its occasion, `line` is where it stands, counted from 1."""

    key: str
    event: Event
    line: int = field(default=0, compare=False)


def as_line(key: str, event: Event, time: str) -> bytes:
    """The line of a journal file for an event, with its line end: plain ASCII."""
    line = {"event": event.kind, "key": key, **event.to_line(), "time": time}
    return json.dumps(line, default=plain, separators=(",", ":")).encode() + b"\n"


def read_line(line: bytes, number: int, facts: Facts | None) -> Record:
    """Read back what `as_line` wrote.

    Args:
        number: of the line.
        facts: the first event of the journal, which scores must agree with; `None` where there is none.

    Raises:
        ShapeError: naming the field that is of another shape.
    """
    try:
        content = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ShapeError(f"it is not JSON: {str(error)[:80]}") from error
    if not isinstance(content, dict):
        raise ShapeError("it is not a JSON object")
    for name in ("event", "key"):
        need(name, "is missing or not a text", holds=isinstance(content.get(name), str))
    kind = KINDS.get(content["event"])
    if kind is None:
        raise ShapeError("is not known to this version", "event")
    event = kind.from_line({name: part for name, part in content.items() if name not in ("event", "key", "time")})
    _check_scores(event, facts)
    return Record(content["key"], event, number)


def _check_scores(event: Event, facts: Facts | None) -> None:
    classes = None
    if facts is not None:
        classes = len(facts.new_classes if isinstance(event, NewClasses) else facts.classes)
    for place, score in _scores(event, ""):
        wrong = _wrong_in(score, classes)
        if wrong:
            raise ShapeError(f"is no score: {wrong}", place)


def _scores(value: object, place: str) -> Iterator[tuple[str, Score]]:
    """Every score in an event, with its place."""
    if isinstance(value, Score):
        yield place, value
    elif isinstance(value, Event | OnSplit):
        for each in fields(value):
            yield from _scores(getattr(value, each.name), f"{place}.{each.name}".removeprefix("."))
    elif isinstance(value, tuple) and value and isinstance(value[0], Score):
        for index, score in enumerate(value):
            yield from _scores(score, f"{place}[{index}]")


def _wrong_in(score: Score, classes: int | None) -> str | None:
    """What is impossible in a score of C classes."""
    shares = [share for share in (score.top1, score.top5, *score.recall) if share is not None]
    if score.n < 1:
        return "n is below 1"
    if min(shares) < 0 or max(shares) > 1:
        return "a share is not between 0 and 1"
    by_class = score.recall if score.class_cross_entropy is None else score.class_cross_entropy
    if len(score.recall) != len(by_class) or classes not in (None, len(score.recall)):
        return "recall or class_cross_entropy has not one entry per class"
    if all(share is None for share in score.recall):
        return "recall has no class with images"
    if score.confusions:
        labels, predictions, images = zip(*score.confusions, strict=True)
        if min(*labels, *predictions) < 0 or max(*labels, *predictions) >= len(score.recall) or min(images) < 1:
            return "confusions name an unknown class, or no image"
    return None

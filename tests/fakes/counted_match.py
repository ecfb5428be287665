"""Python's regular expressions, matched step by step so that the steps can be counted.

It backtracks as `re` does, without the shortcuts: what takes few steps here takes few in `re`.
"""

import re
from collections.abc import Iterator
from typing import Any

from re import _constants as codes  # type: ignore[attr-defined] # isort: skip
from re import _parser as parser  # type: ignore[attr-defined] # isort: skip

__all__ = ["first_match", "literals", "steps"]

SINGLE = (codes.LITERAL, codes.NOT_LITERAL, codes.IN, codes.ANY)


def steps(pattern: re.Pattern[str], text: str) -> int:
    """How many steps it takes to find all matches, not overlapping, in a text."""
    matcher = _Matcher(pattern, text)
    place = 0
    while place <= len(text):
        end = next(matcher.ends(matcher.tree, 0, place), None)
        place = end if end is not None and end > place else place + 1
    return matcher.steps


def first_match(pattern: re.Pattern[str], text: str) -> tuple[int, int] | None:
    """The span of the first match, as `re` should find it too."""
    matcher = _Matcher(pattern, text)
    ends = ((place, next(matcher.ends(matcher.tree, 0, place), None)) for place in range(len(text) + 1))
    return next(((place, end) for place, end in ends if end is not None), None)


def literals(pattern: re.Pattern[str]) -> set[str]:
    """Characters that a pattern tells apart, and words it looks for: what to make a hard text for it of."""
    found: set[str] = set()
    _collect(parser.parse(pattern.pattern, pattern.flags), found)
    return found


def _collect(tree: Any, found: set[str]) -> None:
    word = ""
    for code, value in tree:
        if code is codes.LITERAL:
            word += chr(value)
            continue
        found.add(word)
        word = ""
        if code is codes.IN:
            found.add(next((c for c in " a1-{\"'.<(é" if _in_set(value, c, 0)), ""))
        elif code is codes.NOT_LITERAL:
            found.add(chr(value))
        elif code is codes.BRANCH:
            for branch in value[1]:
                _collect(branch, found)
        elif code in (codes.MAX_REPEAT, codes.MIN_REPEAT):
            _collect(value[2], found)
        elif code is codes.SUBPATTERN:
            _collect(value[3], found)
        elif code in (codes.ASSERT, codes.ASSERT_NOT):
            _collect(value[1], found)
    found.add(word)
    found.discard("")


class _Matcher:
    """One pattern on one text."""

    def __init__(self, pattern: re.Pattern[str], text: str) -> None:
        self.tree = list(parser.parse(pattern.pattern, pattern.flags))
        self.flags = pattern.flags
        self.text = text
        self.steps = 0

    def ends(self, tree: list[Any], item: int, place: int) -> Iterator[int]:
        """Where the rest of a sequence may end, in the order in which `re` tries."""
        self.steps += 1
        if item == len(tree):
            yield place
            return
        code, value = tree[item]
        for end in self._one(code, value, place):
            yield from self.ends(tree, item + 1, end)

    def _one(self, code: Any, value: Any, place: int) -> Iterator[int]:
        if code in SINGLE:
            if place < len(self.text) and _is(code, value, self.text[place], self.flags):
                yield place + 1
        elif code is codes.AT:
            if self._at(value, place):
                yield place
        elif code is codes.BRANCH:
            for branch in value[1]:
                yield from self.ends(list(branch), 0, place)
        elif code is codes.SUBPATTERN:
            yield from self.ends(list(value[3]), 0, place)
        elif code in (codes.ASSERT, codes.ASSERT_NOT):
            if self._looks(value, place) == (code is codes.ASSERT):
                yield place
        elif code in (codes.MAX_REPEAT, codes.MIN_REPEAT):
            least, most, tree = value
            yield from self._repeated(code is codes.MAX_REPEAT, least, most, list(tree), place)
        else:
            raise NotImplementedError(f"{code} is not counted yet")

    def _repeated(self, greedy: bool, least: int, most: int, tree: list[Any], place: int) -> Iterator[int]:
        if len(tree) == 1 and tree[0][0] in SINGLE:
            ends = self._run(tree[0], most, place)
            yield from reversed(ends[least:]) if greedy else iter(ends[least:])
        elif greedy:
            yield from self._longest_first(tree, least, most, place)
        else:
            raise NotImplementedError("lazy repeats of more than one character are not counted yet")

    def _run(self, one: Any, most: int, place: int) -> list[int]:
        """The ends of 0, 1, 2, ... repeats of a single character."""
        ends = [place]
        while len(ends) <= most and place < len(self.text) and _is(one[0], one[1], self.text[place], self.flags):
            place += 1
            ends.append(place)
        self.steps += len(ends)
        return ends

    def _longest_first(self, tree: list[Any], least: int, most: int, place: int) -> Iterator[int]:
        if most > 0:
            for end in self.ends(tree, 0, place):
                if end > place:
                    yield from self._longest_first(tree, least - 1, most if most == codes.MAXREPEAT else most - 1, end)
        if least <= 0:
            yield place

    def _at(self, where: Any, place: int) -> bool:
        if where in (codes.AT_BEGINNING, codes.AT_BEGINNING_STRING):
            return place == 0
        if where in (codes.AT_END, codes.AT_END_STRING):
            return place == len(self.text)
        before = place > 0 and _is_word(self.text[place - 1])
        after = place < len(self.text) and _is_word(self.text[place])
        return (before != after) == (where is codes.AT_BOUNDARY)

    def _looks(self, value: Any, place: int) -> bool:
        direction, tree = value
        if direction > 0:
            return next(self.ends(list(tree), 0, place), None) is not None
        width = tree.getwidth()[0]
        return place >= width and next(self.ends(list(tree), 0, place - width), None) == place


def _is(code: Any, value: Any, character: str, flags: int) -> bool:
    if code is codes.ANY:
        return character != "\n" or bool(flags & re.S)
    if code is codes.IN:
        return _in_set(value, character, flags)
    alike = _fold(character, flags) == _fold(chr(value), flags)
    return alike == (code is codes.LITERAL)


def _in_set(members: Any, character: str, flags: int) -> bool:
    negated = members[0][0] is codes.NEGATE
    return any(_is_member(code, value, character, flags) for code, value in members[negated:]) != negated


def _is_member(code: Any, value: Any, character: str, flags: int) -> bool:
    if code is codes.LITERAL:
        return _fold(character, flags) == _fold(chr(value), flags)
    if code is codes.RANGE:
        return any(value[0] <= ord(c) <= value[1] for c in {character, _fold(character, flags)})
    kinds = {
        codes.CATEGORY_SPACE: character.isspace(),
        codes.CATEGORY_NOT_SPACE: not character.isspace(),
        codes.CATEGORY_WORD: _is_word(character),
        codes.CATEGORY_NOT_WORD: not _is_word(character),
        codes.CATEGORY_DIGIT: character.isdecimal(),
        codes.CATEGORY_NOT_DIGIT: not character.isdecimal(),
    }
    return kinds[value]


def _fold(character: str, flags: int) -> str:
    return character.lower() if flags & re.I else character


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"

"""What a run has paid for, and what calls in flight may still cost; survives a kill.

Before calls are sent, the most they can cost is reserved, on disk. Each reply releases its reservation and is charged
with what it used. What was reserved for calls that never went out, because the language model failed or a person
interrupted it, is released. What a kill left unsettled stays charged in full: nobody knows what those calls cost.
Questions in a batch are not lost with the program that sent them: their reservation is kept under a name, and the next
start takes it over.
"""

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from optimizers import Reply, Request, Sample
from prompt_search.cache.private_file import make_private
from prompt_search.errors import RunError
from prompt_search.llm.prices import Price
from prompt_search.run.journal.json_shape import ShapeError, read_as
from prompt_search.run.journal.sound_lines import sound_length
from prompt_search.run.money.budget import Budget, Limit

__all__ = ["LEDGER", "Ledger", "worst_case"]

LEDGER = "ledger.jsonl"

TURN_TOKENS = 32
"""More than any chat format wraps around one turn."""

REQUEST_TOKENS = 512
"""More than is added to a request besides its turns: the format of the answer, asked for in words."""

PICTURE_TOKENS = 50_000
"""More than any provider counts for one image (OpenAI's small models: 2,833 and 5,667 for each of up to 8 tiles)."""


KINDS = {"reserved": 1, "released": -1, "used": 1}
"""What an entry counts, and with which sign."""

PICO = 10**12
"""Amounts are whole picodollars, rounded up: their sums are exact in any order."""


@dataclass(frozen=True, slots=True)
class Charge:
    """An amount of tokens, and of picodollars (0 where the price is not known)."""

    tokens: int = 0
    pico: int = 0


@dataclass(frozen=True, slots=True)
class _Entry:
    """A line of the file: amounts of tokens and picodollars."""

    batch: str | None = None
    reserved: tuple[int, int] | None = None
    released: tuple[int, int] | None = None
    used: tuple[int, int] | None = None


def worst_case(request: Request) -> tuple[int, int]:
    """The most prompt and completion tokens that one call can use.

    No tokenizer makes more tokens of a text than it has bytes.
    """
    turns = sum(len(m.content.encode(errors="replace")) + TURN_TOKENS for m in request.messages)
    pictures = PICTURE_TOKENS * sum(m.picture is not None for m in request.messages)
    schema = 2 * len((request.json_schema or "").encode(errors="replace"))
    return turns + pictures + schema + REQUEST_TOKENS, request.max_tokens


class Ledger:
    """The account of one run folder.

    Args:
        path: the file; what an earlier start wrote is counted.
        price: of the language model, or `None` if it is not known.
        attempts: the most calls made for one sample.
        batch_price: of questions in a batch, or `None` if it is not known; then they cost what others do.

    Raises:
        RunError: here and in every method, if the file can't be read or written.
    """

    def __init__(self, path: Path, price: Price | None, attempts: int = 1, batch_price: Price | None = None) -> None:
        self.price = price
        self.batch_price = batch_price or price
        self._batch: str | None = None
        self._open: dict[str, Charge] = {}
        self._path, self._attempts = path, attempts
        self.tokens, self._pico = 0, 0
        self._reserved: list[Charge] = []
        self._torn: int | None = None
        for batch, entry in self._read():
            self._count({kind: self._priced(*amount) for kind, amount in entry.items()}, batch)

    @property
    def cost(self) -> float:
        """Dollars paid, like `tokens` with the reservations of calls in flight."""
        return self._pico / PICO

    def admit(self, samples: Sequence[Sample], budget: Budget, batch: str | None = None) -> tuple[int, Limit | None]:
        """Reserve the worst case of as many leading samples as the budget has room for.

        Args:
            batch: for samples that are asked for once, in a batch: what names their question. What an earlier start
                reserved under this name and did not settle was for the same samples, and is released.

        Returns how many they are, and the limit that keeps the next one from being among them.
        """
        charges, reached = [], None
        self._batch = batch
        left = self._open.get(batch, Charge()) if batch else Charge()
        tokens, pico = self.tokens - left.tokens, self._pico - left.pico
        for sample in samples:
            charge = self._worst(sample, 1 if batch else self._attempts)
            tokens, pico = tokens + charge.tokens, pico + charge.pico
            reached = _passed(tokens, pico, budget)
            if reached is not None:
                break
            charges.append(charge)
        self._reserved = charges
        if charges:
            taken_over = {"released": [left.tokens, left.pico]} if left.tokens else {}
            self._write({"reserved": _total(charges), **taken_over}, sync=True)
        return len(charges), reached

    def needed(self, sample: Sample, reached: Limit) -> float:
        """The most that a call for a sample can use of a limit, retries included: tokens, or dollars."""
        self._batch = None
        charge = self._worst(sample, self._attempts)
        return charge.pico / PICO if reached == "max_cost" else charge.tokens

    def room(self, sample: Sample, budget: Budget) -> Limit | None:
        """The limit that keeps one more sample from being asked for, or `None` if there is room."""
        self._batch = None
        charge = self._worst(sample, self._attempts)
        return _passed(self.tokens + charge.tokens, self._pico + charge.pico, budget)

    def settle(self, position: int, sample: Sample, reply: Reply) -> None:
        """Charge a reply to the sample at `position` among those last admitted, and release its reservation."""
        released, used = self._reserved[position], self._used(sample, reply)
        self._write({"released": [released.tokens, released.pico], "used": [used.tokens, used.pico]}, sync=False)

    def abandon(self, open_: Sequence[tuple[int, Sample, int]]) -> None:
        """Settle samples that got no reply, each for as many calls as may have been billed, at their most.

        Args:
            open_: position among those last admitted, sample, calls.
        """
        released = [self._reserved[position] for position, _, _ in open_]
        used = [self._worst(sample, calls) for _, sample, calls in open_]
        self._write({"released": _total(released), "used": _total(used)}, sync=False)

    def _worst(self, sample: Sample, calls: int) -> Charge:
        prompt, completion = worst_case(sample.request)
        return Charge(calls * (prompt + completion), calls * self._picodollars(prompt, completion))

    def _used(self, sample: Sample, reply: Reply) -> Charge:
        if reply.cached:
            return Charge()
        prompt, completion = reply.prompt_tokens, reply.completion_tokens
        silent = prompt + completion == 0 and reply.finish in ("stop", "length")
        unknown = self._worst(sample, max(reply.unmetered, int(silent)))
        return Charge(prompt + completion + unknown.tokens, self._picodollars(prompt, completion) + unknown.pico)

    def _picodollars(self, prompt_tokens: int, completion_tokens: int) -> int:
        price = self.batch_price if self._batch else self.price
        return math.ceil(PICO * price.cost(prompt_tokens, completion_tokens)) if price else 0

    def _priced(self, tokens: int, pico: int) -> list[int]:
        """An amount of this file: what was written before a price was known costs the most its tokens can."""
        return [tokens, pico or max(self._picodollars(tokens, 0), self._picodollars(0, tokens))]

    def _count(self, entry: Mapping[str, Sequence[int]], batch: str | None) -> None:
        for kind, sign in KINDS.items():
            tokens, pico = entry.get(kind, (0, 0))
            self.tokens += sign * tokens
            self._pico += sign * pico
            if batch and kind != "used":
                left = self._open.get(batch, Charge())
                self._open[batch] = Charge(left.tokens + sign * tokens, left.pico + sign * pico)

    def _read(self) -> list[tuple[str | None, dict[str, tuple[int, int]]]]:
        """The entries. A last line that a crash cut off does not count: what it reserved was never sent."""
        try:
            content = self._path.read_bytes() if self._path.exists() else b""
        except OSError as error:
            raise RunError(f"{self._path} can't be read: {error.strerror or error}; mend that and go on") from error
        whole = content[: sound_length(content)]
        self._torn = len(whole) if len(whole) < len(content) else None
        return [self._entry(line, number) for number, line in enumerate(whole.split(b"\n")[:-1], start=1)]

    def _entry(self, line: bytes, number: int) -> tuple[str | None, dict[str, tuple[int, int]]]:
        try:
            entry = read_as(_Entry, json.loads(line))
        except (ValueError, RecursionError) as error:
            wrong = error if isinstance(error, ShapeError) else f"it is not JSON: {str(error)[:80]}"
            raise RunError(
                f"{self._path}, line {number} is damaged: {wrong}; start again in another run "
                "folder, or delete this line to go on without what it counts"
            ) from error
        amounts = {kind: getattr(entry, kind) for kind in KINDS}
        return entry.batch, {kind: amount for kind, amount in amounts.items() if amount is not None}

    def _write(self, entry: dict[str, list[int]], *, sync: bool) -> None:
        self._count(entry, self._batch)
        try:
            if self._torn is not None:  # not before: who only reads must not get in the way of who writes
                os.truncate(self._path, self._torn)
                self._torn = None
            make_private(self._path)
            with self._path.open("ab") as file:
                named = {"batch": self._batch} if self._batch else {}
                file.write(json.dumps(named | entry).encode() + b"\n")
                if sync:
                    file.flush()
                    os.fsync(file.fileno())
        except OSError as error:
            raise RunError(f"{self._path} can't be written: {error.strerror or error}; mend that and go on") from error


def _total(charges: Sequence[Charge]) -> list[int]:
    return [sum(charge.tokens for charge in charges), sum(charge.pico for charge in charges)]


def _passed(tokens: int, pico: int, budget: Budget) -> Limit | None:
    if budget.max_total_tokens is not None and tokens > budget.max_total_tokens:
        return "max_total_tokens"
    if budget.max_cost is not None and pico > PICO * budget.max_cost:
        return "max_cost"
    return None

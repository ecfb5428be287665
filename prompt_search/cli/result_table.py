"""A finished run on a terminal: the table, the winning prompts, where the files are."""

import json
from typing import TYPE_CHECKING

from prompt_search.cli.sentences import print_sentence
from prompt_search.data.names.printable import counted, printable
from prompt_search.report.result import Cost, PhaseCost, Result, Row, Transfer
from prompt_search.report.statistics import wilson_interval
from prompt_search.run.money.ledger import LEDGER, Ledger

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from evaluators import Score

__all__ = ["print_result"]

MOST_TEMPLATES, MOST_CLASSES, MOST_TEXTS = 10, 5, 3


def print_result(result: Result, *, as_json: bool, quiet: bool) -> None:
    """Print a result: JSON, the path of the prompt file (quiet), or everything a person wants to know."""
    from rich.console import Console

    if as_json:
        paid = Ledger(result.folder / LEDGER, None)
        value = result.to_json() | {
            "paid": {"tokens": paid.tokens, "usd": paid.cost if result.cost.usd is not None else None},
            "folder": str(result.folder),
            "prompts": result.winner.candidate.to_json(),
        }
        print(json.dumps(value, indent=1))  # noqa: T201
    elif quiet:
        print(result.prompts_file)  # noqa: T201
    else:
        console = Console(highlight=False, markup=False)
        _print_table(result, console)
        _print_prompts(result, console)
        _print_notes(result, console)


def _print_table(result: Result, console: "Console") -> None:
    splits = ("search", "select", "test")
    figures = _table("top-1 in % [95 % interval]")
    for split in splits:
        score = getattr(result.winner, split)
        figures.add_column(f"{split} ({score.n})" if score else split, justify="right")
    ahead = _table("on the test images, image by image")
    ahead.add_column("winner ahead by [95 % interval]", justify="right")
    for row in result.rows:
        style = "bold" if row.role == "winner" else None
        figures.add_row(printable(row.name), *(_figure(getattr(row, split)) for split in splits), style=style)
        if row.gain_interval is not None:
            ahead.add_row(printable(row.name), _gain(row))
    console.print(figures)
    console.print(ahead)
    if result.transfers:
        console.print(_transfers(result.transfers))
    print_sentence(
        console, "The search saw the search images only, and select chose the winner; test was read after that."
    )
    if result.refitted:
        print_sentence(
            console,
            "After the choice the winner was selected again on search and select together: its select figure is of "
            "images left out in turn. What is selected on both splits has no figure there.",
        )
    console.print()
    for sentence in (result.verdict(), *result.remarks()):
        print_sentence(console, sentence)


def _transfers(transfers: tuple[Transfer, ...]) -> "Table":
    table = _table("top-1 in % on test")
    for column in ("base classes", "new classes", "harmonic mean"):
        table.add_column(column, justify="right")
    for each in transfers:
        table.add_row(printable(each.name), *(f"{100 * v:.1f}" for v in (each.base, each.new, each.harmonic_mean)))
    return table


def _table(first_column: str) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(first_column, overflow="fold", min_width=14)
    return table


def _figure(score: "Score | None") -> str:
    if score is None:
        return "-"
    low, high = wilson_interval(score.correct, score.n)
    return f"{100 * score.top1:.1f} [{100 * low:.0f}-{100 * high:.0f}]"


def _gain(row: Row) -> str:
    interval = row.gain_interval
    if interval is None:
        return ""
    low, high = interval
    return f"{100 * row.winner_gain():+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"


def _print_prompts(result: Result, console: "Console") -> None:
    prompts = result.prompts
    console.print()
    print_sentence(console, f"Winning prompts (found by {result.found_by}, {counted(prompts.n_texts, 'text')}):")
    if result.pairwise:
        pairs = counted(len(result.pairwise.pairs), "pair")
        told = f"{pairs} told apart among the {result.pairwise.k} best classes of an image"
        print_sentence(console, f"  pairwise, {told}; compiled into one set per class:")
    for template in prompts.templates[:MOST_TEMPLATES]:
        print_sentence(console, f"  {template}")
    _print_rest(console, len(prompts.templates) - MOST_TEMPLATES, "templates")
    described = [(c.name, own) for c, own in zip(prompts.classes, prompts.texts, strict=True) if own]
    for name, own in described[:MOST_CLASSES]:
        print_sentence(console, f"  {name}:")
        for text in own[:MOST_TEXTS]:
            print_sentence(console, f"    {text}")
        _print_rest(console, len(own) - MOST_TEXTS, "texts", indent=4)
    _print_rest(console, len(described) - MOST_CLASSES, "classes")


def _print_rest(console: "Console", left: int, what: str, indent: int = 2) -> None:
    if left > 0:
        console.print(f"{' ' * indent}... and {left} more {what}")


def _print_notes(result: Result, console: "Console") -> None:
    _print_cost(result, console)
    for note in result.notes:
        print_sentence(console, note if note.startswith("warning") else f"note: {note}")
    if result.test_reads > 1:
        print_sentence(
            console,
            f"note: this run has read the test split {result.test_reads} times; the figures flatter it a little",
        )
    if result.stopped_by:
        print_sentence(
            console,
            f"stopped early: {result.stopped_by}; `prompt-search resume {result.folder}` with a larger limit goes on",
        )
    console.print(f"\nprompt file   {printable(str(result.prompts_file))}", soft_wrap=True)
    console.print(f"classifier    {printable(str(result.classifier_file))}", soft_wrap=True)
    console.print(f"report        {printable(str(result.report_file))}", soft_wrap=True)


def _print_cost(result: Result, console: "Console") -> None:
    """What was asked for, phase by phase where there are several, and what was paid for it."""
    cost, paid = result.cost, Ledger(result.folder / LEDGER, None)
    console.print()
    for phase in cost.phases if len(cost.phases) > 1 else ():
        print_sentence(console, f"{phase.phase}: {_amount(phase)}")
    print_sentence(console, f"{'together: ' if len(cost.phases) > 1 else ''}{_amount(cost)}")
    if cost.usd:
        print_sentence(console, f"paid: ${paid.cost:.4f} for {paid.tokens} tokens; replies from the cache are free")
    counts = result.replies
    told = {
        "cut at their cap of tokens": counts.cut,
        "empty": counts.empty,
        "withheld or refused": max(counts.refused, counts.filtered),
        "in a form that is of no use": counts.wrong_form,
        "failed": counts.failed,
        "asked with a shortened conversation": counts.shortened,
    }
    if any(told.values()):
        print_sentence(
            console, f"replies: {counts.usable} usable, " + ", ".join(f"{n} {what}" for what, n in told.items() if n)
        )


def _amount(cost: Cost | PhaseCost) -> str:
    if not cost.llm_calls:
        return "no language model calls"
    dollars = ", price not known" if cost.usd is None else f", ${cost.usd:.4f}" if cost.usd else ", free"
    return (
        f"{cost.llm_calls} language model calls, {cost.prompt_tokens} prompt and {cost.completion_tokens} completion "
        f"tokens{dollars}"
    )

"""Plans on a terminal: what a run will ask for, encode and cost."""

import json
from typing import TYPE_CHECKING

from prompt_search.cli.sentences import print_sentence
from prompt_search.display.display import note_line
from prompt_search.run.money.budget import Budget

if TYPE_CHECKING:
    from prompt_search.run.plan.dry_run import DryRun

__all__ = ["print_dry_run"]

PRICED = ("reply tokens\n(at most)", "dollars\n(at most)")
"""Known only as what they would be if every reply were as long as it may be."""


def print_dry_run(plan: "DryRun", budget: Budget, *, as_json: bool) -> None:
    """Print the plan of a run, as JSON, or as how everything was read and a table with what it leaves open."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    if as_json:
        print(json.dumps(plan.to_json(), indent=1))  # noqa: T201
        return
    console = Console(highlight=False, markup=False)
    for note in plan.notes:
        print_sentence(console, note_line(note))
    sizes = ", ".join(f"{n} {split}" for split, n in plan.images.items())
    console.print(f"{plan.classes} classes; images: {sizes}")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("strategy", overflow="fold", min_width=len("ensemble-selection"))
    for column in ("LLM calls\n(at most)", "candidates\n(at most)", "prompt\ntokens", *PRICED):
        table.add_column(column, justify="right")
    for each in plan.strategies:
        table.add_row(
            each.name,
            f"{each.llm_calls} ({each.most_llm_calls})",
            f"{each.evaluations} ({each.most_evaluations})",
            str(each.prompt_tokens),
            f"({each.completion_tokens})",
            "?" if each.usd is None else f"({each.usd:.4f})",
        )
    console.print(table)
    print_sentence(
        console,
        f"texts to encode: {plan.texts}, about {plan.text_seconds:.0f} s here; "
        "how long the language model takes is not known",
    )
    print_sentence(
        console,
        "The price of this language model is not known; state it with --price IN,OUT."
        if plan.usd is None
        else f"cost: about ${plan.usd:.4f} if replies are as long as they may be; second questions, failures and the "
        "thinking of a model that thinks first (--thinking-tokens N counts it in) apart",
    )
    for limit in _exceeded(plan, budget):
        print_sentence(console, f"{limit} may end the run before that")
    print_sentence(
        console,
        "Played through with made-up replies and scores: what a run comes to is about this, and at most what is in "
        "brackets. Nothing was asked, and no image was opened.",
    )


def _exceeded(plan: "DryRun", budget: Budget) -> list[str]:
    """The limits that the plan is above, as options; how long the language model takes is not known."""
    calls = sum(each.llm_calls for each in plan.strategies)
    tokens = sum(each.prompt_tokens + each.completion_tokens for each in plan.strategies)
    planned = (
        ("--max-calls", budget.max_calls, calls),
        ("--max-total-tokens", budget.max_total_tokens, tokens),
        ("--max-cost", budget.max_cost, plan.usd or 0.0),
    )
    return [f"{option} {limit:g}" for option, limit, amount in planned if limit is not None and amount > limit]

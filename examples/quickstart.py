"""Search for prompts on the bundled photos with the language model that runs on this machine.

    python examples/quickstart.py

Needs no network, no key and no GPU. Get the language model once with `prompt-search llm install`.
"""

import prompt_search
from optimizers import HillClimbing

ITERATIONS = 6  # language model calls; more find more, 10 is the default


def main() -> None:
    """Search, and print what was found and what it is worth."""
    result = prompt_search.optimize(
        "photos",
        llm="local",
        strategy=HillClimbing(iterations=ITERATIONS),
        description="Small photographs of animals and vehicles.",
        out="runs/quickstart",
    )
    for row in result.rows:
        low, high = row.interval
        print(
            f"{row.name:28} test top-1 {100 * row.test.top1:.1f} %, 95 % interval {100 * low:.1f} to {100 * high:.1f}"
        )
    print(f"\nWinning templates (found by {result.found_by}):")
    for template in result.prompts.templates:
        print(f"  {template}")
    print(f"\n{result.verdict()}")
    print(f"Everything is in {result.folder}")


if __name__ == "__main__":
    main()

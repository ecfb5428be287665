"""Are the prompts that a search finds better than the ones you use now, on your own images?

    python examples/own_images.py IMAGES PROMPTS [CALLS]

IMAGES is a folder with one subfolder of images per class. PROMPTS is what you use now: a text file with a template a
line and `{}` for the class name, or CuPL's JSON. CALLS is how often the language model is asked at most (default 10).
"""

import sys
from pathlib import Path

import prompt_search


def main() -> None:
    """Search, and say whether the winner beats your prompts on images that the search has not seen."""
    if len(sys.argv) not in (3, 4):
        raise SystemExit(__doc__)
    images, prompts = map(Path, sys.argv[1:3])
    result = prompt_search.optimize(
        images,
        llm="local",  # or "openai/gpt-4o-mini", or any name with RunConfig.of(base_url=...)
        description=f"Images of {', '.join(sorted(path.name for path in images.iterdir() if path.is_dir()))}.",
        config=prompt_search.RunConfig.of(
            shots=8,  # images per class to search with: a few are enough
            select_shots=8,  # images per class to choose the winner with; all others prove it
            baseline=[prompts],
        ),
        budget=prompt_search.Budget(
            max_calls=int(sys.argv[3]) if len(sys.argv) == 4 else 10
        ),  # then it ends with the best so far
        out=Path("runs") / images.name,
    )
    yours = next((row for row in result.rows if row.role == "baseline" and prompts.name in row.name), None)
    if yours is None or yours.gain_interval is None:  # yours are the winner, or the same as a baseline it has anyway
        print(f"winner: {result.winner.name}\n{result.verdict()}")
        return
    low, high = yours.gain_interval
    print(f"{len(result.prompts.classes)} classes, {yours.test.n} images to prove it on")
    print(f"winner {100 * result.winner.test.top1:.1f} %, yours {100 * yours.test.top1:.1f} %")
    print(f"gain {100 * yours.winner_gain():+.1f} points, 95 % interval {100 * low:+.1f} to {100 * high:+.1f}")
    print("The winner is better." if low > 0 else "Yours are better." if high < 0 else "Not proven either way.")


if __name__ == "__main__":
    main()

"""Hill climbing's turns (Liu et al. 2024): two lists without scores, and in a conversation how it went."""

from collections.abc import Sequence

from optimizers.language_model import Message
from optimizers.meta_prompts.as_data import MATCHING, about_images

__all__ = ["hill_climbing_turn", "outcome_turn"]

TRAITS = {
    (True, True): " that keeps the traits of the good templates and avoids those of the bad ones",
    (True, False): " that keeps the traits of the good templates",
    (False, True): " that avoids the traits of the bad templates",
    (False, False): "",
}


def hill_climbing_turn(good: Sequence[str], bad: Sequence[str], description: str, mistakes: str = "") -> Message:
    """Two lists of templates, one that works and one that does not, and the request for a better one.

    Either list may be empty. Scores are left out: the model is to find the traits, not to copy the leader.
    """
    parts = [
        f"{MATCHING} {about_images(description)}",
        "These templates work well:\n" + "\n".join(good) if good else "",
        "These templates work badly:\n" + "\n".join(bad) if bad else "",
        mistakes,
        f"Write one new template of fewer than 15 words{TRAITS[bool(good), bool(bad)]}. It must contain {{}} exactly "
        "once and differ from all of the above. Reply with the template only.",
    ]
    return Message("user", "\n\n".join(part.strip() for part in parts if part))


def outcome_turn(before: float, after: float) -> str:
    """How the last proposal did against the best before it, accuracies in [0, 1], for a conversation."""
    verdict = "rose" if after > before else "fell" if after < before else "stayed the same"
    return f"With your template the accuracy {verdict}: {100 * before:.1f} % before, {100 * after:.1f} % now."

"""Samples to complete, and what came back."""

from optimizers.language_model import LanguageModel, Message, Reply, Request, Sample


def sample(text: str = "Describe a cat.", seed: int = 0, occurrence: int = 0, **sampling: object) -> Sample:
    """One draw of a one-message request."""
    return Sample(Request((Message("user", text),), **sampling), seed, occurrence)  # type: ignore[arg-type]


def replies(model: LanguageModel, samples: list[Sample]) -> list[Reply]:
    """All replies, in the order of the samples."""
    found: dict[int, Reply] = {}
    model.complete(samples, found.__setitem__)
    return [found[index] for index in range(len(samples))]

"""Requests that ask for more than a language model can do."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from optimizers.errors import LanguageModelRejected
from optimizers.language_model import Ability, Request, Sample

__all__ = ["check_abilities"]

WAYS_OUT: Mapping[Ability, str] = MappingProxyType(
    {
        "vision": "can't look at pictures: name a multimodal model behind an API, or leave captions out",
        "steering": "can't be steered: its hidden states are out of reach; use `hf:PATH`, or leave steering out",
    }
)


def check_abilities(name: str, samples: Sequence[Sample], able: Collection[Ability] = ()) -> None:
    """Refuse samples with pictures or steering for a model that isn't able to do that.

    >>> from optimizers.language_model import Message, Steering
    >>> ask = Request((Message("user", "a cat"),), steering=Steering("cat", "dog"))
    >>> check_abilities("SmolLM2", [Sample(ask, run_seed=0, occurrence=0)], able={"steering"})

    Raises:
        LanguageModelRejected: with the way out.
    """
    for ability in sorted({ability for sample in samples for ability in _needed(sample.request)}):
        if ability not in able:
            raise LanguageModelRejected(f"{name} {WAYS_OUT[ability]}")


def _needed(request: Request) -> list[Ability]:
    needed: list[Ability] = []
    if any(message.picture for message in request.messages):
        needed.append("vision")
    if request.steering is not None:
        needed.append("steering")
    return needed

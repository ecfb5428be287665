"""A request made to fit a model: refused where it can't be met, told its schema in words, made shorter."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from optimizers.errors import LanguageModelRejected
from optimizers.language_model import Ability, Message, Request, Sample

__all__ = ["check_abilities", "shortened", "told_of_schema"]

WAYS_OUT: Mapping[Ability, str] = MappingProxyType(
    {
        "vision": "can't look at pictures: name a multimodal model behind an API, or leave captions out",
        "likelihood": "can't tell how likely a text is: use a model run in this process (local, gguf:PATH, hf:PATH)",
        "steering": "can't be steered: there is no access to hidden states; use `hf:PATH`, or leave steering out",
    }
)


def check_abilities(name: str, samples: Sequence[Sample], able: Collection[Ability] = ()) -> None:
    """Refuse samples with pictures, steering or questions of likelihood for a model that isn't able to do that.

    >>> from optimizers.language_model import Steering
    >>> ask = Request((Message("user", "a cat"),), steering=Steering("cat", "dog"))
    >>> check_abilities("SmolLM2", [Sample(ask, run_seed=0, occurrence=0)], able={"steering"})

    Raises:
        LanguageModelRejected: with the way out.
    """
    requests = [sample.request for sample in samples]
    needed: dict[Ability, bool] = {
        "likelihood": any(request.likelihood is not None for request in requests),
        "steering": any(request.steering is not None for request in requests),
        "vision": any(turn.picture for request in requests for turn in request.messages),
    }
    for ability, is_needed in needed.items():
        if is_needed and ability not in able:
            raise LanguageModelRejected(f"{name} {WAYS_OUT[ability]}")


def told_of_schema(request: Request) -> tuple[Message, ...]:
    """The conversation with the request's schema, if there is one, in the last turn of the user.

    >>> told_of_schema(Request((Message("user", "A cat?"),), json_schema="{}"))[0].content
    'A cat?\\n\\nAnswer with JSON only, of this JSON schema: {}'
    """
    turns = list(request.messages)
    last = max((index for index, turn in enumerate(turns) if turn.role == "user"), default=None)
    if request.json_schema is not None and last is not None:
        # Providers demand the word JSON in the messages before they turn JSON mode on.
        instruction = f"\n\nAnswer with JSON only, of this JSON schema: {request.json_schema}"
        turns[last] = replace(turns[last], content=turns[last].content + instruction)
    return tuple(turns)


def shortened(messages: tuple[Message, ...]) -> tuple[Message, ...] | None:
    """The conversation without its oldest exchange: up to the second turn of the user. `None` if it has only one.

    What the system said at the start stays.

    >>> turns = [Message("system", "Be brief."), Message("user", "Hi"), Message("assistant", "."), Message("user", "?")]
    >>> [turn.content for turn in shortened(tuple(turns))]
    ['Be brief.', '?']
    """
    start = next((index for index, turn in enumerate(messages) if turn.role != "system"), len(messages))
    later = [index for index, turn in enumerate(messages) if turn.role == "user" and index > start]
    return messages[:start] + messages[later[0] :] if later else None

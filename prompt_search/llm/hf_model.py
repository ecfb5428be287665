"""A Hugging Face model run in this process by transformers: the one kind that can be steered."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from optimizers.errors import LanguageModelRejected
from optimizers.language_model import Ability, Message, Reply, Request, Sample, Steering
from prompt_search.llm.conversation import shortened
from prompt_search.llm.hf_files import ModelFiles, check_packages
from prompt_search.llm.hf_loading import context_length, end_tokens, load_network, load_tokenizer
from prompt_search.llm.reply_text import stored_reply
from prompt_search.llm.required_abilities import check_abilities

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["HuggingFaceModel"]


class HuggingFaceModel:
    """A causal language model with a chat template, one sample after the other, so that none depends on another.

    The same sample gives the same text on the same machine. A reply can't be held to a schema: the model is told it,
    and may answer otherwise. Code that comes with a model is never run, and weights in pickles are not read.

    Args:
        source: see `ModelFiles`. The weights of a GGUF file are unpacked to full precision.
        device: `auto` (the first GPU if there is one), `cpu`, `cuda`, `cuda:N`.

    Raises:
        SettingsError: if the source can't be a model, or a package is missing.
    """

    abilities: frozenset[Ability] = frozenset({"steering"})
    billable: Mapping[int, int] = MappingProxyType({})
    """Nothing that it leaves unfinished was paid for."""

    def __init__(self, source: str, device: str = "auto") -> None:
        self._files = ModelFiles(source)
        check_packages(gguf=self._files.is_gguf)
        self._device = device
        self._directions: dict[tuple[str, str, int], Tensor] = {}

    @property
    def name(self) -> str:
        """The folder's, file's or hub's name of it."""
        return self._files.name

    @property
    def identity(self) -> str:
        """`hf:`, the name, and a digest of the files; a model of the hub is fetched for it."""
        return f"hf:{self.name}@{self._files.digest}"

    def complete(self, samples: Sequence[Sample], on_reply: Callable[[int, Reply], None]) -> None:
        """Complete the samples in order. A prompt over the context length loses its oldest turns, if it has several.

        Raises:
            LanguageModelRejected: if transformers can't load the model, or a request has a picture, or steering to a
                layer it does not have.
            LanguageModelUnavailable: if it can't be fetched.
        """
        check_abilities(self.name, samples, self.abilities)
        for index, sample in enumerate(samples):
            on_reply(index, stored_reply(self._reply(sample)))

    def direction(self, steering: Steering) -> "Tensor":
        """The difference [D] of the mean hidden states of `towards` and `away`; computed once.

        Raises:
            LanguageModelRejected: if a text is empty or there is no such layer.
        """
        key = (steering.towards, steering.away, self.layer(steering))
        if key not in self._directions:
            towards, away = (self._mean_state(text, key[2]) for text in key[:2])
            self._directions[key] = towards - away
        return self._directions[key]

    def layer(self, steering: Steering) -> int:
        """The decoder layer, counted from 0.

        Raises:
            LanguageModelRejected: if there is no such layer.
        """
        from prompt_search.llm.steering import default_layer

        depth = len(self.layers)
        if steering.layer is None:
            return default_layer(depth)
        if not 0 <= steering.layer < depth:
            raise LanguageModelRejected(
                f"{self.name} can't be steered after layer {steering.layer}: it has the layers 0 to {depth - 1}"
            )
        return steering.layer

    @cached_property
    def network(self) -> Any:  # noqa: ANN401 - transformers has no types
        """The model, loaded at first use.

        Raises:
            LanguageModelRejected: if transformers can't load it.
        """
        return load_network(self._files, self._device)

    @cached_property
    def tokenizer(self) -> Any:  # noqa: ANN401 - transformers has no types
        """The tokenizer, loaded at first use.

        Raises:
            LanguageModelRejected: if transformers can't load it, or it has no chat template.
        """
        return load_tokenizer(self._files)

    @cached_property
    def layers(self) -> Any:  # noqa: ANN401 - as the network
        """The decoder layers, first to last."""
        from prompt_search.llm.steering import decoder_layers

        return decoder_layers(self.network)

    def _reply(self, sample: Sample) -> Reply:
        request, room = _told_of_schema(sample.request), self._context_length
        messages: tuple[Message, ...] | None = request.messages
        while messages is not None:
            prompt = self._prompt(messages)
            if prompt.shape[1] < room:
                reply = self._completed(sample, prompt, room)
                return replace(reply, shortened=messages != request.messages)
            messages = shortened(messages)
        return Reply("", "error", error=f"the prompt is longer than the {room} tokens {self.name} can read")

    def _completed(self, sample: Sample, prompt: "Tensor", room: int) -> Reply:
        from prompt_search.llm.decoding import completion

        request, length = sample.request, prompt.shape[1]
        with self._steered(request.steering):
            tokens, ended = completion(
                self.network,
                prompt,
                temperature=request.temperature,
                top_p=request.top_p,
                max_tokens=min(request.max_tokens, room - length),
                ends=self._ends,
                seed=sample.seed,
            )
        text = self.tokenizer.decode(tokens, skip_special_tokens=True)
        form: Literal["text"] | None = None if request.json_schema is None else "text"
        return Reply(text, "stop" if ended else "length", length, len(tokens) + ended, form=form)

    def _steered(self, steering: Steering | None) -> Any:  # noqa: ANN401 - a context manager
        from prompt_search.llm.steering import steered

        if steering is None:
            return nullcontext()
        shift = steering.alpha * self.direction(steering)
        return steered(self.layers[self.layer(steering)], shift.to(self.network.dtype))

    def _prompt(self, messages: Sequence[Message]) -> "Tensor":
        turns = [{"role": turn.role, "content": turn.content} for turn in messages]
        text = self.tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
        return self._token_ids(text)

    def _mean_state(self, text: str, layer: int) -> "Tensor":
        from prompt_search.llm.steering import mean_hidden_state

        token_ids = self._token_ids(text)[:, : self._context_length]
        if token_ids.shape[1] == 0:
            raise LanguageModelRejected("steering needs two texts that are not empty")
        return mean_hidden_state(self.network, self.layers[layer], token_ids)

    def _token_ids(self, text: str) -> "Tensor":
        """Token ids [1, T]; what the template writes for the start of a text is not added again."""
        import torch

        ids = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return torch.tensor([ids], dtype=torch.long, device=self.network.device)

    @cached_property
    def _context_length(self) -> int:
        return context_length(self.network)

    @cached_property
    def _ends(self) -> frozenset[int]:
        return end_tokens(self.network, self.tokenizer)


def _told_of_schema(request: Request) -> Request:
    """The request with its schema in the last turn of the user."""
    if request.json_schema is None:
        return request
    last = max((i for i, turn in enumerate(request.messages) if turn.role == "user"), default=None)
    instruction = f"\n\nAnswer with JSON only, of this JSON schema: {request.json_schema}"
    told = (replace(t, content=t.content + instruction) if i == last else t for i, t in enumerate(request.messages))
    return replace(request, messages=tuple(told))

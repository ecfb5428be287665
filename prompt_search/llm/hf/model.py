"""A Hugging Face model run in this process by transformers: the one kind that can be steered."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from optimizers.errors import LanguageModelRejected
from optimizers.language_model import Ability, Message, Reply, Request, Sample, Steering
from prompt_search.llm.hf.files import ModelFiles, check_packages, load_network, load_tokenizer
from prompt_search.llm.hf.steering import decoder_layers, default_layer, mean_hidden_state, steered
from prompt_search.llm.reply_text import stored_reply
from prompt_search.llm.requests import check_abilities, shortened, told_of_schema

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["HuggingFaceModel"]

USUAL_CONTEXT = 2048
"""Tokens, where a model does not say how many it can read."""


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

    abilities: frozenset[Ability] = frozenset({"likelihood", "steering"})
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
        """The model, loaded at first use; see `load_network` for what that raises."""
        return load_network(self._files, self._device)

    @cached_property
    def tokenizer(self) -> Any:  # noqa: ANN401 - transformers has no types
        """The tokenizer, loaded at first use; see `load_tokenizer` for what that raises."""
        return load_tokenizer(self._files)

    @cached_property
    def layers(self) -> Any:  # noqa: ANN401 - as the network
        """The decoder layers, first to last."""
        return decoder_layers(self.network)

    def _reply(self, sample: Sample) -> Reply:
        if sample.request.likelihood is not None:
            return self._likelihood(sample.request)
        whole, room = told_of_schema(sample.request), self._context_length
        messages: tuple[Message, ...] | None = whole
        while messages is not None:
            prompt = self._prompt(messages)
            if prompt.shape[1] < room:
                return replace(self._completed(sample, prompt, room), shortened=messages != whole)
            messages = shortened(messages)
        return Reply("", "error", error=f"the prompt is longer than the {room} tokens {self.name} can read")

    def _completed(self, sample: Sample, prompt: "Tensor", room: int) -> Reply:
        """Drawn with the sample's seed; torch's own generators are as they were afterwards."""
        import torch

        request, length, ends = sample.request, prompt.shape[1], self._ends
        draw: dict[str, Any] = {"do_sample": False}
        if request.temperature > 0:
            draw = {"do_sample": True, "temperature": float(request.temperature), "top_p": request.top_p, "top_k": 0}
        with self._steered(request.steering), torch.random.fork_rng(range(torch.cuda.device_count())):
            torch.manual_seed(sample.seed)
            drawn = self.network.generate(
                prompt,
                attention_mask=torch.ones_like(prompt),
                max_new_tokens=min(request.max_tokens, room - length),
                eos_token_id=ends or None,
                pad_token_id=0,  # of a single row, nothing is ever padded
                **draw,
            )
        tokens: list[int] = drawn[0, length:].tolist()
        ended = tokens[-1] in ends
        text = self.tokenizer.decode(tokens[:-1] if ended else tokens, skip_special_tokens=True)
        form: Literal["text"] | None = None if request.json_schema is None else "text"
        return Reply(text, "stop" if ended else "length", length, len(tokens), form=form)

    def _likelihood(self, request: Request) -> Reply:
        """How likely the tokens of a text are, or the likeliest next ones, as the request's `Likelihood` says."""
        import torch

        stated = request.likelihood
        assert stated is not None
        before, given = self._token_ids(request.messages[-1].content, begins=True), self._token_ids(stated.text)
        read, asked = torch.cat([before, given.to(before.dtype)], dim=1), int(given.shape[1])
        if read.shape[1] >= self._context_length or before.shape[1] == 0:
            return Reply("", "error", error=f"the text is empty, or longer than {self.name} can read")
        with torch.inference_mode():
            logits = self.network(input_ids=read, use_cache=False).logits[0, before.shape[1] - 1 :]
        values = logits.float().log_softmax(dim=-1)
        if asked:
            tokens, told = given[0], values[:-1].gather(1, given[0, :, None])[:, 0]
        else:
            told, tokens = values[0].topk(min(stated.top, values.shape[1]))
        pairs = [[self.tokenizer.decode([int(t)]), round(float(v), 6)] for t, v in zip(tokens, told, strict=True)]
        return Reply(json.dumps(pairs), "stop", int(before.shape[1]), max(1, asked))

    def _steered(self, steering: Steering | None) -> Any:  # noqa: ANN401 - a context manager
        if steering is None:
            return nullcontext()
        shift = steering.alpha * self.direction(steering)
        return steered(self.layers[self.layer(steering)], shift.to(self.network.dtype))

    def _prompt(self, messages: Sequence[Message]) -> "Tensor":
        turns = [{"role": turn.role, "content": turn.content} for turn in messages]
        text = self.tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
        return self._token_ids(text)

    def _mean_state(self, text: str, layer: int) -> "Tensor":
        token_ids = self._token_ids(text)[:, : self._context_length]
        if token_ids.shape[1] == 0:
            raise LanguageModelRejected("steering needs two texts that are not empty")
        return mean_hidden_state(self.network, self.layers[layer], token_ids)

    def _token_ids(self, text: str, *, begins: bool = False) -> "Tensor":
        """Token ids [1, T], after those that begin a text, if they are not written already by a template."""
        import torch

        ids = self.tokenizer(text, add_special_tokens=begins)["input_ids"]
        return torch.tensor([ids], dtype=torch.long, device=self.network.device)

    @cached_property
    def _context_length(self) -> int:
        """The most tokens of prompt and completion together."""
        return int(getattr(self.network.config.get_text_config(), "max_position_embeddings", None) or USUAL_CONTEXT)

    @cached_property
    def _ends(self) -> list[int]:
        """The tokens that end a turn."""
        configured = self.network.generation_config.eos_token_id
        several = configured if isinstance(configured, list) else [configured]
        return sorted({token for token in (*several, self.tokenizer.eos_token_id) if token is not None})

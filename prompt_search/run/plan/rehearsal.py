"""A run played through with made-up replies and scores, to see what it will ask for and encode."""

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from evaluators import Candidate, PromptSet, Score, Selected, SelectionSettings, TextLibrary
from optimizers import Archive, Reply, Request, Scored, Task
from optimizers.search import Usable
from prompt_search.llm.batch_log import FEWEST
from prompt_search.run.journal.captions import MOST_TOKENS

__all__ = ["RehearsedSearch"]

BYTES_PER_TOKEN = 4
"""Of English text, roughly, for the tokenizers of common language models."""

PICTURE_TOKENS = 1000
"""Of a picture of 512 pixels a side with the question, roughly; some providers count 300, some 8,500."""

WORDS = ("small", "bright", "distant", "plain", "wooden", "striped", "heavy", "round", "open", "soft", "pale", "narrow")


class RehearsedSearch:
    """Implements `optimizers.Search` without a language model, images or a budget; counts what is asked of it.

    Replies are well-formed, and random like the scores, so that a strategy goes the way it goes in earnest, as long as
    that does not depend on what the replies say.

    Args:
        pictures: how many search images the language model would be shown, if a strategy wants captions.
        thinking: tokens added to the cap of every reply.

    Attributes:
        llm_calls: requests.
        prompt_tokens: of all prompts, estimated by their length.
        completion_tokens: the most that all replies can have.
        batching: whether many questions put together go into a batch.
        batched_tokens: those of the prompt and completion tokens that do.
        shown: pictures that a strategy wanted captions of; not among the above.
        texts: every text that would be scored.
    """

    def __init__(self, task: Task, seed: int, pictures: int = 0, thinking: int = 0) -> None:
        self.batching = False
        self.batched_tokens = (0, 0)
        self.task = task
        self.archive = Archive()
        self.rng = random.Random(seed)
        self.llm_calls = self.prompt_tokens = self.completion_tokens = 0
        self.texts: dict[str, None] = {}
        self.shown = 0
        self._thinking = thinking
        self._pictures = min(pictures, task.n_search)
        self._selections = 0
        self._chance = random.Random(seed + 1)

    def ask(self, requests: Sequence[Request], usable: Usable | None = None) -> list[Reply]:
        """Made-up replies of the form that is asked for."""
        self.llm_calls += len(requests)
        before = (self.prompt_tokens, self.completion_tokens)
        for request in requests:
            length = sum(len(message.content.encode(errors="replace")) for message in request.messages)
            length += len(request.json_schema or "")
            self.prompt_tokens += -(-length // BYTES_PER_TOKEN)
            self.completion_tokens += request.max_tokens + self._thinking
        if self.batching and len(requests) >= FEWEST:
            prompt, completion = self.batched_tokens
            self.batched_tokens = (
                prompt + self.prompt_tokens - before[0],
                completion + self.completion_tokens - before[1],
            )
        return [Reply(self._reply(request)) for request in requests]

    def score(self, candidates: Sequence[Candidate]) -> list[Scored]:
        """Random scores."""
        return [self.archive.find(candidate) or self._enter(candidate) for candidate in candidates]

    def top_classes(self, candidate: Candidate, k: int) -> tuple[tuple[int, ...], ...]:
        """Random classes, neighbours of each other."""
        classes = len(self.task.classes)
        starts = [self._chance.randrange(classes) for _ in range(self.task.n_search)]
        return tuple(tuple((start + i) % classes for i in range(min(k, classes))) for start in starts)

    def class_cross_entropies(self, candidate: Candidate) -> tuple[float | None, ...]:
        """The same for every class."""
        return (1.0,) * len(self.task.classes)

    def class_clusters(self, candidate: PromptSet, k: int) -> tuple[int, ...]:
        """Classes dealt out in turn."""
        return tuple(index % k for index in range(len(self.task.classes)))

    def choose_texts(self, library: TextLibrary, settings: SelectionSettings) -> Selected:
        """The texts it would start from; every further selection seems to gain, and all classes to be confused."""
        self.texts.update(dict.fromkeys(text for own in library.texts for text in own))
        self._selections += 1
        classes = range(len(self.task.classes))
        costly = tuple((a, b, 1.0) for a in classes for b in ((a + 1) % len(classes),) if a != b)
        loss = 1 / self._selections
        return Selected(tuple((first,) for first in library.start), 1.0, ((1.0, loss),), 1.0, costly)

    def captions(self) -> tuple[str, ...]:
        """Made-up descriptions."""
        self.shown = self._pictures
        return tuple(self._phrase("thing.") for _ in range(self.shown))

    def caption_tokens(self) -> tuple[int, int]:
        """Prompt and completion tokens of the captions: the pictures estimated, the replies at their most."""
        return self.shown * PICTURE_TOKENS, self.shown * (MOST_TOKENS + self._thinking)

    def log(self, message: str) -> None:
        """Ignored."""

    def _enter(self, candidate: Candidate) -> Scored:
        self.texts.update(dict.fromkeys(text for own in candidate.rendered for text in own))
        n, classes = self.task.n_search, len(self.task.classes)
        top1 = round(self._chance.randrange(n + 1) / n, 6)
        loss = 1 - top1
        score = replace(
            _EMPTY,
            n=n,
            top1=top1,
            cross_entropy=loss,
            fitted_cross_entropy=loss,
            recall=(top1,) * classes,
            confusions=tuple((c, (c + 1) % classes, 1) for c in range(classes)) if top1 < 1 and classes > 1 else (),
        )
        return self.archive.add(candidate, score, top1)

    def _reply(self, request: Request) -> str:
        if request.likelihood is not None:
            return json.dumps([[f" {word}", -3.0] for word in WORDS])
        turns = " ".join(message.content for message in request.messages)
        ending = "thing with a {}." if "{}" in turns else "thing."
        if request.json_schema is not None:
            return json.dumps(self._instance(json.loads(request.json_schema), ending))
        return f"<INS>{self._phrase(ending)}</INS>" if "<INS>" in turns else self._phrase(ending)

    def _phrase(self, ending: str) -> str:
        """A template where placeholders are spoken of, else a description."""
        return f"A {' '.join(self._chance.sample(WORDS, 3))} {ending}"

    def _instance(self, schema: Any, ending: str) -> object:  # noqa: ANN401 - any JSON
        """A value of a JSON schema, as far as strategies use them."""
        match schema.get("type"):
            case "object":
                return {name: self._instance(part, ending) for name, part in schema.get("properties", {}).items()}
            case "array":
                return [
                    self._instance(schema.get("items", {}), ending) for _ in range(max(2, schema.get("minItems", 0)))
                ]
            case "integer" | "number":
                return 1
            case "boolean":
                return True
        return self._phrase(ending)


_EMPTY = Score(
    n=1,
    top1=0.0,
    top5=None,
    cross_entropy=0.0,
    fitted_cross_entropy=0.0,
    fitted_scale=0.0,
    margin=0.0,
    prediction_entropy=0.0,
    marginal_entropy=0.0,
    redundancy=0.0,
    recall=(),
    class_cross_entropy=None,
    confusions=(),
)

"""A reply that llama.cpp gives token by token."""

import threading
from typing import Any

from optimizers.language_model import Reply

__all__ = ["StreamedReply"]


class StreamedReply:
    """Collects the chunks of a streamed chat completion.

    Args:
        cancelled: once it is set, the model is told to stop at the next chunk.

    >>> streamed = StreamedReply(threading.Event())
    >>> for text, end in (("A", None), (" cat", "stop")):
    ...     told = streamed.take({"choices": [{"delta": {"content": text}, "finish_reason": end}]})
    >>> streamed.reply().text
    'A cat'
    """

    def __init__(self, cancelled: threading.Event) -> None:
        self.error: dict[str, Any] = {}
        self._cancelled = cancelled
        self._texts: list[str] = []
        self._finish = ""
        self._usage: dict[str, int] = {}

    @property
    def finished(self) -> bool:
        """Whether the model came to an end of its own."""
        return bool(self._finish)

    def take(self, chunk: dict[str, Any]) -> bool:
        """Take in one chunk; true ends the generation. Given to xllamacpp, which swallows what it raises."""
        self.error = chunk.get("error") or self.error
        self._usage = chunk.get("usage") or self._usage
        for choice in chunk.get("choices", []):
            self._texts.append(choice["delta"].get("content") or "")
            self._finish = choice["finish_reason"] or self._finish
        return self._cancelled.is_set()

    def reply(self) -> Reply:
        """What the chunks make."""
        prompt, completion = (self._usage.get(f"{kind}_tokens", 0) for kind in ("prompt", "completion"))
        return Reply("".join(self._texts), "length" if self._finish == "length" else "stop", prompt, completion)

"""The text tower of an open_clip model: every text encoded at its own length where that is exact.

Batches are sorted by length, cut to it, bounded by tokens, and of one shape per length. The last bits of a matrix
product may depend on the shapes of its factors, and those of a row on its place among a few. A text's length and its
batch's shape depend on that text alone (and on the device and its number of threads), so it gets the same features bit
for bit whatever is encoded beside it, and a resumed run scores as the first would have.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from evaluators.models.image_text_model import FloatArray

if TYPE_CHECKING:
    import torch

__all__ = ["TextBatch", "TextTower", "end_of_text", "text_batches", "tokens_per_batch", "unit_rows"]


LENGTH_STEP = 4

# On a CPU one core is near its full rate with 144 tokens, and ten new texts, of two lengths, waste little.
LEAST_TOKENS = 144
TOKENS_PER_THREAD = 72
TOKENS_ON_AN_ACCELERATOR = 4096

# In the last product, where a text is one row, MKL with two threads gave the last rows of 5, 6, 7, 9, 10 or 11 other
# bits than the first; of multiples of 4 it never did.
SIZE_STEP = 4


@dataclass(frozen=True)
class TextBatch:
    """Texts that are encoded together.

    Args:
        rows: their places among all texts.
        length: the tokens of each that are encoded.
        size: how many texts a batch of this length has; a batch with fewer is filled up.
    """

    rows: list[int]
    length: int
    size: int


def tokens_per_batch(device: str) -> int:
    """How many tokens to encode at once: enough to keep the device busy, few enough that a few texts cost little."""
    import torch

    if torch.device(device).type != "cpu":
        return TOKENS_ON_AN_ACCELERATOR
    return max(LEAST_TOKENS, TOKENS_PER_THREAD * torch.get_num_threads())


def text_batches(
    tokens: "torch.Tensor", full_length: int | None, limit: int, end: int | None = None
) -> Iterator[TextBatch]:
    """Split token rows [T, L] into batches of one length each, from the shortest texts to the longest.

    Args:
        tokens: token ids, each row ending in a run of one padding id.
        full_length: encode every text at this length; `None` cuts a text to its own length, rounded up to a
            multiple of 4.
        limit: tokens in a batch, at least one text. Of more than 4 texts it takes a multiple of 4.
        end: the id of the end-of-text token, see `end_of_text`; if `None`, one token of padding counts.
    """
    lengths = _lengths(tokens.numpy(), end) if full_length is None else np.full(len(tokens), full_length)
    for length in map(int, np.unique(lengths)):
        size = max(1, limit // length)
        size -= size % SIZE_STEP if size > SIZE_STEP else 0
        rows = [int(row) for row in np.flatnonzero(lengths == length)]
        for start in range(0, len(rows), size):
            yield TextBatch(rows[start : start + size], length, size)


def end_of_text(tokens: "torch.Tensor") -> int | None:
    """The id all rows [T, L] have before their padding, found from texts that end in different words.

    Returns:
        `None` if there is no such id, or it is the padding's own.
    """
    ids = tokens.numpy()
    last = {int(row[before]) for row, before in zip(ids, _padding_begins(ids) - 1, strict=True)}
    return last.pop() if len(last) == 1 and last.isdisjoint(map(int, ids[:, -1])) else None


def _lengths(ids: NDArray[np.int64], end: int | None) -> NDArray[np.int64]:
    """Tokens up to and including the end-of-text token, rounded up.

    Without its id, one token of the padding counts, since where a row stops changing there may be the end or what
    follows it.
    """
    width = ids.shape[1]
    real = _padding_begins(ids) + 1
    if end is not None:
        is_end = ids == end
        real = np.where(is_end.any(axis=1), width - np.argmax(is_end[:, ::-1], axis=1), real)
    rounded: NDArray[np.int64] = np.minimum(-(-real // LENGTH_STEP) * LENGTH_STEP, width).astype(np.int64)
    return rounded


def _padding_begins(ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each row of ids [T, L] stops changing."""
    changes = ids[:, 1:] != ids[:, :-1]
    last: NDArray[np.int64] = ids.shape[1] - 1 - np.argmax(changes[:, ::-1], axis=1)
    return np.where(changes.any(axis=1), last, 0)


T = TypeVar("T")

# The names under which open_clip keeps what depends on a text's length, for its two kinds of model.
LENGTH_DEPENDENT = ("positional_embedding", "attn_mask", "text.positional_embedding", "text.attn_mask")
PROBES = ("a cat", "a photo of a small red wooden house by the sea.", "two dogs and one bird, 3 of them brown")


class TextTower:
    """Encodes texts with an open_clip network.

    Args:
        network: the whole model, in evaluation mode, its weights already in their precision.
        tokenizer: its own.
        device: where the weights are.
        tolerance: how much features may differ between a cut text and a whole one for cutting to count as exact.
    """

    def __init__(self, network: "torch.nn.Module", tokenizer: Any, device: str, tolerance: float) -> None:  # noqa: ANN401 (open_clip has several kinds)
        self._network = network
        self._tokenizer = tokenizer
        self._device = device
        self._tokens = tokens_per_batch(device)
        self._end = end_of_text(tokenizer(list(PROBES)))
        self.context_length = int(tokenizer.context_length)
        self.cut_is_exact = self._detect_cut(tolerance)
        self.width = self.encode(["a photo"]).shape[1]

    def probe_tokens(self) -> bytes:
        """What the tokenizer makes of a few texts: tells tokenizers apart."""
        tokens: bytes = self._tokenizer(list(PROBES)).numpy().tobytes()
        return tokens

    def token_keys(self, texts: Sequence[str]) -> list[bytes]:
        """For each text the bytes of its token ids, padding included."""
        return [row.tobytes() for row in self._tokenizer(list(texts)).numpy().astype("<i4")] if texts else []

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """For each text its length in tokens before truncation, start and end tokens counted.

        open_clip's tokenizers truncate without a word; the same tokenizer with a longer context tells the true length.
        """
        if not texts:
            return []
        longest = max(len(text.encode(errors="surrogatepass")) for text in texts)
        tokens = self._tokenizer(list(texts), context_length=max(self.context_length, 2 * longest + 8))
        # Padding is one repeated id at the end, so a text's length is where its row stops changing.
        changes = (tokens[:, 1:] != tokens[:, :-1]).numpy()
        return [int(np.flatnonzero(row)[-1]) + 1 if row.any() else 1 for row in changes]

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Unit-length features [len(texts), D] float32, equal to `network.encode_text(..., normalize=True)`."""
        import torch

        if not texts:
            return np.empty((0, self.width), dtype=np.float32)
        distinct, inverse = torch.unique(self._tokenizer(list(texts)), dim=0, return_inverse=True)
        full_length = None if self.cut_is_exact else self.context_length
        features: FloatArray | None = None
        with torch.inference_mode():
            for batch in text_batches(distinct, full_length, self._tokens, self._end):
                encoded = self._encode_tokens(distinct[filled(batch.rows, batch.size)], batch.length)
                if features is None:
                    features = np.empty((len(distinct), encoded.shape[1]), dtype=np.float32)
                features[batch.rows] = encoded[: len(batch.rows)]
        assert features is not None
        in_order: FloatArray = features[inverse.numpy()]
        return in_order

    def _encode_tokens(self, tokens: "torch.Tensor", length: int) -> FloatArray:
        tokens = tokens.to(self._device)
        if length == tokens.shape[1]:
            return unit_rows(self._network.encode_text(tokens, normalize=True))  # type: ignore[operator]
        return unit_rows(_encode_cut(self._network, tokens, length))

    def _detect_cut(self, tolerance: float) -> bool:
        """Whether texts may be cut to their real length, found by trying: so for causal towers that pool at the end."""
        import torch

        tokens = self._tokenizer(list(PROBES))
        if tokens.shape[1] <= 32:
            return False
        with torch.inference_mode():
            full = self._encode_tokens(tokens, tokens.shape[1])
            try:
                cut = self._encode_tokens(tokens, 32)
            except (RuntimeError, ValueError, IndexError, TypeError):
                return False  # this tower takes one length only
        return bool(np.abs(full - cut).max() <= tolerance)


def filled(batch: list[T], size: int) -> list[T]:
    """A batch brought to its fixed size by repeating its last element; see `text_batches` for why."""
    return batch + batch[-1:] * (size - len(batch))


def unit_rows(features: "torch.Tensor") -> FloatArray:
    """As float32 on the CPU; half precision leaves rows a little off unit length."""
    from torch.nn import functional

    rows: FloatArray = functional.normalize(features.float(), dim=-1).cpu().numpy()
    return rows


def _encode_cut(network: "torch.nn.Module", tokens: "torch.Tensor", length: int) -> "torch.Tensor":
    """Encode only the first `length` tokens of each text.

    open_clip sizes the position table and the causal mask for the full context, so both are swapped for their
    leading part during the call.
    """
    import torch

    sized: dict[str, torch.Tensor] = dict(network.named_parameters()) | dict(network.named_buffers())
    cut: dict[str, torch.Tensor] = {}
    for name in LENGTH_DEPENDENT:
        if name in sized:
            whole = sized[name]
            cut[name] = whole[:length, :length] if name.endswith("attn_mask") else whole[:length]
    output = torch.func.functional_call(network, cut, kwargs={"text": tokens[:, :length]})
    features = output["text_features"] if isinstance(output, Mapping) else output[1]
    assert isinstance(features, torch.Tensor)
    return features

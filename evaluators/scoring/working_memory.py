"""How many prompt sets, and how many images, go through the products at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from evaluators.errors import ModelError
from evaluators.scoring.class_blocks import OF_A_WINDOW, OF_CLASSES, classes_in_block
from evaluators.scoring.products import classes_per_product, images_per_product, logits_per_block

__all__ = ["WorkingMemory", "is_out_of_memory"]

FEWEST_IMAGES = 16
BYTES_PER_CLASS_AND_SET = 64  # right ones, cross-entropies and probabilities, here and on the device
BYTES_PER_CONFUSION = 16  # key and count, of images that are all wrong


@dataclass(frozen=True, slots=True)
class WorkingMemory:
    """Bytes of working memory, and what they suffice for.

    Chunks of images keep their size down to limits of a few megabytes, so that a score does not depend on the limit;
    with less memory fewer sets are multiplied at once.

    Attributes:
        limit: bytes.
        images: N.
        classes: C.
        width: D.
        device: the kind of device the products run on.
        most_sets, most_images: what may go through at once however much memory there seems to be; `None` for any.
    """

    limit: int
    images: int
    classes: int
    width: int
    device: str
    most_sets: int | None = None
    most_images: int | None = None

    @property
    def cache(self) -> int:
        """Bytes for class embeddings that are kept between calls."""
        return self.limit // 4

    @property
    def products(self) -> int:
        """Bytes for products and reductions; the eighth that is left is for the texts' features and keys on the way."""
        return self.limit * 5 // 8

    @property
    def chunk(self) -> int:
        """Images at once."""
        chunk = self.most_images or images_per_product(self.device)
        blocks = -(-self.classes // classes_in_block(self.classes))
        while chunk > FEWEST_IMAGES and self._needs(1, self.classes, blocks, chunk) > self.products:
            chunk //= 2
        return chunk

    def groups(self, sets: Sequence[Sequence[bytes]]) -> Iterator[slice]:
        """Consecutive sets, given by what tells their classes' embeddings apart, that are multiplied at once."""
        chunk, start, size = self.chunk, 0, classes_in_block(self.classes)
        different: set[bytes] = set()
        blocks: set[tuple[bytes, ...]] = set()
        for end, own in enumerate(sets):
            in_blocks = {tuple(own[first : first + size]) for first in range(0, len(own), size)}
            different.update(own)
            blocks |= in_blocks
            needs = self._needs(end + 1 - start, len(different), len(blocks), chunk)
            if end > start and (needs > self.products or end - start == self.most_sets):
                yield slice(start, end)
                start, different, blocks = end, set(own), in_blocks
        if start < len(sets):
            yield slice(start, len(sets))

    def less(self, sets: int) -> "WorkingMemory":
        """For a device that `sets` at once were too much for: half of them, else half the images.

        Raises:
            ModelError: if there is nothing to halve.
        """
        if sets > 1:
            return replace(self, most_sets=sets // 2)
        if self.chunk > FEWEST_IMAGES:
            return replace(self, most_images=self.chunk // 2)
        raise ModelError(
            f"the device {self.device!r} has too little memory even for one prompt set and {self.chunk} images; "
            "free some of it or choose another device"
        )

    def _needs(self, sets: int, columns: int, blocks: int, chunk: int) -> int:
        chunk = min(chunk, self.images)
        padded = columns + classes_per_product(self.device)
        embeddings = 4 * self.width * (columns + 2 * padded)  # as they come, as a matrix, and in the device's precision
        block = 4 * max(logits_per_block(self.device), self.classes * chunk)
        reduction = 4 * padded * chunk + 4 * block
        table = 4 * (OF_CLASSES + OF_A_WINDOW) * (5 * blocks // 4) * chunk  # blocks are not shared between windows
        confusions = BYTES_PER_CONFUSION * min(self.images, self.classes**2)
        statistics = sets * (BYTES_PER_CLASS_AND_SET * self.classes + confusions)
        return embeddings + reduction + table + statistics + 8 * chunk * self.width


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error means that a device has too little memory, and less may do."""
    import torch

    # Torch's allocator for CPUs, and cuBLAS for its workspace, raise a plain RuntimeError.
    plain = ("DefaultCPUAllocator", "CUBLAS_STATUS_ALLOC_FAILED")
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(name in str(error) for name in plain)

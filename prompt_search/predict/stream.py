"""Pictures through a model, batch by batch: while one batch is encoded, the next are read and decoded."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evaluators.models.image_text_model import FloatArray, ImageTextModel, TwoStepModel
from prompt_search.data.encoding.lookahead import map_ahead
from prompt_search.data.encoding.processes import WorkersFailed, can_leave_process, map_in_processes
from prompt_search.data.pictures.open_picture import CorruptPictureError, decode, quiet_pillow
from prompt_search.predict.opened import OpenedPrompts

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Classified", "Picture", "classify"]

FEWEST_FOR_PROCESSES = 4096
"""Worker processes take seconds to start; threads have done fewer images by then."""
BATCH = 64

Picture = "str | Path | Image.Image | NDArray[Any]"


@dataclass(frozen=True, slots=True, eq=False)
class Classified:
    """A batch.

    Attributes:
        names: of the n pictures that could be read, in their order.
        cosines: [n, C].
        broken: names of the others, with the reasons.
    """

    names: Sequence[str]
    cosines: NDArray[np.float64]
    broken: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ReadPicture:
    """Makes a named picture ready for a model, in any thread, or in any process if `preprocess` can be pickled.

    Args:
        preprocess: the model's; None leaves RGB pictures as they are.
        turned: turn pictures by their EXIF orientation.
        least_side: let JPEG files be shrunk by their decoder, see `decode`.
    """

    preprocess: "Callable[[Image.Image], Any] | None"
    turned: bool
    least_side: int | None

    def __call__(self, item: tuple[str, Any]) -> tuple[str, Any]:
        """The name, and the picture or the reason why there is none."""
        name, picture = item
        try:
            rgb = self._rgb(picture)
        except CorruptPictureError as error:
            return name, str(error)
        except OSError as error:
            return name, str(error.strerror or error)
        return name, self.preprocess(rgb) if self.preprocess else rgb

    def _rgb(self, picture: Any) -> "Image.Image":  # noqa: ANN401 - see Picture
        if isinstance(picture, str | Path):
            return decode(Path(picture).read_bytes(), self.turned, self.least_side)
        return in_memory(picture)


def in_memory(picture: Any) -> "Image.Image":  # noqa: ANN401 - see Picture
    """A PIL image, or an array [H, W] or [H, W, 3 or 4] of bytes, in RGB.

    Raises:
        CorruptPictureError: if it is neither.
    """
    from PIL import Image

    if isinstance(picture, np.ndarray):
        if picture.dtype != np.uint8 or picture.ndim not in (2, 3) or (picture.ndim == 3 and picture.shape[2] < 3):
            raise CorruptPictureError(
                f"an array of shape {picture.shape} and type {picture.dtype}; a picture is [H, W, 3] of uint8"
            )
        picture = Image.fromarray(picture)
    if not isinstance(picture, Image.Image):
        raise CorruptPictureError(f"{type(picture).__name__} is no path, PIL image or array")
    if picture.has_transparency_data:
        from prompt_search.data.pictures.to_rgb import on_white

        return on_white(picture)
    return picture.convert("RGB")


def classify(opened: OpenedPrompts, items: Iterable[tuple[str, Any]], batch: int | None = None) -> Iterator[Classified]:
    """Classify named pictures in order, in batches; memory is that of a few batches, however many there are.

    Args:
        items: name and path, PIL image or array each; if it is a list of many, processes decode them where the model
            asks for that.
        batch: pictures at once; by default what is fastest for the model.
    """
    model = opened.model
    size = batch or (max(BATCH, model.image_batch) if isinstance(model, TwoStepModel) else BATCH)
    with quiet_pillow(), closing(_prepared(opened, items, size)) as ready:
        while found := list(islice(ready, size)):
            whole = [(name, made) for name, made in found if not isinstance(made, str)]
            features = _encode(model, [made for _, made in whole])
            yield Classified(
                [name for name, _ in whole],
                opened.cosines(features),
                [(name, reason) for name, reason in found if isinstance(reason, str)],
            )


def _encode(model: ImageTextModel, made: list[Any]) -> FloatArray:
    if not made:
        return np.empty((0, model.width), dtype=np.float32)
    return model.encode_pixels(made) if isinstance(model, TwoStepModel) else model.encode_images(made)


def _prepared(
    opened: OpenedPrompts, items: Iterable[tuple[str, Any]], batch: int
) -> Generator[tuple[str, Any], None, None]:
    """Name and ready picture, or the reason why there is none, some way ahead of the model."""
    model, turned, processes = opened.model, opened.how.turned, 0
    least_side = opened.how.least_side(model.preprocessing)
    read = ReadPicture(None, turned, least_side)
    if isinstance(model, TwoStepModel):
        read, processes = ReadPicture(model.preprocess, turned, least_side), model.decoding_processes
    done = 0
    if processes and isinstance(items, Sequence) and len(items) >= FEWEST_FOR_PROCESSES and can_leave_process(read):
        try:
            for found in map_in_processes(read, items, processes):
                done += 1
                yield found
        except WorkersFailed:
            items = items[done:]  # threads do the rest
        else:
            return
    yield from map_ahead(read, items, ahead=2 * batch, threads=max(2, processes))

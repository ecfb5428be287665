"""Who reads and encodes images: this process, or others."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from evaluators.models.image_text_model import FloatArray, ImageTextModel
from prompt_search.data.layouts.image_source import ImageFile, ImageSource
from prompt_search.data.pictures.decoding import Decoding
from prompt_search.data.pictures.picture_traits import PictureTraits

__all__ = ["EncodedImages", "ImageWork"]


@dataclass(frozen=True, slots=True, eq=False)
class EncodedImages:
    """What has become of some images.

    Attributes:
        contents: n hashes of images that were encoded.
        features: [n, D] float32, theirs.
        corrupt: hashes of those that are no pictures, with the reason.
        traits: what the pictures are like.
    """

    contents: tuple[bytes, ...]
    features: FloatArray
    corrupt: Mapping[bytes, str]
    traits: Mapping[bytes, PictureTraits]

    def __len__(self) -> int:
        return len(self.contents) + len(self.corrupt)


class ImageWork(Protocol):
    """Encodes images part by part; parts come in any order."""

    def encoded(
        self, source: ImageSource, images: Sequence[ImageFile], model: ImageTextModel, batch_size: int, how: Decoding
    ) -> Iterator[EncodedImages]:
        """Every image once.

        Args:
            source: the data set that the images are from.
            images: with their contents filled in.
            model: what encodes them.
            batch_size: images per call of the model, at least.
            how: pictures are decoded.

        Raises:
            DataError: if a file changed or vanished meanwhile; the image is named.
        """
        ...

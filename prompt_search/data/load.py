"""From a folder or a file to three splits of labelled image features: the entry point of this package."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from evaluators.embeddings.labeled_images import LabeledImages
from evaluators.embeddings.stored_vectors import StoredVectors
from evaluators.errors import DataError
from evaluators.models.image_text_model import FloatArray, ImageTextModel
from evaluators.precision import StoredAs
from evaluators.prompts.prompt_set import ClassLabel
from prompt_search.data.encoding.encode import encode, image_store
from prompt_search.data.encoding.file_index import FileIndex
from prompt_search.data.encoding.fingerprints import fingerprint
from prompt_search.data.encoding.image_work import ImageWork
from prompt_search.data.layouts.image_source import ImageFile, ImageSource, Role
from prompt_search.data.names.class_parts import ClassPart, part_of
from prompt_search.data.pictures.decoding import Decoding
from prompt_search.data.pictures.duplicates import Distinct, distinct
from prompt_search.data.pictures.near_duplicates import Leaks, leaked_images
from prompt_search.data.pictures.odd_pictures import odd_pictures
from prompt_search.data.pictures.picture_traits import PictureTraits
from prompt_search.data.report import DataReport
from prompt_search.data.sources.objects import OwnData
from prompt_search.data.sources.read import read_images
from prompt_search.data.sources.reading import Reading
from prompt_search.data.splits import Splits, split

__all__ = ["DataSplits", "load_splits"]

FeaturesOf = Callable[[Sequence[ImageFile]], FloatArray | StoredVectors]


@dataclass(frozen=True, slots=True)
class DataSplits:
    """A data set, ready to be searched on.

    Attributes:
        classes: C classes in order of their ids; labels are indices into them.
        search, select, test: disjoint; each has images of every class.
        report: what became of every image.
        fingerprint: hex digest of the images' contents, class ids and roles. Names of files and classes don't count.
    """

    classes: tuple[ClassLabel, ...]
    search: LabeledImages
    select: LabeledImages
    test: LabeledImages
    report: DataReport
    fingerprint: str


def load_splits(
    source: str | Path | OwnData,
    model: ImageTextModel,
    *,
    cache_dir: Path,
    reading: Reading | None = None,
    shots: int | None = None,
    select_shots: int | None = None,
    seed: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
    on_reading: Callable[[int, int], None] | None = None,
    verify: bool = False,
    part: ClassPart = "all",
    stored_as: StoredAs = "fp32",
    turned: bool = False,
    alike: float = 1.0,
    work: ImageWork | None = None,
) -> DataSplits:
    """Read, check, split and encode a data set; what an earlier start found out is taken from the cache.

    Args:
        source: see `read_images`. Ready features must be of the model's width, and none is encoded.
        model: makes the image features.
        cache_dir: holds the index of files and the features.
        reading: how the source is to be read, see `read_images`.
        shots, select_shots, seed: see `split`.
        on_progress: called with the number of images encoded and to encode; not at all if there are none.
        on_reading: called with the number of files read and to read, for their hashes; not at all if all are known.
        part: of the classes, see `part_of`.
        verify: read every file even if its path, size and modification time are known.
        stored_as: `fp16` halves the space of the features, which are then rounded to 11 bits.
        turned: turn pictures by their EXIF orientation, which open_clip does not.
        alike: the cosine of two images' features from which on they may not stand in different splits; 1 for none.
        work: who reads and encodes the images; by default this process.

    Raises:
        DataError: if the data can't be used; the message names the class, image or file.
        StoreError: if the cache can't be read or written.
    """
    images = part_of(read_images(source, reading, cache_dir / "datasets"), part)
    if images.features is not None:
        return _of_features(images, images.features, model, shots, select_shots, seed, alike)
    how = Decoding(turned, (reading or Reading()).decode or "exact")
    index = FileIndex(cache_dir / "images.sqlite", how)
    readable, unreadable = fingerprint(images, index, verify, on_reading)
    usable = distinct(readable)
    store = image_store(model, cache_dir, stored_as, how)

    def stored(some: Sequence[ImageFile]) -> StoredVectors:
        return store.view([image.content for image in some])

    corrupt = index.corrupt(image.content for image in readable)
    traits: dict[bytes, PictureTraits] = {}
    copies: dict[bytes, tuple[str, str, float]] = {}

    def on_traits(seen: Mapping[bytes, PictureTraits]) -> None:
        index.remember_traits(seen)
        traits.update(seen)

    # Only what is drawn gets encoded, and only by decoding is a corrupt picture found. So draw, encode, and while
    # something that was drawn turned out to be corrupt, draw again without it. It ends, since each round finds one
    # more. And it ends at the same splits whatever was known before: see `corrupt` in `split`. The same goes for images
    # that turn out to be nearly those of a more sealed split.
    while True:
        report = _report(images, unreadable, readable, usable, corrupt)
        report = replace(report, near_duplicates=tuple(sorted(copies.values())))
        drawn = _split(images, usable, report, shots, select_shots, seed, corrupt.keys() | copies.keys())
        contradictory = (image for group in usable.contradictions for image in group)
        to_check = [image for image in (*drawn.images(), *contradictory) if image.content not in corrupt]
        digest = drawn.digest()
        said = index.sayings(digest)
        unseen: set[bytes] = set()
        if said is None:
            traits |= index.traits(image.content for image in to_check if image.content not in traits)
            unseen = {image.content for image in to_check} - traits.keys()
        found = encode(
            images, to_check, model, store, on_progress, how=how, unseen=unseen, on_traits=on_traits, work=work
        )
        index.remember_corrupt(found)
        corrupt |= found
        if found:
            continue
        if said is None:
            said = odd_pictures(drawn.images(), traits, turned)
            index.remember_sayings(digest, said)
        leaks = _leaks(images, drawn, stored, alike, index, store.name)
        if not leaks.images:
            break
        copies |= leaks.images
    notes, warnings = said
    report = replace(report, notes=report.notes + notes, warnings=report.warnings + warnings + leaks.told)
    return _data_splits(images, drawn, report, stored)


def _of_features(
    source: ImageSource,
    features: FloatArray,
    model: ImageTextModel,
    shots: int | None,
    select_shots: int | None,
    seed: int,
    alike: float,
) -> DataSplits:
    """The splits of ready features: nothing is read or encoded.

    Raises:
        DataError: if they are of another width than the model's, or see `split`.
    """
    if features.shape[1] != model.width:
        raise DataError(
            f"the features have width {features.shape[1]}, those of the model {model.name} have {model.width}: "
            "name the model that they were made with (--model)"
        )
    told = f"the features are taken for those of {model.name}: only their width can be checked"
    usable = distinct(source.images)
    copies: dict[bytes, tuple[str, str, float]] = {}

    def rows(images: Sequence[ImageFile]) -> FloatArray:
        return features[[image.row or 0 for image in images]]

    while True:
        report = _report(source, source.unreadable, source.images, usable, {})
        report = replace(report, near_duplicates=tuple(sorted(copies.values())))
        drawn = _split(source, usable, report, shots, select_shots, seed, copies.keys())
        leaks = leaked_images(drawn, _labeled_roles(source, drawn, rows), alike)
        if not leaks.images:
            break
        copies |= leaks.images
    return _data_splits(source, drawn, replace(report, warnings=(*report.warnings, told, *leaks.told)), rows)


def _leaks(
    source: ImageSource, drawn: Splits, stored: FeaturesOf, alike: float, index: FileIndex, features: str
) -> Leaks:
    """See `leaked_images`: as it is known of an earlier start, since comparing large splits takes long."""
    if alike >= 1:
        return Leaks({})
    digest, features = drawn.digest(), f"{features}, {alike}"
    found = index.leaks(digest, features)
    if found is None:
        found = leaked_images(drawn, _labeled_roles(source, drawn, stored), alike)
        index.remember_leaks(digest, features, found)
    return found


def _split(
    source: ImageSource,
    usable: Distinct,
    report: DataReport,
    shots: int | None,
    select_shots: int | None,
    seed: int,
    passed_over: Collection[bytes],
) -> Splits:
    class_ids = [label.id for label in source.classes]
    try:
        return split(
            usable.images, shots, select_shots, seed, class_ids=class_ids, given=source.given, corrupt=passed_over
        )
    except DataError as error:
        left_out = report.left_out()
        raise DataError(f"{error} ({left_out})" if left_out else str(error)) from error


def _report(
    source: ImageSource,
    unreadable: Iterable[tuple[str, str]],
    readable: Iterable[ImageFile],
    usable: Distinct,
    corrupt: dict[bytes, str],
) -> DataReport:
    """What is left out so far. A corrupt image is only that: two empty files are no duplicates of each other."""
    undecodable = [(image.id, corrupt[image.content]) for image in readable if image.content in corrupt]
    return DataReport(
        classes=len(source.classes),
        used={},
        corrupt=tuple(sorted((*unreadable, *undecodable))),
        duplicates=tuple((image.id, kept) for image, kept in usable.duplicates if image.content not in corrupt),
        contradictions=tuple(
            tuple((image.id, image.class_id) for image in group)
            for group in usable.contradictions
            if group[0].content not in corrupt
        ),
        unlabelled=source.unlabelled,
        ignored=source.ignored,
        notes=source.notes,
        warnings=source.warnings,
    )


def _data_splits(source: ImageSource, drawn: Splits, report: DataReport, features: FeaturesOf) -> DataSplits:
    roles = _roles(drawn)
    splits = _labeled_roles(source, drawn, features)
    return DataSplits(
        classes=source.classes,
        **splits,
        report=replace(
            report,
            used={role: len(images) for role, images in roles.items()},
            unused=drawn.unused,
            warnings=report.warnings + drawn.warnings,
        ),
        fingerprint=_fingerprint(roles),
    )


def _roles(drawn: Splits) -> dict[Role, tuple[ImageFile, ...]]:
    return {"search": drawn.search, "select": drawn.select, "test": drawn.test}


def _labeled_roles(source: ImageSource, drawn: Splits, features: FeaturesOf) -> dict[Role, LabeledImages]:
    class_ids = tuple(label.id for label in source.classes)
    return {role: _labeled(images, class_ids, features) for role, images in _roles(drawn).items()}


def _labeled(images: Sequence[ImageFile], class_ids: tuple[str, ...], features: FeaturesOf) -> LabeledImages:
    label_of = {class_id: label for label, class_id in enumerate(class_ids)}
    return LabeledImages(
        embeddings=features(images),
        labels=np.array([label_of[image.class_id] for image in images], dtype=np.int64),
        class_ids=class_ids,
        image_ids=tuple(image.id for image in images),
    )


def _fingerprint(roles: Mapping[Role, Sequence[ImageFile]]) -> str:
    rows = sorted((role, image.class_id, image.content.hex()) for role, images in roles.items() for image in images)
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()

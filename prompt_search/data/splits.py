"""Which images the search sees, which choose the winner, and which stay sealed for the test."""

import hashlib
import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from evaluators.errors import DataError
from prompt_search.data.layouts.image_source import ROLES, ImageFile, Role
from prompt_search.data.names.printable import counted, listed

__all__ = ["Splits", "split"]

MOST_BY_DEFAULT = 16

Pools = Mapping[Role | None, Sequence[ImageFile]]


@dataclass(frozen=True, slots=True)
class Splits:
    """Three disjoint roles, each sorted by image id.

    Attributes:
        search, select, test: the images of each role.
        unused: how many images of the given splits have no role.
        warnings: one sentence for every class that has fewer images than asked for.
    """

    search: tuple[ImageFile, ...]
    select: tuple[ImageFile, ...]
    test: tuple[ImageFile, ...]
    unused: int = 0
    warnings: tuple[str, ...] = ()

    def images(self) -> tuple[ImageFile, ...]:
        """The images of all roles."""
        return self.search + self.select + self.test

    def digest(self) -> bytes:
        """Of the names, classes and contents of the images of every role."""
        found = hashlib.sha256()
        for images in (self.search, self.select, self.test):
            found.update(b"".join(image.content for image in images))
            named = ([image.id for image in images], [image.class_id for image in images])
            found.update(repr(named).encode(errors="surrogatepass"))
        return found.digest()


def split(
    images: Iterable[ImageFile],
    shots: int | None,
    select_shots: int | None,
    seed: int,
    class_ids: Sequence[str] = (),
    given: Collection[Role] | None = None,
    corrupt: Collection[bytes] = frozenset(),
) -> Splits:
    """Give every image a role, class by class.

    Nothing given: search and select get min(16, a third) of each class, the test the rest. Test given: search and
    select get min(16, a half) of what is given for the search. All three given: they are taken as they are. `shots`
    and `select_shots` ask for another size of search and select; a class that is too small gives what it has,
    at least one image to each role, and a warning names it.

    Args:
        images: with distinct contents, in any order.
        shots, select_shots: images per class to search and to select with, at least 1; None for the default.
        seed: the same seed draws the same images, whatever the files are called.
        class_ids: classes that must have images, besides those that `images` have.
        given: roles that are given, even if no image is left in them; None for those that `images` have.
        corrupt: contents that must not be used. A corrupt image nobody would draw makes no difference, so it need not
            be known: each class is put into one random order, and the corrupt ones are passed over.

    Raises:
        DataError: if a class has fewer than 3 images, or none in one of the given splits, or a number is below 1.
    """
    for option, asked in (("shots", shots), ("select_shots", select_shots)):
        if asked is not None and asked < 1:
            raise DataError(f"{option} must be at least 1, got {asked}")
    by_class: dict[str, list[ImageFile]] = {class_id: [] for class_id in class_ids}
    for image in images:
        by_class.setdefault(image.class_id, []).append(image)
    if given is None:
        given = {image.given for members in by_class.values() for image in members if image.given}
    pools = {class_id: _pools(members, f"{seed}:{class_id}", corrupt) for class_id, members in sorted(by_class.items())}
    faults = [fault for class_id, own in pools.items() if (fault := _fault(class_id, own, given))]
    if faults:
        more = f"; and {len(faults) - 10} more classes" if len(faults) > 10 else ""
        raise DataError("; ".join(faults[:10]) + more)
    shares = {class_id: _divide(own, given, shots, select_shots) for class_id, own in pools.items()}
    return Splits(
        search=_by_id(image for share in shares.values() for image in share.search),
        select=_by_id(image for share in shares.values() for image in share.select),
        test=_by_id(image for share in shares.values() for image in share.test),
        unused=sum(len(share.unused) for share in shares.values()),
        warnings=tuple(w for class_id, share in shares.items() if (w := share.shortage(class_id, shots, select_shots))),
    )


def _by_id(images: Iterable[ImageFile]) -> tuple[ImageFile, ...]:
    return tuple(sorted(images, key=lambda image: image.id))


@dataclass(frozen=True, slots=True)
class _Share:
    """The images of one class by role."""

    search: Sequence[ImageFile]
    select: Sequence[ImageFile]
    test: Sequence[ImageFile]
    unused: Sequence[ImageFile] = ()

    def shortage(self, class_id: str, shots: int | None, select_shots: int | None) -> str:
        """What was asked for and could not be had; empty if nothing."""
        wants = (("search with", shots, len(self.search)), ("select with", select_shots, len(self.select)))
        short = [f"{got} instead of {asked} images to {use}" for use, asked, got in wants if asked and got < asked]
        return f"class {listed([class_id])} has too few images: {' and '.join(short)}" if short else ""


def _pools(members: Sequence[ImageFile], seed: str, corrupt: Collection[bytes]) -> Pools:
    """The images by their given role, each pool in its random order without the corrupt ones."""
    pools: dict[Role | None, list[ImageFile]] = {role: [] for role in (None, *ROLES)}
    # By content, so that renamed files are drawn as before.
    for image in sorted(members, key=lambda image: image.content):
        pools[image.given].append(image)
    for pool in pools.values():
        random.Random(seed).shuffle(pool)
    return {role: [image for image in pool if image.content not in corrupt] for role, pool in pools.items()}


def _fault(class_id: str, pools: Pools, given: Collection[Role]) -> str:
    """Why the class can't be split; empty if it can."""
    if not given:
        needs: list[tuple[Role | None, int, str]] = [(None, 3, ", one each to search, to select and to test with")]
    elif "select" in given:
        needs = [(role, 1, f" in the {role} split") for role in ROLES]
    else:
        needs = [("search", 2, " in the search split, from which select is drawn"), ("test", 1, " in the test split")]
    short = [
        f"class {listed([class_id])} has {counted(len(pools[role]), 'usable image')}, needs at least {count}{why}"
        for role, count, why in needs
        if len(pools[role]) < count
    ]
    return "; ".join(short)


def _divide(pools: Pools, given: Collection[Role], shots: int | None, select_shots: int | None) -> _Share:
    """Cut the pools of one class, which are large enough, into roles."""
    if "select" in given:
        search, select = pools["search"], pools["select"]
        unused = [*search[shots or len(search) :], *select[select_shots or len(select) :]]
        return _Share(search[:shots], select[:select_shots], pools["test"], unused)
    pool = pools["search"] if given else pools[None]
    a, b = _sizes(len(pool), shots, select_shots, parts=2 if given else 3)
    search, select, rest = pool[:a], pool[a : a + b], pool[a + b :]
    return _Share(search, select, pools["test"], rest) if given else _Share(search, select, rest)


def _sizes(n: int, shots: int | None, select_shots: int | None, parts: int) -> tuple[int, int]:
    """How many of n >= parts images to search and to select with; with 3 parts at least one is left for the test.

    With 2 parts, images are left over only where every size is either asked for or the most there is by default. So
    taking away an image that was left over never changes the sizes: see `corrupt` in `split`.

    >>> _sizes(60, None, None, parts=3), _sizes(10, None, None, parts=3), _sizes(10, 9, None, parts=3)
    ((16, 16), (3, 3), (8, 1))
    """
    usable = n - (parts - 2)
    default = min(MOST_BY_DEFAULT, n // parts)
    most = default if parts == 3 else MOST_BY_DEFAULT
    if shots is None and select_shots is None:
        return default, default
    if select_shots is None:
        search = min(shots or 0, usable - 1)
        return search, min(most, (n - search) // (parts - 1))
    if shots is None:
        select = min(select_shots, usable - 1)
        return min(most, (n - select) // (parts - 1)), select
    if shots + select_shots <= usable:
        return shots, select_shots
    search = min(max(1, usable * shots // (shots + select_shots)), usable - 1)
    return search, usable - search

"""Drawing the roles: promises that hold for every data set, and the sizes that were promised."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.errors import DataError
from prompt_search.data.layouts.image_source import ROLES, ImageFile, Role
from prompt_search.data.splits import Splits, split

Counts = dict[str, int]

counts = st.dictionaries(st.sampled_from(["cat", "dog", "owl", "{0}"]), st.integers(3, 60), min_size=1)
asked = st.none() | st.integers(1, 70)
seeds = st.integers(0, 2**32)


def make(counts: Counts, role: Role | None = None) -> list[ImageFile]:
    return [
        ImageFile(f"{c}/{role}{i}", c, role, "", 0, 0, content=f"{c}{role}{i}".encode())
        for c, count in counts.items()
        for i in range(count)
    ]


def sizes(splits: Splits) -> tuple[int, int, int]:
    return len(splits.search), len(splits.select), len(splits.test)


def per_class(images: Sequence[ImageFile]) -> Counts:
    return dict(Counter(image.class_id for image in images))


@given(counts, asked, asked, seeds)
def test_roles_are_disjoint_hold_everything_and_have_every_class(
    counts: Counts, shots: int | None, select_shots: int | None, seed: int
) -> None:
    images = make(counts)
    splits = split(images, shots, select_shots, seed)
    assert sorted(image.id for image in splits.images()) == sorted(image.id for image in images)
    assert set(per_class(splits.search)) == set(per_class(splits.select)) == set(per_class(splits.test)) == set(counts)


@given(counts, asked, asked, seeds, st.randoms())
def test_the_draw_depends_on_the_seed_and_not_on_the_order_of_the_listing(
    counts: Counts, shots: int | None, select_shots: int | None, seed: int, shuffler: random.Random
) -> None:
    images = make(counts)
    first = split(images, shots, select_shots, seed)
    shuffler.shuffle(images)
    assert split(images, shots, select_shots, seed) == first


@given(counts)
def test_by_default_search_and_select_get_a_third_but_at_most_16(counts: Counts) -> None:
    splits = split(make(counts), None, None, 0)
    for class_id, count in counts.items():
        want = min(16, count // 3)
        got = tuple(per_class(role)[class_id] for role in (splits.search, splits.select, splits.test))
        assert got == (want, want, count - 2 * want)
    assert splits.warnings == ()


@given(counts, asked, asked)
def test_every_class_gets_the_shots_asked_for_or_a_warning_names_it(
    counts: Counts, shots: int | None, select_shots: int | None
) -> None:
    splits = split(make(counts), shots, select_shots, 0)
    for class_id, count in counts.items():
        search, select = per_class(splits.search)[class_id], per_class(splits.select)[class_id]
        met = (shots is None or search == shots) and (select_shots is None or select == select_shots)
        assert met != any(f"class '{class_id}' " in warning for warning in splits.warnings)
        if (shots or 1) + (select_shots or 1) < count:
            assert met


def test_the_digest_knows_names_classes_contents_and_roles() -> None:
    a, b = make({"cat": 2})
    splits = [
        Splits((a,), (b,), ()),
        Splits((b,), (a,), ()),
        Splits((a,), (), (b,)),
        Splits((replace(a, id="other"),), (b,), ()),
        Splits((replace(a, class_id="other"),), (b,), ()),
        Splits((replace(a, content=b"other"),), (b,), ()),
    ]
    assert len({each.digest() for each in splits}) == len(splits)
    assert Splits((a,), (b,), (), unused=1, warnings=("few",)).digest() == splits[0].digest()


def test_different_seeds_draw_different_images() -> None:
    images = make({"cat": 30, "dog": 30})
    assert len({split(images, None, None, seed).search for seed in range(5)}) == 5


def test_a_class_is_drawn_without_regard_to_the_other_classes() -> None:
    alone = split(make({"cat": 9}), None, None, 0)
    together = split(make({"cat": 9, "dog": 50}), None, None, 0)
    assert alone.search == tuple(image for image in together.search if image.class_id == "cat")


@given(counts, seeds)
def test_a_renamed_image_keeps_its_role(counts: Counts, seed: int) -> None:
    images = make(counts)
    renamed = [ImageFile(f"z{-i}", m.class_id, None, "", 0, 0, content=m.content) for i, m in enumerate(images)]
    contents = [{image.content for image in split(named, None, None, seed).search} for named in (images, renamed)]
    assert contents[0] == contents[1]


@pytest.mark.parametrize(
    ("count", "shots", "select_shots", "want", "warning"),
    [
        (30, 4, None, (4, 10, 16), ""),
        (30, None, 4, (10, 4, 16), ""),
        (30, 16, None, (16, 7, 7), ""),
        (10, 16, None, (8, 1, 1), "8 instead of 16 images to search with"),
        (10, 6, 6, (4, 5, 1), "4 instead of 6 images to search with and 5 instead of 6 images to select with"),
        (3, 16, 16, (1, 1, 1), "1 instead of 16 images to search with and 1 instead of 16 images to select with"),
        (100, 90, 1, (90, 1, 9), ""),
    ],
)
def test_a_small_class_degrades_with_a_warning(
    count: int, shots: int | None, select_shots: int | None, want: tuple[int, int, int], warning: str
) -> None:
    splits = split(make({"cat": count}), shots, select_shots, 0)
    assert sizes(splits) == want
    assert splits.warnings == ((f"class 'cat' has too few images: {warning}",) if warning else ())


def test_fewer_than_three_images_in_a_class_are_refused_with_its_name_and_count() -> None:
    with pytest.raises(DataError, match=r"class 'cat' has 2 usable images.*class 'owl' has 0 usable images"):
        split(make({"cat": 2, "dog": 3}), None, None, 0, class_ids=["cat", "dog", "owl"])


@pytest.mark.parametrize(("shots", "select_shots", "option"), [(0, None, "shots"), (4, -1, "select_shots")])
def test_shots_below_one_are_refused(shots: int, select_shots: int | None, option: str) -> None:
    with pytest.raises(DataError, match=f"{option} must be at least 1"):
        split(make({"cat": 9}), shots, select_shots, 0)


def test_three_given_splits_are_taken_as_they_are() -> None:
    parts = {role: make({"cat": 50, "dog": 3}, role) for role in ROLES}
    splits = split([image for part in parts.values() for image in part], None, None, 0)
    assert {role: {i.id for i in getattr(splits, role)} for role in ROLES} == {
        role: {i.id for i in part} for role, part in parts.items()
    }


def test_shots_draw_from_the_given_splits() -> None:
    images = [image for role in ROLES for image in make({"cat": 50, "dog": 3}, role)]
    splits = split(images, 5, 2, 0)
    assert (per_class(splits.search), per_class(splits.select)) == ({"cat": 5, "dog": 3}, {"cat": 2, "dog": 2})
    assert per_class(splits.test) == {"cat": 50, "dog": 3}
    assert splits.unused == 45 + 48 + 1
    assert splits.warnings == ("class 'dog' has too few images: 3 instead of 5 images to search with",)


@pytest.mark.parametrize(
    ("train", "shots", "select_shots", "want"),
    [
        (100, None, None, (16, 16)),
        (11, None, None, (5, 5)),
        (100, 4, None, (4, 16)),
        (10, 4, None, (4, 6)),
        (10, None, 9, (1, 9)),
        (10, 50, 50, (5, 5)),
        (2, 9, None, (1, 1)),
    ],
)
def test_without_a_given_select_split_it_is_drawn_from_the_search_split(
    train: int, shots: int | None, select_shots: int | None, want: tuple[int, int]
) -> None:
    splits = split(make({"cat": train}, "search") + make({"cat": 7}, "test"), shots, select_shots, 0)
    assert sizes(splits) == (*want, 7)
    assert splits.unused == train - sum(want)


@pytest.mark.parametrize(
    ("have", "given", "message"),
    [
        ({"search": 5, "select": 0, "test": 1}, set(ROLES), "class 'cat' has 0 usable images, .* the select split"),
        ({"search": 5, "select": 1, "test": 0}, set(ROLES), "class 'cat' has 0 usable images, .* the test split"),
        ({"search": 1, "test": 4}, None, "class 'cat' has 1 usable image, needs at least 2 in the search split"),
        ({"search": 2, "test": 0}, {"search", "test"}, "class 'cat' has 0 usable images, .* the test split"),
    ],
)
def test_a_class_that_a_given_split_lacks_is_named_with_the_split(
    have: dict[Role, int], given: set[Role] | None, message: str
) -> None:
    images = [image for role, count in have.items() for image in make({"cat": count}, role)]
    with pytest.raises(DataError, match=message):
        split(images, None, None, 0, class_ids=["cat"], given=given)


@given(st.integers(8, 60), asked, asked, seeds, st.sets(st.integers(0, 59), max_size=6), st.booleans())
def test_knowing_a_corrupt_image_that_is_not_drawn_changes_nothing(
    train: int, shots: int | None, select_shots: int | None, seed: int, corrupt: set[int], three: bool
) -> None:
    images = make({"cat": train}, "search") + make({"cat": 3}, "test") + (make({"cat": 3}, "select") if three else [])
    all_corrupt = {f"catsearch{i}".encode() for i in corrupt}
    known: set[bytes] = set()
    while True:  # as load_splits does: only what is drawn is found out
        found = split(images, shots, select_shots, seed, corrupt=known)
        drawn = {image.content for image in found.images()} & all_corrupt
        if not drawn:
            break
        known |= drawn
    told = split(images, shots, select_shots, seed, corrupt=all_corrupt)
    assert (found.search, found.select, found.test) == (told.search, told.select, told.test)


def test_how_many_images_a_class_needs_is_said_in_a_sentence() -> None:
    with pytest.raises(
        DataError,
        match=r"'cat' has 0 usable images, needs at least 3, one each to search, to select and to test with",
    ):
        split([], None, None, 0, class_ids=["cat"])

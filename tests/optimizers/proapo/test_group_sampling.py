"""Group sampling: who is worked on, with whom, and who is left alone."""

from hypothesis import given
from hypothesis import strategies as st

from optimizers.proapo.group_sampling import (
    confused_with,
    confusion_groups,
    excluded_classes,
    group_size,
    important_groups,
)


def test_groups_grow_with_the_logarithm_of_the_classes() -> None:
    assert [group_size(c) for c in (1, 2, 3, 10, 100, 1000)] == [1, 1, 2, 5, 11, 17]


def test_the_classes_that_gain_most_come_first_and_losers_not_at_all() -> None:
    gains = {0: 0.0, 1: 0.2, 2: -0.1, 3: 0.3, 4: 0.2, 5: 0.1}
    assert important_groups(gains, 2) == [(3, 1), (4, 5)]
    assert important_groups({0: 0.0, 1: -1.0}, 2) == []


def test_confusion_is_counted_over_the_images_of_the_class_alone() -> None:
    labels = [0] * 50 + [1] * 50
    top = [[0, 2]] * 49 + [[3, 0]] + [[1, 3]] * 50
    assert confused_with(0, labels, top) == [2], "class 3 is near 1 of 50 images: 2 % are too few"
    top[1] = [0, 3]
    assert confused_with(0, labels, top) == [2, 3], "2 of 50 are 4 %"
    assert confused_with(1, labels, top) == [3]
    assert confused_with(7, labels, top) == []


def groups_of(allowed: set[int], size: int = 3, most: int = 9) -> list[tuple[int, ...]]:
    labels = [0, 1, 2, 3, 4, 5]
    top = [[0, 1], [1, 0], [2, 3], [3, 2], [4], [5]]
    return confusion_groups([0.1, 0.9, None, 0.5, 0.5, 0.2], labels, top, [0, 1, 1, 2, 2, 2], allowed, size, most)


def test_groups_form_around_the_worst_classes_and_are_padded_from_their_cluster() -> None:
    assert groups_of(set(range(6))) == [(1, 0, 2), (3, 2, 4), (4, 3, 5), (0, 1)]


def test_there_are_no_more_groups_and_no_larger_ones_than_told() -> None:
    assert groups_of(set(range(6)), most=2) == [(1, 0, 2), (3, 2, 4)]
    assert groups_of(set(range(6)), size=2) == [(1, 0), (3, 2), (4, 3), (5, 3)]
    assert groups_of(set(range(6)), most=0) == []


def test_classes_that_are_not_allowed_are_in_no_group() -> None:
    assert groups_of({0, 3, 4}) == [(3, 4), (0,)]


def test_only_the_worst_tenth_is_left_alone() -> None:
    assert excluded_classes({c: c / 20 for c in range(20)}, limit=0.5) == [0, 1]
    assert excluded_classes({c: c / 20 for c in range(20)}, limit=0.0) == [0]
    assert excluded_classes(dict.fromkeys(range(9), 0.0), limit=0.5) == []


@given(st.data(), st.integers(1, 8), st.integers(1, 8), st.integers(0, 30))
def test_whatever_the_figures_groups_are_different_classes(
    data: st.DataObject, classes: int, size: int, images: int
) -> None:
    one = st.integers(0, classes - 1)
    entropy = data.draw(st.lists(st.none() | st.floats(0, 9), min_size=classes, max_size=classes))
    labels = data.draw(st.lists(one, min_size=images, max_size=images))
    top = data.draw(st.lists(st.lists(one, max_size=5, unique=True), min_size=images, max_size=images))
    clusters = data.draw(st.lists(st.integers(0, 2), min_size=classes, max_size=classes))
    allowed = data.draw(st.sets(one))
    groups = confusion_groups(entropy, labels, top, clusters, allowed, size, 4)
    assert len(groups) <= 4
    assert all(0 < len(group) == len(set(group)) <= size and set(group) <= allowed for group in groups)
    assert len({frozenset(group) for group in groups}) == len(groups)

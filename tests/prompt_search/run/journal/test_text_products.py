"""Texts taken apart into frames and words make the same texts again."""

from hypothesis import given
from hypothesis import strategies as st

from prompt_search.run.journal.text_products import factored, multiplied

pieces = st.text("ab {}.", max_size=5)
frames = st.lists(st.tuples(pieces, pieces), min_size=1, max_size=4)
words = st.lists(st.text("xy ab", min_size=1, max_size=12), min_size=1, max_size=4)


@given(frames, words)
def test_a_product_makes_the_texts_it_was_made_of(frames: list[tuple[str, str]], words: list[str]) -> None:
    texts = [before + word + after for word in words for before, after in frames]
    product = factored(texts)
    assert product is None or list(multiplied(product)) == texts


def test_descriptions_under_templates_are_told_by_both() -> None:
    templates = [("a photo of a ", ", outdoors."), ("a drawing of the ", " in ink."), ("itap of my ", "!")]
    said = ["cat that sleeps on a wall", "dog with very long ears", "owl in the snow of winter"]
    product = factored([before + each + after for each in said for before, after in templates])
    assert product is not None
    assert product.before == ("a photo of a ", "a drawing of the ", "itap of my ")
    assert product.words == tuple(said)
    assert product.after == (", outdoors.", " in ink.", "!")


def test_texts_that_share_little_stay_whole() -> None:
    assert factored(["the red cat", "a blue dog", "owls at night", "some other bird"]) is None
    assert factored(["a red cat", "a red dog"]) is None

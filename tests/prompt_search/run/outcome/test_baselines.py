"""What a winner has to beat."""

from evaluators import PHOTO_TEMPLATE, PromptSet
from prompt_search.run.outcome.baselines import placebos, plain_baselines, vocabulary

CLASSES = PromptSet.of({"a": "cat", "b": "dog", "c": "owl"}, ["{}"]).classes


def test_the_plain_baselines_are_names_photo_and_ensemble() -> None:
    sets = list(plain_baselines(CLASSES, lambda _: True).values())
    assert [len(s.templates) for s in sets] == [1, 1, 80]
    assert sets[1].templates == (PHOTO_TEMPLATE,)


def test_general_templates_that_do_not_fit_are_left_out_of_the_ensemble() -> None:
    names = list(plain_baselines(CLASSES, lambda text: "origami" not in text))
    assert names[-1] == "78 general templates"


def test_a_placebo_has_as_many_texts_as_the_winner_and_its_class_names() -> None:
    winner = PromptSet.of(CLASSES, ["a {}", "the {}"], {"a": ["It purrs."]})
    sham = placebos(winner, 0, lambda _: True)["placebo: random words"]
    assert [len(own) for own in sham.rendered] == [3, 2, 2]
    assert all(text.startswith(c.name) for c, own in zip(sham.classes, sham.rendered, strict=True) for text in own)


def test_shuffling_gives_every_class_the_texts_of_another() -> None:
    winner = PromptSet.of(CLASSES, texts={"a": ["A."], "b": ["B."], "c": ["C."]})
    for seed in range(20):
        shuffled = placebos(winner, seed, lambda _: True)["placebo: shuffled texts"]
        assert all(mine != own for mine, own in zip(shuffled.texts, winner.texts, strict=True))


def test_shuffled_texts_name_their_new_class() -> None:
    """With the other's name in them they would lose for that alone."""
    winner = PromptSet.of(CLASSES, texts={c.id: [f"a photo of a {c.name}. {c.name.title()}s eat."] for c in CLASSES})
    shuffled = placebos(winner, 0, lambda _: True)["placebo: shuffled texts"]
    assert shuffled.rendered == tuple((f"a photo of a {c.name}. {c.name}s eat.",) for c in CLASSES)


def test_shuffled_texts_that_a_longer_name_makes_too_long_are_left_out() -> None:
    classes = PromptSet.of({"a": "cat", "b": "hippopotamus"}, ["{}"]).classes
    winner = PromptSet.of(classes, texts={"a": ["the cat eats", "It purrs."], "b": ["the hippopotamus"]})
    shuffled = placebos(winner, 0, lambda text: len(text) <= 16)["placebo: shuffled texts"]
    assert shuffled.rendered == (("the cat",), ("It purrs.",))
    short = PromptSet.of(classes, texts={"a": ["the cat eats"], "b": ["the hippopotamus"]})
    shuffled = placebos(short, 0, lambda text: len(text) <= 16)["placebo: shuffled texts"]
    assert shuffled.rendered == (("cat", "the cat"), ("hippopotamus",))


def test_placebos_depend_on_the_seed_alone() -> None:
    winner = PromptSet.of(CLASSES, ["a {}"])
    same = [placebos(winner, 3, lambda _: True)["placebo: random words"].fingerprint for _ in range(2)]
    other = placebos(winner, 4, lambda _: True)["placebo: random words"].fingerprint
    assert same[0] == same[1] != other


def test_the_vocabulary_is_plain_words() -> None:
    from open_clip.tokenizer import SimpleTokenizer

    whole = [token.removesuffix("</w>") for token in SimpleTokenizer().encoder if token.endswith("</w>")]
    assert vocabulary() == tuple(each for each in whole if len(each) >= 4 and each.isascii() and each.isalpha())
    assert len(vocabulary()) > 5000
    assert all(word.isalpha() and len(word) >= 4 for word in vocabulary())

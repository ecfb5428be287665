"""Who proposed a text, and with which reply."""

import pytest

from evaluators import general_templates
from prompt_search.report.origins import Origin, Origins
from prompt_search.report.record import Replies

REPLIES = (
    Replies("cupl", 4, ("Nothing.", "- Red  fox: a *bushy* tail, and\nred fur")),
    Replies("hill-climb", 6, ("", 'Sure! "A gleaming photo of the {}."', "a bushy tail, and red fur again")),
)
ORIGINS = Origins(REPLIES, {"your prompts (mine.txt)": ["my {}", "a fox of mine"]})


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a bushy tail, and red fur", ("cupl", 4, 2)),
        ("a photo of a fox. A bushy tail, and red fur.", ("cupl", 4, 2)),
        ("a photo of a red fox.", ("cupl", 4, 2)),
        ("gleaming photo", ("hill-climb", 6, 2)),
        ("red fur again", ("hill-climb", 6, 3)),
        ("a fox of mine", ("your prompts (mine.txt)", None, None)),
        ("a photo of a fox.", ("CLIP's general templates", None, None)),
        ("a fur", ("not found in a reply", None, None)),
        ("ail, and re", ("not found in a reply", None, None)),
        ("!", ("not found in a reply", None, None)),
    ],
)
def test_a_text_is_traced_to_the_first_reply_with_its_words(
    text: str, place: tuple[str, int | None, int | None]
) -> None:
    origin = ORIGINS.of_text(text, "fox")
    assert (origin.by, origin.line, origin.number) == place


def test_templates_are_general_yours_or_of_a_reply() -> None:
    assert ORIGINS.of_template("a gleaming photo of the {}.").line == 6
    assert ORIGINS.of_template("my {}").by == "your prompts (mine.txt)"
    assert ORIGINS.of_template(general_templates()[3]) == Origin("CLIP's general templates")


def test_the_quote_shows_the_words_with_some_around_them() -> None:
    long = Origins([Replies("glov", 2, (f"{'before ' * 20}the very words{' after' * 20}",))], {})
    quote = long.of_text("The very words.", "fox").quote
    assert "the very words" in quote
    assert quote.startswith("… ")
    assert quote.endswith(" …")
    assert len(quote) < 90

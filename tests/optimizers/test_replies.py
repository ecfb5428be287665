"""Whatever a language model writes: nothing raises, nothing unusable comes out, nothing good beside it is lost."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizers.replies import lines, list_fault, sentence, tagged_templates, template_fault, templates

MEGABYTE = 1_000_000
HUGE = {
    "quotes": '"' * MEGABYTE,
    "pairs of quotes": '" ' * (MEGABYTE // 2),
    "spaces": " " * MEGABYTE + "{}",
    "brace and spaces": "{" + " " * MEGABYTE,
    "braces": "{" * MEGABYTE,
    "braces and spaces": "{ " * (MEGABYTE // 2),
    "placeholders": "{}" * (MEGABYTE // 2),
    "angles": "< " * (MEGABYTE // 2),
    "angle and spaces": "<" + " " * MEGABYTE,
    "brackets": "[" * MEGABYTE,
    "quote and braces": '"' + "{" * MEGABYTE,
    "tag and spaces": "<ins" + " " * MEGABYTE,
    "finals": "<|channel|>final" * (MEGABYTE // 16),
    "nested": "[" * 900 + '"a {}"' + "]" * 900,
    "stars": "*" * MEGABYTE,
    "stars and spaces": "* " * (MEGABYTE // 2),
    "markers": "1. " * (MEGABYTE // 3),
    "labels": "template: " * (MEGABYTE // 10),
    "new": "new " * (MEGABYTE // 4),
    "lines": "\n" * MEGABYTE,
    "short lines": "a {}\n" * (MEGABYTE // 5),
    "different lines": "\n".join(f"{i} {{}}" for i in range(MEGABYTE // 10)),
    "fences": "```\n" * (MEGABYTE // 4),
    "stops": "." * MEGABYTE,
    "controls": "\x00" * MEGABYTE,
    "words": "word " * (MEGABYTE // 5),
    "json list": json.dumps(["a {}"] * (MEGABYTE // 8)),
    "json string": json.dumps({"template": "x" * MEGABYTE}),
    "escapes": "[" + '"\\' * (MEGABYTE // 2),
}


def fits(text: str) -> bool:
    """As a tokenizer's check does, this fails on what can't be encoded."""
    return len(text.encode()) <= 300


def assert_only_usable(text: str) -> None:
    for template in templates(text, fits):
        assert template.count("{}") == 1
        assert not set("{}") & set(template.replace("{}", ""))
        assert template == " ".join(template.split())
        assert any(character.isalnum() for character in template)
        assert fits(template)
    described = sentence(text, "cat")
    if described is not None:
        described.encode()
        assert described.endswith((".", "。", "।", "۔"))
        assert len(described.split()) >= 3 or len(described) > 5
        assert not set("{}<>\n") & set(described)
    assert all(line and line == " ".join(line.split()) for line in lines(text))


@settings(deadline=None, max_examples=300)
@given(st.text())
def test_any_reply_never_raises_and_gives_nothing_unusable(text: str) -> None:
    assert_only_usable(text)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from([*"{}[]<>\"'`*:.,-? \n\t\\", "{}", "```", "template", "a", "cat", "\ud800", "é"])))
def test_any_mix_of_what_replies_are_made_of_gives_nothing_unusable(parts: list[str]) -> None:
    assert_only_usable("".join(parts))


@pytest.mark.parametrize("name", HUGE)
def test_a_huge_reply_gives_nothing_unusable(name: str) -> None:
    """How long it takes is in `test_replies_take_linear_time`: what is quadratic would not end here."""
    assert_only_usable(HUGE[name])


@pytest.mark.parametrize(
    "reply",
    [
        "a photo of a {}.",
        '"a photo of a {}."',
        "“a photo of a {}.”",
        "`a photo of a {}.`",
        "**a photo of a {}.**",
        "1. a photo of a {}.",
        "- a photo of a {}.",
        "> a photo of a {}.",
        "Template: a photo of a {}.",
        "**New template:** a photo of a {}.",
        '**Template**: "a photo of a {}."',
        "```\na photo of a {}.\n```",
        "```text\na photo of a {}.\n```",
        "a photo of a <CLASS>.",
        "a photo of a {class}.",
        "  a   photo\tof a {}.  ",
        '{"template": "a photo of a {}."}',
        '```json\n{"template": "a photo of a {}."}\n```',
        '["a photo of a {}."]',
        'Sure! Here is one:\n{"template": "a photo of a {}."}',
        "Of course! Here is a new template:\n\na photo of a {}.\n\nI hope this helps.",
        'Here\'s a template that uses {} once:\n"a photo of a {}."',
        "Here’s a template with {}:\na photo of a {}.",
        "Sure, a template with {} is below.\na photo of a {}.",
        "I'm sorry, {} is hard.\na photo of a {}.",
        "two {} and {}\na photo of a {}.\n{\n",
        "\ufeffa photo of a {}.\x00",
        "a photo of a {}.\na photo of a {}.",
        'The best template would be "a photo of a {}." because it is short.',
        "“a photo of a {}.” It keeps the traits.",
        "rank 1: a photo of a {}. (71.3 %)",
        "A new template: a photo of a {}.",
        '{"template": "a photo of a {}.", "why": none}',
        '{\n  "template": "a photo of a {}.",\n  "why": none\n}',
        "<p>a photo of a {}.</p>",
        "a photo of a {}.</s><|im_end|>",
        "This template holds {} exactly once.\na photo of a {}.",
        "print('{}')\nreturn $x {}\na photo of a {}.",
        "<think>\nmaybe an odd {}?\n</think>\na photo of a {}.",
    ],
    ids=ascii,
)
def test_the_template_is_found_however_it_is_wrapped(reply: str) -> None:
    assert templates(reply, fits) == ["a photo of a {}."]


def test_a_json_list_gives_its_items_even_when_it_is_cut_off() -> None:
    reply = '```json\n[\n  "first {}",\n  "second {}",\n  "third {}"\n]\n```\nfourth {}'
    assert templates(reply, fits) == ["first {}", "second {}", "third {}", "fourth {}"]
    assert templates(reply[: reply.index("]")], fits) == ["first {}", "second {}", "third {}"]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("<INS>a photo of a {}.</INS>", ["a photo of a {}."]),
        ("For a {} say: < ins >a photo of a {}.< / INS > and more of {} here", ["a photo of a {}."]),
        ("<INS>first {}</INS> or\n<INS>second {}</INS>", ["first {}", "second {}"]),
        ("<INS>a photo of a {} in", ["a photo of a {} in"]),
        ("<INS>no place</INS>\na photo of a {}.", ["a photo of a {}."]),
        ("a photo of a {}.", ["a photo of a {}."]),
        ("<INS></INS>", []),
    ],
)
def test_a_template_between_tags_comes_before_all_others(reply: str, expected: list[str]) -> None:
    assert tagged_templates(reply, fits) == expected


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        ("", "it is empty"),
        ("```\n\n```", "it is empty"),
        ("a photo of a cat", '"a photo of a cat" has no {} in it'),
        ('Sure!\nan "odd" {} and {} again', "\"an 'odd' {} and {} again\" has {} 2 times instead of once"),
        ("long " * 90 + "{}", f'"{("long " * 20)}" is too long'),
        ("a {thing} here", '"a {thing} here" is not a template with {} in it once'),
    ],
)
def test_a_template_fault_says_what_is_wrong_and_quotes_it(reply: str, fault: str) -> None:
    assert templates(reply, fits) == []
    assert template_fault(reply, fits) == fault


def test_a_list_fault_quotes_the_reply() -> None:
    assert list_fault("") == "it is empty"
    assert list_fault("No\nnever") == '"No" is no such list'


def test_good_lines_are_kept_in_order_beside_bad_ones() -> None:
    reply = "first {}\nno place\nsecond {} {}\nthird {x} {}\n" + "long " * 100 + "{}\nfourth {}"
    assert templates(reply, fits) == ["first {}", "fourth {}"]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("A cat has whiskers. It purrs.", "A cat has whiskers."),
        ("\n\n  A cat has whiskers", "A cat has whiskers."),
        ("A cat has whiskers! Really.", "A cat has whiskers."),
        ("A cat weighs 4.5 kg. Or more.", "A cat weighs 4.5 kg."),
        ('"A cat has whiskers."', "A cat has whiskers."),
        ("Sure! Here is a description:\nA cat has whiskers.", "A cat has whiskers."),
        ("Here's a description of it.\nA cat has whiskers.", "A cat has whiskers."),
        ("- A cat has whiskers.\n- It purrs a lot.", "A cat has whiskers."),
        ("**Answer:** A cat has whiskers.", "A cat has whiskers."),
        ('{"description": "A cat has whiskers. And more."}', "A cat has whiskers."),
        ("What is a cat?\nA cat has whiskers.", "A cat has whiskers."),
        ("A cat has big,", "A cat has big."),
        ("Great whiskers adorn its face.", "Great whiskers adorn its face."),
        ("这是一只猫，有柔软的毛。它很小。", "这是一只猫，有柔软的毛。"),
        ("猫には長いひげがあります！かわいい。", "猫には長いひげがあります。"),
        ("แมวมีขนนุ่ม", "แมวมีขนนุ่ม."),
        ("हाथी के बड़े कान होते हैं। वह बड़ा है।", "हाथी के बड़े कान होते हैं।"),
        ("<p>A cat has whiskers.</p>", "A cat has whiskers."),
        ("<think>A cat, they say.</think>\nA cat has whiskers.", "A cat has whiskers."),
        ("Great! It is this:\nA cat has whiskers.", "A cat has whiskers."),
    ],
    ids=ascii,
)
def test_the_first_describing_sentence_is_found(reply: str, expected: str) -> None:
    assert sentence(reply, "cat") == expected


@pytest.mark.parametrize(
    "reply",
    [
        "", "cat", "A cat.", "Cat cat cat.", "I'm sorry, I can't do that.", "I’m sorry, I can’t do that.",
        "I cannot describe this.", "I'm unable to describe it.", "As an AI I see nothing.", "What is a cat like?",
        "A {} has whiskers and fur.", "The <class> has whiskers.",
        "猫とは何ですか？", "很抱歉，我无法描述这只猫的样子。", "猫咪。", "I'm just an AI, sorry for that.",
        "It has the following parts:", "Sure thing, my friend.",
    ],
    ids=ascii,
)  # fmt: skip
def test_a_reply_that_describes_nothing_is_dropped(reply: str) -> None:
    assert sentence(reply, "cat") is None


def test_lines_lose_fences_markers_labels_and_quotes() -> None:
    reply = "```\n1) one\n* two\n\n**three**\n'four'\nAnswer: five\n```"
    assert lines(reply) == ["one", "two", "three", "four", "five"]

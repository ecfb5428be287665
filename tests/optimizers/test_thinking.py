"""What a model wrote to itself is no answer, wherever its reply was cut off."""

import pytest

from optimizers.replies import (
    all_sentences,
    answer_in,
    differences,
    phrases,
    sentence,
    tagged_templates,
    templates,
)

TEMPLATE = "a sketch of a {}."


def fits(text: str) -> bool:
    return True


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("<think>a photo of a {}.</think>a sketch of a {}.", TEMPLATE),
        ("<THINKING>\na photo of a {}.\n</thinking>\n\na sketch of a {}.", TEMPLATE),
        ("a photo of a {}. Hm.</think> a sketch of a {}.", TEMPLATE),  # the prompt opened the tag
        ("<think>" + "a photo of a {}. " * 3000 + "</think>a sketch of a {}.", TEMPLATE),
        ("◁think▷a photo of a {}.◁/think▷a sketch of a {}.", TEMPLATE),
        ("<|channel|>analysis<|message|>a photo of a {}.<|end|><|channel|>final<|message|>a sketch of a {}.", TEMPLATE),
        ("a sketch of a {}.", TEMPLATE),
        ("<think>a photo of a {}.", ""),
        ("<reasoning>a photo of a {}", ""),
        ("<|channel|>analysis<|message|>a photo of a {}.", ""),
        ("<think>one</think><think>a photo of a {}.", ""),
    ],
)
def test_the_answer_is_what_comes_after_the_thinking(reply: str, answer: str) -> None:
    assert answer_in(reply).strip() == answer
    assert templates(reply, fits) == ([answer] if answer else [])


def test_no_reader_takes_an_unclosed_thought_for_an_answer() -> None:
    thought = "<think>The cat has long whiskers. <INS>a photo of a {}.</INS> "
    assert tagged_templates(thought, fits) == []
    assert sentence(thought, "cat") is None
    assert all_sentences(thought, "cat") == []
    assert phrases("<think>tabby, moggy") == []
    assert differences('<think>[{"attribute": "ears", "first": "a cat with tips", "second": "a dog with flaps"}]') == []


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("<|channel|>final<|message|>one<|channel|>final <|message|>two", "two"),
        ("<|channel|>final<|message|>one<|channel|>final two", "one<|channel|>final two"),
        ("<|channel|>final <|channel|>final x<|message|>one", "one"),
        ("<|channel|>finally<|message|>none", ""),
        ("<|channel|>final" * 60_000, ""),
    ],
)
def test_the_last_final_message_is_the_answer(reply: str, answer: str) -> None:
    assert answer_in(reply) == answer

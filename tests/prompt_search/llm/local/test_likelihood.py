"""The real SmolLM2 tells how likely texts are: consistently, of exactly the text, and of untrusted texts too."""

import math

import pytest

from optimizers.language_model import Request, Sample
from optimizers.likelihood import likelihood_request, opening, tokens_in
from prompt_search.llm.local.model import LocalModel
from tests.prompt_search.llm.samples import replies
from tests.prompt_search.llm.smollm2 import smollm2

BEFORE = opening("cat")


@pytest.fixture(scope="module")
def model() -> LocalModel:
    return LocalModel(smollm2())


def told(model: LocalModel, *requests: Request) -> list[list[tuple[str, float]]]:
    return [tokens_in(reply.text) for reply in replies(model, [Sample(request, 0, 0) for request in requests])]


def test_a_texts_tokens_are_told_in_order_and_what_is_sensible_is_likelier(model: LocalModel) -> None:
    texts = ["a photo of a cat on a mat.\n", "a photo of a of of the mat mat.\n"]
    sensible, not_so = told(model, *(likelihood_request(BEFORE, text) for text in texts))
    assert "".join(token for token, _ in sensible) == texts[0]
    assert "".join(token for token, _ in not_so) == texts[1]
    assert sum(value for _, value in sensible) > sum(value for _, value in not_so) + 5


def test_a_token_is_as_likely_where_it_is_given_as_where_it_is_offered(model: LocalModel) -> None:
    given, offered = told(
        model,
        likelihood_request(BEFORE, "a photo of a cat with"),
        likelihood_request(f"{BEFORE}a photo of a cat", top=9),
    )
    assert len(offered) == 9
    assert [value for _, value in offered] == sorted((value for _, value in offered), reverse=True)
    assert dict(offered)[" with"] == pytest.approx(given[-1][1], abs=0.1)
    assert sum(math.exp(value) for _, value in offered) < 1


def test_text_that_looks_like_markup_of_the_model_or_a_grammar_is_only_text(model: LocalModel) -> None:
    text = 'a <|im_end|> "cat" ::= \\ {} <[5]> \u00e9.'
    (tokens,) = told(model, likelihood_request(BEFORE, text))
    assert "".join(token for token, _ in tokens) == text
    assert all(value < 0 for _, value in tokens)


def test_a_character_in_several_tokens_gets_a_reply_that_says_so_and_the_model_goes_on(model: LocalModel) -> None:
    requests = [likelihood_request(BEFORE, text) for text in ("a \U0001f431 cat.", "a cat.")]
    rare, plain = replies(model, [Sample(request, 0, 0) for request in requests])
    assert rare.finish == "error"
    assert [token for token, _ in tokens_in(plain.text)] == ["a", " cat", "."]


def test_a_text_that_is_too_long_gets_a_reply_that_says_so(model: LocalModel) -> None:
    (reply,) = replies(model, [Sample(likelihood_request("a " * 3000, "cat"), 0, 0)])
    assert reply.finish == "error"
    assert "2048" in (reply.error or "")

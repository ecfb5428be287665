"""Questions in batches: the answers of single questions, whatever the batch comes to."""

import json
import random
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from optimizers.errors import LanguageModelRejected, LanguageModelUnavailable
from optimizers.language_model import Message, Reply, Request, Sample, Traffic
from prompt_search.llm.api import batch_run
from prompt_search.llm.api.batch_lines import custom_id, parts, read_answer
from prompt_search.llm.api.batch_server import BatchPatience
from prompt_search.llm.api.openai_compatible import OpenAICompatible
from prompt_search.llm.batch_log import BatchLog, BatchStep
from tests.fakes.batch_server import BatchServer, Job, answered

QUICK = BatchPatience(first=0.0, longest=0.0, attempts=3)


def said(body: dict[str, Any]) -> str:
    return f"{body['messages'][-1]['content']} {body['seed']}"


def samples(count: int = 6) -> list[Sample]:
    return [Sample(Request((Message("user", f"question {i}"),)), run_seed=0, occurrence=0) for i in range(count)]


class Kept:
    """Steps as a journal would have them, and what was replied."""

    def __init__(self) -> None:
        self.steps: list[BatchStep] = []
        self.told: list[str] = []
        self.replies: dict[int, Reply] = {}

    def log(self, *, wanted: bool = True) -> BatchLog:
        return BatchLog("q", list(self.steps), self.steps.append, wanted=wanted, tell=self.told.append)

    def complete(self, server: BatchServer, asked: list[Sample], *, wanted: bool = True) -> OpenAICompatible:
        model = OpenAICompatible("any", server.url, batch_patience=QUICK)
        model.complete_batch(asked, self.log(wanted=wanted), self.replies.__setitem__)
        return model

    @property
    def states(self) -> list[str]:
        return [step.state for step in self.steps]


@pytest.fixture
def kept() -> Kept:
    return Kept()


def test_a_batch_gives_the_replies_of_single_questions(kept: Kept) -> None:
    singly: dict[int, Reply] = {}
    with BatchServer(said, spoil=lambda job: random.Random(0).shuffle(job.output)) as server:
        OpenAICompatible("any", server.url).complete(samples(), singly.__setitem__)
        kept.complete(server, samples())
    assert kept.replies == singly
    assert kept.states == ["begun", "submitted", "over"]
    assert [request["body"] for request in server.jobs[0].requests] == sorted(server.single, key=said)
    assert "batch batch_0: in progress, 0 of 6 answered" in kept.told[0]


def test_a_key_goes_with_every_call_and_into_no_file(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-key")
    with BatchServer(lambda body: "my key is sk-very-secret-key") as server:
        kept.complete(server, samples())
    assert all(headers["authorization"] == "Bearer sk-very-secret-key" for headers in server.headers)
    assert {reply.text for reply in kept.replies.values()} == {"my key is [secret]"}
    assert b"secret" not in b"".join(server.files.values())


def test_more_than_a_file_may_hold_goes_out_as_several(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_run, "parts", partial(parts, most_requests=4))
    with BatchServer(said) as server:
        kept.complete(server, samples(9))
    assert [len(job.requests) for job in server.jobs] == [4, 4, 1]
    assert all(kept.replies[i].text.startswith(f"question {i} ") for i in range(9))
    assert sorted(kept.replies) == list(range(9))


def test_parts_keep_to_requests_and_bytes() -> None:
    def sizes(**limits: int) -> list[int]:
        found = list(parts(samples(7), lambda sample: {"n": sample.request.messages[0].content}, **limits))
        assert all(len(content.splitlines()) == len(own) for own, content in found)
        return [len(own) for own, _ in found]

    assert sizes() == [7]
    assert sizes(most_requests=3) == [3, 3, 1]
    assert sizes(most_bytes=300) == [2, 2, 2, 1]
    assert sizes(most_bytes=10) == [1] * 7


def drop(job: Job) -> None:
    del job.output[2]


def garble(job: Job) -> None:
    job.output[2] = b"{not json"


def fail(job: Job) -> None:
    line = {"id": "x", "custom_id": job.requests[2]["custom_id"], "response": None, "error": {"message": "oh no"}}
    job.errors.append(json.dumps(line).encode())
    del job.output[2]


def refuse(job: Job) -> None:
    job.output[2] = answered(job.requests[2]["custom_id"], 400, {"error": {"message": "unsupported seed"}})


def odd_body(job: Job) -> None:
    job.output[2] = answered(job.requests[2]["custom_id"], 200, {"choices": []})


def swap_for_a_stranger(job: Job) -> None:
    job.output[2] = job.output[2].replace(job.requests[2]["custom_id"].encode(), b"f" * 40)


def make_endless(job: Job) -> None:
    job.output[2] = answered(job.requests[2]["custom_id"], 200, {"x": "y" * 1_100_000})


def expire(job: Job) -> None:
    job.status = "expired"
    fail(job)


@pytest.mark.parametrize("spoil", [drop, garble, fail, refuse, odd_body, swap_for_a_stranger, expire])
def test_a_line_that_brings_no_reply_leaves_its_sample_and_no_other_unanswered(
    kept: Kept, spoil: Callable[[Job], None]
) -> None:
    with BatchServer(said, spoil=spoil) as server:
        model = kept.complete(server, samples())
    assert sorted(kept.replies) == [0, 1, 3, 4, 5]
    assert all(kept.replies[i].text.startswith(f"question {i} ") for i in kept.replies)
    assert kept.steps[-1].unanswered == (custom_id(samples()[2]),)
    assert model.billable == ({2: 1} if spoil in (drop, garble, swap_for_a_stranger) else {})


def test_an_answer_longer_than_any_may_be_is_left_out(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_run, "BYTES_PER_LINE", 1_000_000)
    with BatchServer(said, spoil=make_endless) as server:
        kept.complete(server, samples())
    assert sorted(kept.replies) == [0, 1, 3, 4, 5]


def test_a_file_longer_than_all_answers_may_be_is_not_taken(kept: Kept) -> None:
    with BatchServer(said, spoil=make_endless) as server, pytest.raises(LanguageModelRejected, match="more than"):
        kept.complete(server, samples())
    assert kept.replies == {}


def test_a_line_told_twice_counts_once(kept: Kept) -> None:
    with BatchServer(said, spoil=lambda job: job.output.extend(job.output[:3])) as server:
        kept.complete(server, samples())
    assert sorted(kept.replies) == list(range(6))


def test_what_a_filter_withheld_is_an_answer(kept: Kept) -> None:
    def withhold(job: Job) -> None:
        error = {"error": {"code": "content_filter", "message": "no"}}
        job.output[2] = answered(job.requests[2]["custom_id"], 400, error)

    with BatchServer(said, spoil=withhold) as server:
        kept.complete(server, samples())
    assert kept.replies[2].finish == "filter"


def test_an_invalid_batch_is_an_error_that_says_where_and_is_over(kept: Kept) -> None:
    def spoil(job: Job) -> None:
        job.status, job.output = "failed", []
        job.said = [{"line": 3, "message": "the model has no batches"}]

    with BatchServer(said, spoil=spoil) as server:
        with pytest.raises(LanguageModelRejected, match=r"batch_0 invalid: line 3: the model has no batches; 0 of 6"):
            kept.complete(server, samples())
        assert kept.log().open == {}
        server.spoil = lambda job: None
        kept.complete(server, samples())
    assert sorted(kept.replies) == list(range(6))


def test_of_a_cancelled_batch_what_was_answered_is_kept(kept: Kept) -> None:
    def spoil(job: Job) -> None:
        job.status = "cancelled"
        del job.output[3:]

    with (
        BatchServer(said, spoil=spoil) as server,
        pytest.raises(LanguageModelUnavailable, match="batch_0 was cancelled at the provider; 3 of 6"),
    ):
        kept.complete(server, samples())
    assert sorted(kept.replies) == [0, 1, 2]
    assert kept.log().open == {}


class Killed(BaseException):
    """The program ends here."""


def test_a_batch_that_is_open_is_taken_up_and_nothing_is_asked_twice(kept: Kept) -> None:
    with BatchServer(said, looks=3) as server:
        model = OpenAICompatible("any", server.url, batch_patience=QUICK)

        def end(traffic: Traffic) -> None:
            assert kept.states == ["begun", "submitted"], "the id is kept before anything is waited for"
            raise Killed

        model.on_traffic = end
        with pytest.raises(Killed):
            model.complete_batch(samples(), kept.log(), kept.replies.__setitem__)
        assert [each.batch for each in kept.log().open.values()] == ["batch_0"]
        kept.complete(server, samples(), wanted=False)
    assert sorted(kept.replies) == list(range(6))
    assert len(server.jobs) == 1


def test_a_batch_whose_id_was_lost_is_found_by_its_token(kept: Kept) -> None:
    with BatchServer(said) as server:
        kept.complete(server, samples(2))
        token = kept.log().begun([custom_id(sample) for sample in samples()])
        content = b"\n".join(
            json.dumps({"custom_id": custom_id(s), "body": {"messages": [{"content": "x"}], "seed": 1}}).encode()
            for s in samples()
        )
        server.files["f"] = content
        server._made({"endpoint": "/v1/chat/completions", "input_file_id": "f", "metadata": {"prompt_search": token}})
        kept.complete(server, samples())
    assert len(server.jobs) == 2
    assert kept.steps[-2].batch == "batch_1"
    assert sorted(kept.replies) == list(range(6))


def test_a_batch_that_was_never_submitted_is_submitted_now(kept: Kept) -> None:
    kept.log().begun([custom_id(sample) for sample in samples()])
    with BatchServer(said) as server:
        kept.complete(server, samples())
    assert kept.states == ["begun", "over", "begun", "submitted", "over"]
    assert sorted(kept.replies) == list(range(6))


def test_a_submission_whose_answer_is_lost_is_looked_for_before_it_is_made_again(kept: Kept) -> None:
    failed: list[str] = []
    server = BatchServer(said)

    def before(method: str, path: str) -> tuple[int, bytes, dict[str, str]] | None:
        if (method, path) == ("POST", "/v1/batches") and not failed:
            failed.append(path)
            body = {"input_file_id": "file-in-0", "endpoint": "/v1/chat/completions"}
            server._made(body | {"metadata": {"prompt_search": kept.steps[-1].token}})
            return 502, b"bad gateway", {}
        return None

    server.before = before
    with server:
        kept.complete(server, samples())
    assert len(server.jobs) == 1
    assert sorted(kept.replies) == list(range(6))


def test_a_server_that_stumbles_is_asked_again(kept: Kept) -> None:
    calls: list[str] = []

    def before(method: str, path: str) -> tuple[int, bytes, dict[str, str]] | None:
        calls.append(path)
        return (503, b"busy", {}) if calls.count(path) == 1 and method == "GET" else None

    with BatchServer(said, before=before) as server:
        kept.complete(server, samples())
    assert sorted(kept.replies) == list(range(6))


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((404, b'{"error": {"message": "no such route"}}', {}), "status 404: no such route. Does it have a batch API"),
        (
            (307, b"", {"location": "http://elsewhere.example/v1/files"}),
            "redirects from .* to http://elsewhere.example",
        ),
        ((401, b'{"error": {"message": "bad key"}}', {}), "status 401: bad key"),
    ],
)
def test_a_server_without_batches_is_named_and_nothing_is_begun(
    kept: Kept, answer: tuple[int, bytes, dict[str, str]], told: str
) -> None:
    with (
        BatchServer(said, before=lambda method, path: answer) as server,
        pytest.raises(LanguageModelRejected, match=told),
    ):
        kept.complete(server, samples())
    assert kept.steps == []


@pytest.mark.parametrize("name", ["../../secret", "", 7, "a/b", "x" * 300])
def test_an_id_that_is_none_never_becomes_part_of_an_address(kept: Kept, name: object) -> None:
    def before(method: str, path: str) -> tuple[int, bytes, dict[str, str]] | None:
        return (200, json.dumps({"id": name}).encode(), {}) if path.endswith("/files") else None

    with (
        BatchServer(said, before=before) as server,
        pytest.raises(LanguageModelUnavailable, match="an answer without an id"),
    ):
        kept.complete(server, samples())
    assert server.jobs == []


@pytest.mark.parametrize("line", [b"[]", b"7", b"\xff", b"{}", b'{"custom_id": 7}', b"[" * 100_000])
def test_a_line_that_is_no_answer_is_passed_over(line: bytes) -> None:
    assert read_answer(line) is None

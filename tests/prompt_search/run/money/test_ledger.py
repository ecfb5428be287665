"""The account of a run: what is reserved, what is charged, and that a limit is never passed."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizers import Message, Picture, Reply, Request, Sample
from prompt_search.errors import LanguageModelUnavailable, RunError, SettingsError
from prompt_search.llm.prices import Price
from prompt_search.run.money.budget import Budget
from prompt_search.run.money.ledger import Ledger, worst_case
from prompt_search.run.money.metered import Clock, MeteredModel

PRICE = Price(2.0, 10.0)


def sample(text: str = "Describe a cat.", max_tokens: int = 50, occurrence: int = 0) -> Sample:
    return Sample(Request((Message("user", text),), max_tokens=max_tokens), 0, occurrence)


def test_a_reply_is_charged_with_what_it_used_and_its_reservation_is_released(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl", PRICE, attempts=3)
    assert ledger.admit([sample()], Budget()) == (1, None)
    prompt, completion = worst_case(sample().request)
    assert ledger.tokens == 3 * (prompt + completion)
    ledger.settle(0, sample(), Reply("a cat", prompt_tokens=100, completion_tokens=20))
    assert ledger.tokens == 120
    assert ledger.cost == pytest.approx(PRICE.cost(100, 20), abs=1e-12)


def test_a_reply_from_the_cache_is_free(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl", PRICE)
    ledger.admit([sample()], Budget())
    ledger.settle(0, sample(), Reply("a cat", prompt_tokens=100, completion_tokens=20, cached=True))
    assert (ledger.tokens, ledger.cost) == (0, 0.0)


@pytest.mark.parametrize("reply", [Reply("a cat"), Reply("a cat", prompt_tokens=9, completion_tokens=1, unmetered=1)])
def test_a_call_that_tells_no_usage_costs_its_reservation(tmp_path: Path, reply: Reply) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl", PRICE)
    ledger.admit([sample()], Budget())
    reserved = ledger.tokens
    ledger.settle(0, sample(), reply)
    assert ledger.tokens == reserved + reply.prompt_tokens + reply.completion_tokens


def test_a_refused_prompt_is_free(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl", PRICE)
    ledger.admit([sample()], Budget())
    ledger.settle(0, sample(), Reply("", "error", error="too long"))
    assert ledger.tokens == 0


def test_calls_in_flight_at_a_kill_stay_charged(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    killed = Ledger(path, PRICE)
    killed.admit([sample(), sample(occurrence=1)], Budget())
    killed.settle(0, sample(), Reply("a cat", prompt_tokens=100, completion_tokens=20))
    later = Ledger(path, PRICE)
    assert (later.tokens, later.cost) == (killed.tokens, killed.cost)
    assert later.tokens == 120 + sum(worst_case(sample().request))


def test_what_was_never_sent_is_released_when_the_model_fails(tmp_path: Path) -> None:
    class Refusing:
        name = identity = "refusing"
        attempts = 8
        billable: Mapping[int, int] = {}

        def complete(self, samples: Sequence[Sample], on_reply: Callable[[int, Reply], None]) -> None:
            on_reply(0, Reply("a cat", prompt_tokens=100, completion_tokens=20))
            self.billable = {0: 1, 1: 2, 2: 0}
            raise LanguageModelUnavailable("kept failing")

    path = tmp_path / "ledger.jsonl"
    model = MeteredModel(Refusing(), Ledger(path, PRICE, 8), Budget(max_cost=1.0), Clock())
    with pytest.raises(LanguageModelUnavailable):
        model.answer([sample(occurrence=i) for i in range(5)], {}, 0, lambda _: None)
    prompt, completion = worst_case(sample().request)
    assert Ledger(path, PRICE, 8).tokens == 120 + 2 * (prompt + completion)
    assert Ledger(path, PRICE, 8).cost == pytest.approx(PRICE.cost(100 + 2 * prompt, 20 + 2 * completion))


def test_a_line_that_a_crash_cut_off_is_taken_out(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    Ledger(path, PRICE).admit([sample()], Budget())
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:9])
    ledger = Ledger(path, PRICE)
    assert path.read_bytes() == whole + whole[:9]  # another process may be writing it
    ledger.admit([sample()], Budget())
    assert path.read_bytes() == whole + whole


def test_what_was_used_before_the_price_was_known_is_charged_once_it_is(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    unpriced = Ledger(path, None)
    unpriced.admit([sample(), sample(occurrence=1)], Budget())
    unpriced.settle(0, sample(), Reply("a cat", prompt_tokens=100, completion_tokens=20))
    unpriced.settle(1, sample(), Reply("a cat", prompt_tokens=100, completion_tokens=20))
    assert unpriced.cost == 0
    assert Ledger(path, PRICE).cost == pytest.approx(240 * 10.0 / 1e6)
    assert Ledger(path, Price(0.0, 0.0)).cost == 0


def test_a_damaged_or_unwritable_ledger_is_told(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text("nonsense\n")
    with pytest.raises(RunError, match="ledger"):
        Ledger(path, PRICE)
    with pytest.raises(RunError, match="can't be written"):
        Ledger(tmp_path / "missing" / "ledger.jsonl", PRICE).admit([sample()], Budget())


def test_the_worst_case_covers_every_byte_the_schema_and_pictures() -> None:
    plain, completion = worst_case(Request((Message("user", "ä" * 100),), max_tokens=7))
    assert plain > 200
    assert completion == 7
    assert worst_case(Request((Message("user", "x"),), json_schema="{}" * 500))[0] > 1000
    assert worst_case(Request((Message("user", "x", Picture(b"...", "image/png")),)))[0] > 48_000


@pytest.mark.parametrize("limits", [{"max_cost": -1.0}, {"max_time": float("nan")}, {"max_calls": -1}])
def test_a_limit_below_zero_or_no_number_is_refused(limits: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match="must be 0 or more"):
        Budget(**limits)  # type: ignore[arg-type]


class Provider:
    """Bills every call it gets, and fails some of them, as a script says.

    Args:
        calls: for each call: tokens of the prompt and completion as shares of the most they can be, and what happens:
            `ok`, `silent` (no usage is told), `lost` (billed, no answer), `limited` (not billed, no answer).
        attempts: the most calls for one sample.
    """

    name = identity = "provider"

    def __init__(self, calls: Sequence[tuple[float, float, str]], price: Price, attempts: int) -> None:
        self.billed, self.tokens = 0.0, 0
        self.attempts = attempts
        self._calls, self._price, self._made = calls, price, 0

    def complete(self, samples: Sequence[Sample], on_reply: Callable[[int, Reply], None]) -> None:
        for index, each in enumerate(samples):
            on_reply(index, self._persistently(each))

    def _persistently(self, each: Sample) -> Reply:
        unmetered = 0
        most_in, most_out = worst_case(each.request)
        for _ in range(self.attempts):
            share_in, share_out, outcome = self._calls[self._made % len(self._calls)]
            self._made += 1
            used = int(share_in * most_in), int(share_out * most_out)
            if outcome != "limited":
                self.billed += self._price.cost(*used)
                self.tokens += sum(used)
            if outcome == "ok":
                return Reply("text", "stop", *used, unmetered=unmetered)
            if outcome == "silent":
                return Reply("text", unmetered=unmetered + 1)
            unmetered += outcome == "lost"
        raise LanguageModelUnavailable("kept failing")


shares = st.floats(0, 1)
behaviours = st.lists(
    st.tuples(shares, shares, st.sampled_from(["ok", "ok", "silent", "lost", "limited"])), min_size=1, max_size=12
)
prices = st.builds(Price, st.floats(0, 100), st.floats(0, 300))


@settings(max_examples=150, deadline=None)
@given(
    behaviours,
    prices,
    st.integers(1, 4),
    st.floats(0, 0.5),
    st.integers(0, 60_000),
    st.lists(st.tuples(st.integers(0, 400), st.integers(1, 300)), min_size=1, max_size=25),
)
def test_no_limit_is_ever_passed(
    calls: list[tuple[float, float, str]],
    price: Price,
    attempts: int,
    max_cost: float,
    max_tokens: int,
    lengths: list[tuple[int, int]],
) -> None:
    """Random prices, lengths and failures, over restarts: what the provider bills stays within what was allowed."""
    provider = Provider(calls, price, attempts)
    budget = Budget(max_cost=max_cost, max_total_tokens=max_tokens)
    samples = [sample("ü" * length, most, occurrence=i) for i, (length, most) in enumerate(lengths)]
    with TemporaryDirectory() as folder:
        for start in range(0, len(samples), 6):
            ledger = Ledger(Path(folder) / "ledger.jsonl", price, attempts)  # as after a restart
            model = MeteredModel(provider, ledger, budget, Clock())
            try:
                answered = model.answer(samples[start : start + 6], {}, 0, lambda _: None)
            except LanguageModelUnavailable:
                continue
            unasked = [reply.finish == "budget" for reply in answered.replies]
            assert (answered.reached is not None) == any(unasked)
            assert provider.billed <= ledger.cost + 1e-9
        assert provider.billed <= max_cost + 1e-9
        assert provider.tokens <= max_tokens


def test_a_limit_of_money_lets_rounds_go_on_until_not_one_more_call_fits(tmp_path: Path) -> None:
    price, used = Price(1.0, 1.0), (0.01, 0.01, "ok")
    provider = Provider([used], price, attempts=4)
    worst = sum(worst_case(sample().request)) / 1e6
    ledger = Ledger(tmp_path / "ledger.jsonl", price, attempts=4)
    model = MeteredModel(provider, ledger, Budget(max_cost=10 * worst), Clock())
    answered = model.answer([sample(occurrence=i) for i in range(900)], {}, 0, lambda _: None)
    replies = [reply for reply in answered.replies if reply.finish == "stop"]
    assert 500 < len(replies) < 900  # far more than the two that fit if each cost the most it can
    assert answered.reached == "max_cost"
    assert provider.billed > 5 * worst


def test_time_that_is_up_keeps_what_arrived(tmp_path: Path) -> None:
    class Watch(Clock):
        now = 0.0

        def seconds(self) -> float:
            return self.now

    watch = Watch()
    provider = Provider([(0.1, 0.1, "ok")], PRICE, attempts=1)
    model = MeteredModel(provider, Ledger(tmp_path / "ledger.jsonl", PRICE), Budget(max_time=3), watch)

    def tick(_: Reply) -> None:
        watch.now += 1

    answered = model.answer([sample(occurrence=i) for i in range(9)], {}, 0, tick)
    assert [reply.finish for reply in answered.replies] == ["stop"] * 3 + ["budget"] * 6
    assert answered.reached == "max_time"
    assert model.refuses(sample(), 0) == "max_time"


def test_the_ledger_is_on_disk_before_a_call_is_made(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    sizes = []

    class Watching(Provider):
        def complete(self, samples: Sequence[Sample], on_reply: Callable[[int, Reply], None]) -> None:
            sizes.append(path.stat().st_size)

    model = MeteredModel(Watching([], PRICE, 1), Ledger(path, PRICE), Budget(), Clock())
    model.answer([sample()], {}, 0, lambda _: None)
    assert sizes[0] > 0

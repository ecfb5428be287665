"""What a language model may say beside the protocol, and what is taken where it says nothing."""

from collections.abc import Callable, Mapping, Sequence

from optimizers import Ability, LanguageModel, Reply, Sample, Traffic, abilities, attempts, billable, watch
from optimizers.language_model import Able, Accountable, Retrying, Watchable


class Minimal:
    """No more than the protocol."""

    name = identity = "minimal"

    def complete(self, samples: Sequence[Sample], on_reply: Callable[[int, Reply], None]) -> None:
        """Answers nothing."""


class Full(Minimal):
    """All there is."""

    abilities: frozenset[Ability] = frozenset({"vision"})
    attempts = 8
    billable: Mapping[int, int] = {0: 2}
    on_traffic: Callable[[Traffic], None] | None = None


class Passing:
    """A wrapper that hands on whatever it lacks."""

    def __init__(self, inner: LanguageModel) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


def test_a_minimal_model_can_only_write_is_asked_once_and_tells_nothing() -> None:
    model: LanguageModel = Minimal()
    watch(model, print)
    assert (abilities(model), attempts(model), billable(model)) == (frozenset(), 1, None)
    assert not hasattr(model, "on_traffic")


def test_what_a_model_says_is_read() -> None:
    model = Full()
    typed: tuple[LanguageModel, Able, Retrying, Accountable, Watchable] = (model,) * 5  # mypy sees that it is each
    watch(typed[0], print)
    assert (abilities(model), attempts(model), billable(model)) == (frozenset({"vision"}), 8, Full.billable)
    assert model.on_traffic is print


def test_a_wrapper_that_hands_on_everything_hands_on_that() -> None:
    model: LanguageModel = Passing(Full())  # type: ignore[assignment]
    assert (abilities(model), attempts(model), billable(model)) == (frozenset({"vision"}), 8, Full.billable)


def test_no_model_is_as_good_as_a_minimal_one() -> None:
    watch(None, print)
    assert (attempts(None), billable(None)) == (1, None)

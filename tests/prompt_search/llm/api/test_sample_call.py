"""When a sample is tried again and when no more, on a clock that only its own calls move."""

import asyncio
from types import SimpleNamespace

import pytest

from optimizers.errors import LanguageModelUnavailable
from optimizers.language_model import Reply, Sample
from prompt_search.llm.api.call_line import AdaptiveLimit, CallLine
from prompt_search.llm.api.chat_fault import Cause, TransientFault
from prompt_search.llm.api.sample_call import Patience, SampleCall
from tests.prompt_search.llm.samples import sample


class Failing:
    """A server that takes a while to fail, every time."""

    def __init__(self, seconds: float, cause: Cause, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.asked = 1000.0, 0
        self._seconds, self._cause = seconds, cause
        monkeypatch.setattr("tenacity.time", SimpleNamespace(monotonic=lambda: self.now))

    async def ask(self, asked: Sample) -> Reply:
        self.asked += 1
        self.now += self._seconds
        raise TransientFault("oops", self._cause)

    def call(self, **patience: float) -> SampleCall:
        line = CallLine(AdaptiveLimit(1, lambda: self.now))
        patient = Patience(**({"attempts": 100, "longest_wait": 0.0} | patience))  # type: ignore[arg-type]
        return SampleCall(sample(), self.ask, line, patient, lambda fault: LanguageModelUnavailable(str(fault)))


@pytest.mark.parametrize("cause", ["lost", "refused", "throttled"])
def test_no_attempt_is_made_after_the_deadline(cause: Cause, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Failing(0.2, cause, monkeypatch)
    with pytest.raises(LanguageModelUnavailable, match="oops"):
        asyncio.run(server.call(deadline=0.5).reply())
    assert server.asked == 3


def test_what_is_never_billed_is_no_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}
    for cause in ("lost", "refused", "throttled"):
        server = Failing(1.0, cause, monkeypatch)
        with pytest.raises(LanguageModelUnavailable):
            asyncio.run(server.call(deadline=20.0, attempts=4).reply())
        asked[cause] = server.asked
    assert asked == {"lost": 4, "refused": 4, "throttled": 20}

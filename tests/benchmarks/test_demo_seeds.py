"""The demo over seeds counts verdicts as they are."""

from dataclasses import dataclass
from typing import cast

import pytest

from benchmarks import demo_seeds
from benchmarks.demo_seeds import figures
from prompt_search.report.result import Result
from prompt_search.run.config import RunConfig
from prompt_search.run.money.budget import Budget
from prompt_search.run.run import Run


@dataclass(frozen=True)
class Finished:
    """Of a result what counts here."""

    said: str

    def verdict(self) -> str:
        return self.said


VERDICTS = ["+3.0 points: a proven gain.", "+1.0 points: no proven difference.", "-3.0 points: a proven loss."]


def test_only_proven_gains_count_and_every_verdict_is_noted() -> None:
    (figure,) = figures([cast(Result, Finished(said)) for said in VERDICTS])
    assert (figure.value, figure.unit) == (1, "of 3")
    assert all(said in figure.note for said in VERDICTS)


def test_every_seed_runs_the_demo_s_own_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[RunConfig, Budget]] = []

    def execute(run: Run, budget: Budget) -> Finished:
        ran.append((run.config, budget))
        return Finished(VERDICTS[0])

    monkeypatch.setattr(Run, "execute", execute)
    (figure,) = demo_seeds.measure("cpu")
    assert figure.value == 10
    assert [config.seed for config, _ in ran] == list(range(10))
    assert {config.data.source for config, _ in ran} == {"bundled:photos"}
    assert {budget for _, budget in ran} == {Budget(150)}

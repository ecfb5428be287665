"""Times are the least of alternating runs, and the machine is named."""

import pytest

from benchmarks.measure import Comparison, alternate, hardware, versions


def test_both_ways_run_in_turn_after_a_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    now = 0.0
    durations = {"peer": iter([9.0, 5.0, 7.0]), "ours": iter([9.0, 3.0, 2.0])}

    def run(name: str) -> None:
        nonlocal now
        calls.append(name)
        now += next(durations[name])

    monkeypatch.setattr("time.perf_counter", lambda: now)
    assert alternate(lambda: run("peer"), lambda: run("ours"), repeats=2) == (5.0, 2.0)
    assert calls == ["peer", "ours"] * 3


def test_a_ratio_over_one_means_ours_is_faster() -> None:
    assert Comparison("name", "claim", "peer", "texts/s", peer_rate=20, our_rate=100).ratio == 5


def test_the_machine_and_the_packages_are_named() -> None:
    machine = hardware("cpu")
    assert machine["processor"]
    assert int(machine["cores"]) >= 1
    assert {"python", "torch", "open_clip_torch"} <= versions().keys()

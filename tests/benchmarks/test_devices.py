"""The benchmark of devices runs where there is no GPU, on two shares of the processor, with equal results."""

from pathlib import Path

import pytest

from benchmarks import devices
from tests.fakes.tiny_clip import save_tiny_clip


def test_two_shares_of_a_processor_come_to_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(devices, "ARCHITECTURE", save_tiny_clip(tmp_path))
    monkeypatch.setattr(devices, "IMAGES", {"cpu": 33})
    monkeypatch.setattr(devices, "TEXTS", {"cpu": 130})
    monkeypatch.setattr(devices, "SPLIT", {"cpu": (600, 3, 2)})
    found = devices.measure("cpu")
    assert [each.difference for each in found] == [0, 0, 0]
    assert all(each.our_rate > 0 for each in found)

"""What a call waited for, told by what it asked to sleep and not by a clock."""

import asyncio
from typing import Any

import pytest


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that anything asks to sleep from now on, and does."""
    real, asked = asyncio.sleep, list[float]()

    async def sleep(delay: float, result: Any = None) -> Any:
        if delay > 0:
            asked.append(delay)
        return await real(delay, result)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return asked

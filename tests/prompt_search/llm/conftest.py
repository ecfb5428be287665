"""What a call waited for, told by what it asked to sleep and not by a clock."""

import asyncio
from typing import Any

import pytest


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that anything asked to sleep from now on; nothing really does."""
    real, asked = asyncio.sleep, list[float]()

    async def sleep(delay: float, result: Any = None) -> Any:
        if delay > 0:
            asked.append(delay)
        return await real(0, result)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return asked

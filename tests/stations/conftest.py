"""What holds in every test of a station, whatever its kind."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from typing import Any

import cv2
import pytest

CODECS = ("imencode", "imdecode", "imwrite", "imread")


@pytest.fixture(autouse=True)
def pictures_made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """H7: the agent encodes and decodes no picture in the thread of its event loop, whose every millisecond
    a door waits for. Gives the modules of the agent that made one."""
    made: list[str] = []
    on_the_loop: list[str] = []

    def watched(codec: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            caller = str(sys._getframe(1).f_globals["__name__"])
            if caller.startswith("gate_agent."):
                made.append(caller)
                try:
                    asyncio.get_running_loop()
                except RuntimeError:
                    pass
                else:
                    on_the_loop.append(caller)
            return codec(*arguments, **options)

        return call

    for name in CODECS:
        monkeypatch.setattr(cv2, name, watched(getattr(cv2, name)))
    yield made
    assert not on_the_loop

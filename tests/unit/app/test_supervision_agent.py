"""What happens to a station when one of its own parts fails: it stops in order and says so, or goes on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gate_agent.app.agent import Agent, prune
from gate_agent.app.config import StationConfig
from gate_agent.journal import Journal, JournalSettings
from gate_agent.readmodel import Board


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    class Config:
        class station:  # noqa: N801 - named as in the configuration
            id = "egate-1"
            kind = "egate"
            state_dir = tmp_path

        journal = JournalSettings()

    config: Any = Config()
    assert not isinstance(config, StationConfig), "only what the constructor looks at"
    return Agent(config)


def test_a_part_that_fails_stops_the_station_and_is_kept_as_the_reason(agent: Agent) -> None:
    async def scene() -> None:
        async def part() -> None:
            raise OSError("the console lost its socket")

        await agent._or_stop(part())
        await asyncio.wait_for(agent._stop.wait(), 5)

    asyncio.run(scene())
    assert [str(error) for error in agent._failures] == ["the console lost its socket"]


def test_a_part_that_ends_by_itself_has_failed_too(agent: Agent) -> None:
    async def part() -> None:
        return

    asyncio.run(agent._or_stop(part()))
    assert "ended by itself" in str(agent._failures[0])


def test_a_part_that_is_cancelled_has_not_failed(agent: Agent) -> None:
    async def scene() -> None:
        task = asyncio.create_task(agent._or_stop(asyncio.Event().wait()))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scene())
    assert agent._failures == []


def test_retention_waits_for_a_journal_that_cannot_be_written(tmp_path: Path) -> None:
    """A full or broken disk closes the lane; it must not end the agent that tells so."""
    journal = Journal.open(tmp_path / "journal.sqlite", "egate-1", JournalSettings(ballast_bytes=0))
    journal.close()

    async def scene() -> None:
        task = asyncio.create_task(prune(journal, every_s=0.01))
        await asyncio.sleep(0.1)
        assert not task.done()
        task.cancel()

    asyncio.run(scene())


def test_the_board_names_the_station_from_the_first_moment(agent: Agent) -> None:
    assert isinstance(agent.board, Board)
    assert agent.board.snapshot.station == "egate-1"

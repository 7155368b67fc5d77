"""How the journal uses its disk."""

from __future__ import annotations

from pydantic import Field

from gate_agent.settings import Settings


class JournalSettings(Settings):
    """The ``[journal]`` table of a station's configuration."""

    file: str = Field(
        default="journal.sqlite",
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$",
        description="name of the database in the station's state directory",
    )
    ballast_bytes: int = Field(
        default=16 * 1024 * 1024,
        ge=0,
        le=1 << 32,
        description="space held back and given up on a full disk, so that the outbox can still drain",
    )
    retention_days: int = Field(
        default=400,
        ge=1,
        le=36500,
        description="bodies of acknowledged records older than this are removed; their hashes stay "
        "(Regulation (EU) 2024/1689 Art. 19(1) asks for logs of at least six months)",
    )
    checkpoint_pages: int = Field(
        default=1000, ge=10, le=100_000, description="pages in the write-ahead log before a checkpoint"
    )

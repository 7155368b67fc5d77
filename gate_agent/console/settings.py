"""Where the console listens, what it shows without a token, and the bounds on what clients may use."""

from __future__ import annotations

import ipaddress
from pathlib import Path

from pydantic import Field, field_validator

from gate_agent.errors import GateError
from gate_agent.settings import Settings


class ConsoleError(GateError):
    """The console cannot be served: its address, port or token file is unusable."""


class ConsoleSettings(Settings):
    """The officer's console."""

    host: str = Field(
        default="127.0.0.1",
        description="loopback address to listen on; other machines reach it through a tunnel or a proxy",
    )
    port: int = Field(default=8080, ge=0, le=65535, description="TCP port; 0 takes any free one")
    token_file: Path = Field(
        default=Path("console.token"),
        description="holds the bearer token that orders and pictures need; made (mode 0600) when absent",
    )
    public_journal: bool = Field(default=True, description="show the redacted last records without the token")
    public_metrics: bool = Field(default=True, description="serve /metrics without the token")
    heartbeat_s: float = Field(
        default=3.0,
        gt=0,
        le=4,
        description="a quiet event stream still beats; after 8 s of silence the page is stale",
    )
    max_streams: int = Field(default=16, ge=1, le=256, description="event streams open at the same time")
    stall_s: float = Field(
        default=20.0, ge=1, le=300, description="a client that takes no data for this long is dropped"
    )
    orders_per_minute: int = Field(default=30, ge=1, le=600, description="officers' orders taken per minute")

    @field_validator("host")
    @classmethod
    def _loopback_only(cls, host: str) -> str:
        if host == "localhost":
            return "127.0.0.1"
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            raise ValueError("must be a loopback address such as 127.0.0.1 or ::1") from None
        if not address.is_loopback:
            raise ValueError("must be a loopback address: the console is never offered to the network")
        return str(address)

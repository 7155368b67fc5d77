"""How the station reaches its hub."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from gate_agent.settings import Settings


class HubSettings(Settings):
    """The ``[hub]`` table of a station's configuration."""

    host: str = Field(
        default="127.0.0.1", min_length=1, max_length=253, description="broker's name or address"
    )
    port: int = Field(default=1883, ge=1, le=65535, description="broker's port; 8883 is usual with TLS")
    protocol: Literal["auto", "5", "3.1.1"] = Field(
        default="auto", description="MQTT version; auto tries 5 and falls back when the broker refuses it"
    )
    client_id: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9._:-]{0,64}$",
        description="MQTT client identifier; empty means gate-agent-<station>",
    )
    username: str = Field(default="", max_length=256, description="user name at the broker; empty for none")
    password_file: Path | None = Field(
        default=None, description="file with the password alone, for example a systemd credential"
    )
    ca_file: Path | None = Field(default=None, description="PEM certificates to trust; switches TLS on")
    cert_file: Path | None = Field(default=None, description="PEM client certificate (mutual TLS)")
    key_file: Path | None = Field(default=None, description="PEM key of the client certificate")
    keepalive_s: int = Field(default=15, ge=2, le=3600, description="MQTT keep-alive")
    connect_timeout_s: float = Field(default=5.0, gt=0, le=60, description="limit for connecting")
    window: int = Field(
        default=64, ge=1, le=1024, description="records on the way that the hub has not acknowledged"
    )
    rewind_s: float = Field(
        default=5.0,
        gt=0,
        le=300,
        description="without progress for so long, send again from the oldest record",
    )
    heartbeat_s: float = Field(
        default=5.0,
        gt=0,
        le=300,
        description="how often the way to the hub and back is tried; three misses end the connection",
    )
    historical_after_s: float = Field(
        default=30.0, ge=0, le=86400, description="a record sent later than this is marked historical"
    )
    backoff_min_s: float = Field(default=0.5, gt=0, le=60, description="first pause after a failure")
    backoff_max_s: float = Field(default=60.0, gt=0, le=3600, description="longest pause between attempts")
    max_message_bytes: int = Field(
        default=16 * 1024, ge=1024, le=1 << 20, description="largest message taken from outside"
    )

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together")
        if self.cert_file is not None and self.ca_file is None:
            raise ValueError("cert_file needs ca_file: without it the broker is not authenticated")
        if self.backoff_min_s > self.backoff_max_s:
            raise ValueError("backoff_min_s is larger than backoff_max_s")
        return self

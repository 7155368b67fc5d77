"""What every station's configuration has; a kind of station adds its own sections."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, SerializeAsAny, StringConstraints

from gate_agent.console.settings import ConsoleSettings
from gate_agent.devices import DriverConfig
from gate_agent.hub.settings import HubSettings
from gate_agent.journal.settings import JournalSettings
from gate_agent.logs import LogSettings
from gate_agent.policy import PolicySettings
from gate_agent.settings import Settings


class StationSettings(Settings):
    """Which station this is."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")] = Field(
        description="the station's name at the hub: lower case, digits, '-'; never reused for another station"
    )
    kind: str = Field(description="what the station is; `gate-agent stations` lists the kinds")
    location: str = Field("", max_length=200, description="where it stands, for officers")
    state_dir: Path = Field(description="directory for journal, token and other state; the agent owns it")


class DeviceBinding(Settings):
    """One device: the driver's name and the driver's own configuration."""

    driver: str
    config: SerializeAsAny[DriverConfig]


class StationConfig(Settings):
    """What one agent process needs to run a station of any kind."""

    station: StationSettings = Field(description="which station this is")
    devices: dict[str, DeviceBinding] = Field(description="one table for each device of the station")
    policy: PolicySettings = Field(description="the rules that decide")
    journal: JournalSettings = Field(default=JournalSettings(), description="the journal")
    hub: HubSettings = Field(default=HubSettings(), description="the link to the hub")
    console: ConsoleSettings = Field(default=ConsoleSettings.model_validate({}), description="the console")
    logging: LogSettings = Field(default=LogSettings(), description="the agent's log")

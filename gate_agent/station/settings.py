"""What every station's configuration has, and what a kind of station adds to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SerializeAsAny, StringConstraints

from gate_agent.console.settings import ConsoleSettings
from gate_agent.devices import DriverConfig
from gate_agent.hub.settings import HubSettings
from gate_agent.journal.settings import JournalSettings
from gate_agent.logs import LogSettings
from gate_agent.policy import CheckTable, PolicySettings
from gate_agent.settings import Settings
from gate_agent.toml_source import ConfigProblem, TomlSource


class StationSettings(Settings):
    """Which station this is."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")] = Field(
        description="the station's name at the hub: lower case, digits, '-'; never reused for another station"
    )
    kind: Literal["egate", "nii"] = Field(description="what the station is: egate, or nii (cargo scanner)")
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


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of station, for its configuration.

    `checks` are those that its policy may ask about; `needs` and `may_have` its devices, each with its
    capability; `must_exist` the paths (section, field, advice when missing) that have to be there before it
    starts; `contents` names what is wrong inside them.
    """

    config: type[StationConfig]
    checks: CheckTable
    needs: Mapping[str, str]
    may_have: Mapping[str, str]
    must_exist: tuple[tuple[str, str, str], ...]
    contents: Callable[[Any, TomlSource], Iterator[ConfigProblem]]

    def capability(self, device: str) -> str:
        """What a device must be; empty for one that this kind does not know."""
        return self.needs.get(device, "") or self.may_have.get(device, "")

    @property
    def devices(self) -> tuple[str, ...]:
        return (*self.needs, *self.may_have)

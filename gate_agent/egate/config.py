"""An e-gate's configuration: its sections, and what must be right inside its files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from gate_agent.biometrics.face.settings import FaceSettings
from gate_agent.egate.facts import EGATE_CHECKS
from gate_agent.egate.settings import EgateSettings
from gate_agent.emrtd.trust.trust_directory import load_trust_directory
from gate_agent.errors import GateError
from gate_agent.policy import load_policy
from gate_agent.policy.watchlist import Watchlist, WatchlistSettings
from gate_agent.settings import Settings
from gate_agent.station.settings import StationConfig
from gate_agent.toml_source import ConfigProblem, Problems, TomlSource


class TrustSettings(Settings):
    """The issuers whose passports are believed (Doc 9303-12)."""

    directory: Path = Field(description="directory with the CSCA certificates (DER or PEM)")
    max_age_days: float = Field(
        90.0, gt=0, le=3650, description="with older certificates everybody is referred"
    )


class EgateConfig(StationConfig):
    """Everything that an e-gate's agent needs."""

    trust: TrustSettings = Field(description="the issuers whose passports are believed")
    watchlist: WatchlistSettings = Field(description="the list that everybody is looked up in")
    face: FaceSettings = Field(default_factory=FaceSettings, description="face verification")
    egate: EgateSettings = Field(default=EgateSettings.model_validate({}), description="the lane's times")


def contents(config: EgateConfig, source: TomlSource) -> Iterator[ConfigProblem]:
    """What is wrong inside the signed files that the configuration names."""
    policy, listed = config.policy, config.watchlist
    try:
        load_policy(policy.file, policy.public_key, allow_unsigned=policy.allow_unsigned, table=EGATE_CHECKS)
    except Problems as error:
        yield from error.problems
    try:
        Watchlist.load(listed.file, listed.public_key)
    except GateError as error:
        yield source.problem(("watchlist", "file"), f"{error.field}: {error.what}", error.advice)
    try:
        store = load_trust_directory(config.trust.directory)
    except GateError as error:
        yield source.problem(("trust", "directory"), error.what, error.advice)
    else:
        if not store.anchors:
            yield source.problem(
                ("trust", "directory"), "holds no usable CSCA certificate", "nobody could be admitted"
            )

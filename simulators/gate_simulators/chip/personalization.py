"""What the issuer writes into a chip beside its files: passwords, keys, trust points, access rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from gate_simulators.chip.active_authentication import ActiveAuthentication, AuthenticationKey
from gate_simulators.chip.bac import BasicAccessControl
from gate_simulators.chip.chip_authentication import ChipAuthentication, ChipKey
from gate_simulators.chip.cv_certificates import CvCertificate
from gate_simulators.chip.key_agreement import Random
from gate_simulators.chip.pace import Pace, PaceOffer, PasswordId
from gate_simulators.chip.profile import ChipProfile
from gate_simulators.chip.session import CardProtocol
from gate_simulators.chip.terminal_authentication import TerminalAuthentication


@dataclass(frozen=True, slots=True)
class Personalization:
    """The secrets of one chip.

    `mrz_information` is what the MRZ password and the BAC keys derive from (document number, birth and
    expiry, each with its check digit; Doc 9303-11 §9.7.2); None makes a chip without access control.
    `mapping_key` is the static key of PACE-CAM; `cvca` the first trust point of terminal
    authentication, which then protects the files `for_terminals`.
    """

    mrz_information: str | None = field(default=None, repr=False)
    can: str | None = field(default=None, repr=False)
    pin: str | None = field(default=None, repr=False)
    bac: bool = True
    pace: tuple[PaceOffer, ...] = ()
    mapping_key: int | None = field(default=None, repr=False)
    chip_keys: tuple[ChipKey, ...] = ()
    active_authentication: AuthenticationKey | None = None
    cvca: CvCertificate | None = None
    personalized_on: date = date(2020, 1, 1)
    for_terminals: frozenset[str] = frozenset({"DG3", "DG4"})

    @property
    def protected(self) -> bool:
        """Whether the application's files need an access procedure."""
        return self.mrz_information is not None

    def passwords(self) -> Mapping[PasswordId, str]:
        known = {
            PasswordId.MRZ: self.mrz_information,
            PasswordId.CAN: self.can,
            PasswordId.PIN: self.pin,
        }
        return {password: printed for password, printed in known.items() if printed is not None}

    def protocols(self, profile: ChipProfile, random: Random) -> list[CardProtocol]:
        """The protocols that this chip answers beside reading its files.

        Terminal authentication comes before BAC: both use GET CHALLENGE, and whichever of them the
        terminal began with MSE has it.
        """
        protocols: list[CardProtocol] = []
        if self.pace:
            protocols.append(Pace(self.pace, self.passwords(), profile, random, self.mapping_key))
        if self.cvca is not None:
            protocols.append(TerminalAuthentication(self.cvca, self.personalized_on, random))
        if self.chip_keys:
            protocols.append(ChipAuthentication(self.chip_keys, random))
        if self.active_authentication is not None:
            protocols.append(ActiveAuthentication(self.active_authentication, profile, random))
        if self.bac and self.mrz_information is not None:
            protocols.append(BasicAccessControl(self.mrz_information, profile, random))
        return protocols

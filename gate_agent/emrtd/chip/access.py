"""Opening a chip: PACE where it is offered, basic access control where it is not (Doc 9303-11 §4.2).

EF.CardAccess is read in the clear, so that whoever sits between reader and chip can take PACE out of it.
Where a chip that offers PACE was opened by BAC, :attr:`Access.downgraded` says why; whether BAC may follow
a failed PACE at all is the policy's to say, and the default is no.
"""

from __future__ import annotations

from dataclasses import dataclass

from gate_agent.emrtd.chip import card_files
from gate_agent.emrtd.chip.bac import basic_access_control
from gate_agent.emrtd.chip.card_files import EF_CARD_SECURITY
from gate_agent.emrtd.chip.files import ReadingHabits, read_file, select_application
from gate_agent.emrtd.chip.pace import ChipMapping, PaceResult, choose, pace
from gate_agent.emrtd.chip.password import Password
from gate_agent.emrtd.chip.protocol import Protocol, Random
from gate_agent.emrtd.chip.secure_messaging import SecureChannel, secured
from gate_agent.emrtd.coding.errors import ChannelLost, ChipError, FileError
from gate_agent.emrtd.lds.security_infos import SecurityInfos


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """`bac`: may chips without PACE be opened by BAC; `bac_after_pace`: may those whose PACE failed."""

    bac: bool = True
    bac_after_pace: bool = False


DEFAULT_POLICY = AccessPolicy()


@dataclass(frozen=True, slots=True)
class Access:
    """An opened chip with the eMRTD application selected.

    `procedure` is BAC, PACE or PACE-CAM; `protocol` names its variant; `downgraded` holds the reason for
    which PACE, although offered, was not what opened the chip. `chip_identity` is ID_PICC of terminal
    authentication (§7.1.3): the chip's ephemeral PACE key, or the document number with its check digit.
    """

    procedure: str
    protocol: str
    channel: SecureChannel
    infos: SecurityInfos | None = None
    downgraded: str = ""
    chip_identity: bytes = b""
    chip_mapping: ChipMapping | None = None
    card_security: bytes | None = None


def open_chip(
    password: Password, random: Random, policy: AccessPolicy, habits: ReadingHabits
) -> Protocol[Access]:
    """Open the chip and select the application. Raises ChipError."""
    yield from card_files.select_master_file()
    look = yield from card_files.read_card_access()
    if look.extended_length and not habits.settled:
        habits.use_extended_length((yield from card_files.read_response_size()))
    habits.settled = habits.settled or look.extended_length is not None
    infos = _security_infos(look.card_access)
    offer = None if infos is None else choose(infos)
    downgraded = ""
    if infos is not None and infos.pace and offer is None:
        downgraded = "PACE_UNSUPPORTED"
    if offer is not None:
        try:
            result = yield from pace(*offer, password, random)
        except ChipError as error:
            if not policy.bac_after_pace or password.mrz is None:
                raise
            downgraded = error.reason
        else:
            return (yield from _into_application(result, infos, habits))
    return (yield from _basic_access(password, random, policy, habits, infos, downgraded))


def _security_infos(raw: bytes | None) -> SecurityInfos | None:
    try:
        return None if raw is None else card_files.parse_card_access(raw)
    except FileError:
        return None


def _into_application(
    result: PaceResult, infos: SecurityInfos | None, habits: ReadingHabits
) -> Protocol[Access]:
    """Read EF.CardSecurity where the mapping needs it, while still in the master file; then SELECT."""
    card_security: bytes | None = None
    if result.chip_mapping is not None:
        try:
            card_security = yield from secured(result.channel, read_file(EF_CARD_SECURITY, habits))
        except ChannelLost:
            raise
        except (ChipError, FileError):
            card_security = None
    yield from secured(result.channel, select_application())
    return Access(
        procedure="PACE" if result.chip_mapping is None else "PACE-CAM",
        protocol=str(result.info),
        channel=result.channel,
        infos=infos,
        chip_identity=result.chip_key,
        chip_mapping=result.chip_mapping,
        card_security=card_security,
    )


def _basic_access(
    password: Password,
    random: Random,
    policy: AccessPolicy,
    habits: ReadingHabits,
    infos: SecurityInfos | None,
    downgraded: str,
) -> Protocol[Access]:
    if password.mrz is None:
        raise _unsupported("without PACE, only the printed zone opens this chip")
    if not policy.bac:
        raise _unsupported("the chip offers no PACE that is known here, and BAC is not allowed")
    yield from select_application()
    if not habits.settled:
        # A wrong guess would cost the channel, and some chips allow BAC once only until they are reset.
        if (yield from card_files.extended_length_works()):
            habits.use_extended_length()
        habits.settled = True
    channel = yield from basic_access_control(password.mrz, random)
    return Access("BAC", "BAC-3DES", channel, infos, downgraded, password.mrz.numbered.encode("ascii"))


def _unsupported(what: str) -> ChipError:
    return ChipError(what, reason="CHIP_ACCESS_UNSUPPORTED", field="BAC")

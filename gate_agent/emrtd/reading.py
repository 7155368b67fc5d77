"""Everything that is asked of the chip in one inspection, in order (Doc 9303-11 §4-7, Doc 9303-10 §4).

Access, then EF.SOD and DG14; with DG14's key chip authentication, so that all that follows comes over a
channel that a copy cannot open; then EF.COM, DG1, DG15 with active authentication, terminal authentication
where the station has a certificate, and the large files last. What was read outlives a lost card
(:class:`Reading`); what was proven does not, because another chip may come back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from gate_agent.devices import CardLost
from gate_agent.emrtd.chip import active_auth, card_files, chip_auth, terminal_auth
from gate_agent.emrtd.chip.access import DEFAULT_POLICY, Access, AccessPolicy, open_chip
from gate_agent.emrtd.chip.active_auth import CHALLENGE_LENGTH, parse_dg15
from gate_agent.emrtd.chip.apdu import SW_FILE_NOT_FOUND
from gate_agent.emrtd.chip.files import ElementaryFile, ReadingHabits, read_file
from gate_agent.emrtd.chip.pace import chip_is_genuine
from gate_agent.emrtd.chip.password import Password
from gate_agent.emrtd.chip.protocol import Progress, Protocol, Random
from gate_agent.emrtd.chip.secure_messaging import SecureChannel, secured
from gate_agent.emrtd.chip.terminal_auth import Terminal
from gate_agent.emrtd.coding.cms import SignedObject
from gate_agent.emrtd.coding.errors import ChannelLost, ChipError, FileError, StatusError
from gate_agent.emrtd.lds import lds, lds_files
from gate_agent.emrtd.lds.lds import EF_COM, EF_DG1, EF_DG2, EF_SOD
from gate_agent.emrtd.lds.lds_files import DATA_GROUPS, EF_DG14, EF_DG15
from gate_agent.emrtd.lds.security_infos import SecurityInfos
from gate_agent.emrtd.lds.sod import SecurityObject, parse_sod

# Answers that are about a file and not about how it was asked for.
_REFUSED = frozenset({SW_FILE_NOT_FOUND, 0x6982, 0x6985, 0x6986, 0x6A88})


@dataclass(frozen=True, slots=True)
class Plan:
    """What an inspection does beyond what every one does.

    `access` says when basic access control may open a chip; `data_groups` are read beside 1, 2, 14 and 15
    where the document has them; `terminal` is the station's own proof, without which DG3 and DG4 stay shut.
    """

    access: AccessPolicy = DEFAULT_POLICY
    data_groups: tuple[int, ...] = ()
    terminal: Terminal | None = None


DEFAULT_PLAN = Plan()


@dataclass(slots=True)
class Reading:
    """What was read of one document, for when its chip is lost and presented again.

    The files are kept only while EF.SOD, which is read anew each time, stays the same. `given_up`
    holds the files over which the chip broke the channel. Holds personal data: drop it with the transaction.
    """

    habits: ReadingHabits = field(default_factory=ReadingHabits)
    files: dict[str, bytes] = field(default_factory=dict[str, bytes], repr=False)
    partial: dict[str, bytearray] = field(default_factory=dict[str, bytearray], repr=False)
    given_up: set[str] = field(default_factory=set[str])


@dataclass(slots=True)
class Trial:
    """One proof that was asked of the chip: whether it was offered, held, or why it failed."""

    offered: bool = False
    held: bool | None = None
    problem: str = ""
    method: str = ""

    def fail(self, problem: str) -> None:
        self.held, self.problem = False, problem


@dataclass(slots=True)
class ChipInspection:
    """The inspection while it runs: what the chip gave, what it proved, and the file it is `asked` for."""

    reading: Reading
    access: Access | None = None
    problems: dict[str, str] = field(default_factory=dict[str, str])
    sod: SecurityObject | None = None
    card_security: SignedObject | None = None
    chip_mapping: Trial = field(default_factory=Trial)
    chip_authentication: Trial = field(default_factory=Trial)
    active_authentication: Trial = field(default_factory=Trial)
    terminal_authentication: Trial = field(default_factory=Trial)
    terminal_key: bytes = b""
    asked: str = ""

    @property
    def files(self) -> dict[str, bytes]:
        return self.reading.files


def read_chip(
    case: ChipInspection, password: Password, random: Random, plan: Plan, today: date
) -> Protocol[None]:
    """Open and read; where a habit of ours breaks the channel, open again and go on without it.

    Raises CardLost for a chip that is not opened a second time: what was learned of it is in its Reading, and
    to be taken away and presented again resets it.
    """
    while True:
        yield Progress("access", 0, 1)
        try:
            access = yield from open_chip(password, random, plan.access, case.reading.habits)
        except StatusError as error:
            if case.access is None:
                raise
            raise CardLost(f"is not opened again: {error}", field=error.field) from error
        case.access = access
        _chip_mapping(case, access)
        yield Progress("access", 1, 1)
        try:
            yield from secured(access.channel, _everything(case, access, random, plan, today))
        except ChannelLost as error:
            failed_now = _unproven(case.chip_authentication)
            if failed_now:
                case.chip_authentication.fail("CHIP_NOT_GENUINE")
            elif error.reason == "CHIP_CHANNEL_TAMPERED" or not _something_changes(case, error):
                raise
        else:
            return


def _something_changes(case: ChipInspection, error: ChannelLost) -> bool:
    """Whether the next attempt will not be the same: a file is given up, or a habit of ours.

    §9.8.5 lets a chip end the channel with an error, and some do so over a file that they do not have. Said
    in the clear it is no evidence of that: the file is not asked for again, and counts as unreadable.
    """
    if error.sw in _REFUSED and case.asked and not case.reading.habits.short_identifiers:
        case.reading.given_up.add(case.asked)
        case.problems[case.asked] = "CHIP_FILE_UNREADABLE"
        return True
    return case.reading.habits.fall_back()


def _unproven(trial: Trial) -> bool:
    return trial.offered and trial.held is None


def _everything(
    case: ChipInspection, access: Access, random: Random, plan: Plan, today: date
) -> Protocol[None]:
    yield from _security_object(case)
    if case.sod is None:
        yield from _file(case, EF_COM)
    listed = _listed(case)
    if EF_DG14.name in listed:
        yield from _file(case, EF_DG14)
        # Chip Authentication Mapping proved the same already; only a terminal needs the keys besides.
        if case.chip_mapping.held is not True or plan.terminal is not None:
            yield from _chip_authentication(case, access.channel, random)
    yield from _file(case, EF_COM)
    yield from _file(case, EF_DG1)
    if EF_DG15.name in listed:
        yield from _file(case, EF_DG15)
        yield from _active_authentication(case, random)
    if plan.terminal is not None:
        yield from _terminal_authentication(case, access, plan.terminal, today)
    yield from _file(case, EF_DG2)
    for number in plan.data_groups:
        if DATA_GROUPS[number].name in listed:
            yield from _file(case, DATA_GROUPS[number])


def _security_object(case: ChipInspection) -> Protocol[None]:
    """EF.SOD, always anew: it says whether this is still the document that was read from."""
    case.problems.update(dict.fromkeys(case.reading.given_up, "CHIP_FILE_UNREADABLE"))
    kept = case.files.pop(EF_SOD.name, None)
    case.files.pop(EF_COM.name, None)
    yield from _file(case, EF_SOD)
    raw = case.files.get(EF_SOD.name)
    if kept is not None and kept != raw:
        case.reading.partial.clear()
        for name in set(case.files) - {EF_SOD.name}:
            del case.files[name]
    try:
        case.sod = None if raw is None else parse_sod(raw)
    except FileError as error:
        case.problems[EF_SOD.name] = error.reason


def _listed(case: ChipInspection) -> frozenset[str]:
    """The data groups that the document has: by its signed list, else by EF.COM."""
    numbers = _listed_by_com(case.files.get(EF_COM.name)) if case.sod is None else tuple(case.sod.hashes)
    return frozenset(f"DG{number}" for number in numbers)


def _listed_by_com(raw: bytes | None) -> tuple[int, ...]:
    try:
        return () if raw is None else lds.parse_com(raw).data_groups
    except FileError:
        return ()


def _file(case: ChipInspection, file: ElementaryFile) -> Protocol[None]:
    """Read one file, unless it was read or refused before; what is wrong with it is a finding."""
    if file.name in case.files or file.name in case.problems:
        return
    case.asked = file.name
    partial = case.reading.partial.setdefault(file.name, bytearray())
    try:
        case.files[file.name] = yield from read_file(file, case.reading.habits, partial)
    except ChannelLost:
        raise
    except (ChipError, FileError) as error:
        case.problems[file.name] = error.reason
    _prove_channel(case)
    del case.reading.partial[file.name]
    case.asked = ""


def _prove_channel(case: ChipInspection) -> None:
    """An answer came that the current keys opened: if they are new, the chip has the private key (§6.2.3)."""
    if _unproven(case.chip_authentication) and case.chip_authentication.method:
        case.chip_authentication.held = True


# ---------------------------------------------------------------- proofs


def _chip_mapping(case: ChipInspection, access: Access) -> None:
    """Whether one of the keys in EF.CardSecurity is behind the mapping (§4.4.3.5.2)."""
    trial = case.chip_mapping = Trial(offered=access.chip_mapping is not None, method="PACE-CAM")
    if access.chip_mapping is None:
        return
    if access.card_security is None:
        trial.fail("CHIP_FILE_MISSING")
        return
    try:
        case.card_security, infos = card_files.parse_card_security(access.card_security)
    except FileError as error:
        trial.fail(error.reason)
        return
    keys = (known.key for known in infos.chip_keys if known.key.domain == access.chip_mapping.domain)
    trial.held = any(chip_is_genuine(access.chip_mapping, key.public) for key in keys)
    trial.problem = "" if trial.held else "CHIP_NOT_GENUINE"


def _chip_authentication(case: ChipInspection, channel: SecureChannel, random: Random) -> Protocol[None]:
    trial = case.chip_authentication
    offer = _chip_key(case)
    if offer is None or trial.held is False:
        return
    trial.offered, trial.held, trial.method = True, None, ""
    yield Progress("chip authentication", 0, 1)
    try:
        agreement = yield from chip_auth.chip_authentication(offer, random)
    except ChannelLost:
        raise
    except ChipError as error:
        trial.fail(error.reason)
        return
    trial.method = str(agreement.offer.info)
    case.terminal_key = agreement.terminal_key
    channel.restart(agreement.suite)
    yield Progress("chip authentication", 1, 1)


def _chip_key(case: ChipInspection) -> chip_auth.Offer | None:
    infos = security_infos_of(case)
    return None if infos is None else chip_auth.choose(infos)


def security_infos_of(case: ChipInspection) -> SecurityInfos | None:
    """The SecurityInfos of DG14; None where there are none that can be read."""
    raw = case.files.get(EF_DG14.name)
    try:
        return None if raw is None else lds_files.parse_dg14(raw)
    except FileError as error:
        case.problems[EF_DG14.name] = error.reason
        return None


def _active_authentication(case: ChipInspection, random: Random) -> Protocol[None]:
    trial = case.active_authentication
    raw = case.files.get(EF_DG15.name)
    if raw is None or trial.held is not None:
        return
    trial.offered = True
    yield Progress("active authentication", 0, 1)
    challenge = random(CHALLENGE_LENGTH)
    try:
        key = parse_dg15(raw)
        extended = case.reading.habits.extended_length
        signature = yield from active_auth.active_authentication(key, challenge, extended_length=extended)
    except ChannelLost:
        raise
    except (ChipError, FileError) as error:
        trial.fail(error.reason)
        return
    proof = active_auth.verify_proof(key, challenge, signature, next(_stated_hashes(case), ""))
    trial.held, trial.method = proof.genuine, proof.method
    trial.problem = "" if proof.genuine else "CHIP_NOT_GENUINE"
    yield Progress("active authentication", 1, 1)


def _stated_hashes(case: ChipInspection) -> Iterator[str]:
    infos = security_infos_of(case)
    yield from () if infos is None else (info.hash for info in infos.active_authentication)


def _terminal_authentication(
    case: ChipInspection, access: Access, terminal: Terminal, today: date
) -> Protocol[None]:
    trial = case.terminal_authentication
    if case.chip_authentication.held is not True:
        return  # §7.1: without chip authentication there is no terminal key to sign for
    trial.offered = True
    if not terminal.valid_on(today):
        trial.fail("TERMINAL_CERTIFICATE_EXPIRED")  # a chip's own date may lie behind and let it pass
        return
    yield Progress("terminal authentication", 0, 1)
    try:
        yield from terminal_auth.terminal_authentication(terminal, access.chip_identity, case.terminal_key)
    except ChannelLost:
        raise
    except (ChipError, FileError) as error:
        trial.fail(error.reason)
        return
    trial.held, trial.method = True, terminal.name
    yield Progress("terminal authentication", 1, 1)

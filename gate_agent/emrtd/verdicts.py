"""From what was read and proven to one result per check, each with its clause.

A proof of the chip counts only where passive authentication passed and covers the key that it was made
with: anybody can make a key pair and a chip that proves it (Doc 9303-11 §5-7). What a document does not offer
is not done, without a reason.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from gate_agent.emrtd.chip import pace
from gate_agent.emrtd.chip.files import ElementaryFile
from gate_agent.emrtd.lds.lds import EF_DG1, EF_DG2, EF_SOD, CommonData
from gate_agent.emrtd.lds.lds_files import DATA_GROUPS, EF_DG14, EF_DG15
from gate_agent.emrtd.lds.mrz import Mrz
from gate_agent.emrtd.reading import ChipInspection, Trial, security_infos_of
from gate_agent.emrtd.trust.passive_auth import authenticate, compare_hashes
from gate_agent.emrtd.trust.trust import TrustStore
from gate_agent.evidence import CheckResult, Outcome

CHECKS = (
    "chip_access",
    "chip_read",
    "passive_authentication",
    "dg_hashes",
    "dg1_matches_mrz",
    "chip_authentication",
    "active_authentication",
    "terminal_authentication",
)


@dataclass(frozen=True, slots=True)
class Parsed:
    """The files that were understood."""

    com: CommonData | None
    dg1: Mrz | None


def judge(
    case: ChipInspection, parsed: Parsed, printed: Mrz | None, trust: TrustStore, at: datetime
) -> tuple[CheckResult, ...]:
    """Every check of :data:`CHECKS`, in their order."""
    read, signed, hashes, same = judge_data(case, parsed, printed, trust, at)
    chip = _chip_authentication(case, signed, hashes, trust, at)
    return (
        _chip_access(case, signed, hashes),
        read,
        signed,
        hashes,
        same,
        chip,
        _active_authentication(case, signed, hashes),
        _terminal_authentication(case, chip),
    )


def judge_data(
    case: ChipInspection, parsed: Parsed, printed: Mrz | None, trust: TrustStore, at: datetime
) -> tuple[CheckResult, CheckResult, CheckResult, CheckResult]:
    """The checks that need the files only: read, signed, unaltered, the same as the printed page."""
    return (
        _chip_read(case),
        _with_known_defects(_passive_authentication(case, trust, at), case, parsed, trust),
        _data_group_hashes(case, parsed),
        _dg1_matches_mrz(case, parsed, printed),
    )


def not_done(checks: tuple[str, ...], reason: str) -> tuple[CheckResult, ...]:
    return tuple(CheckResult(check, Outcome.NOT_DONE, (reason,)) for check in checks)


def _chip_read(case: ChipInspection) -> CheckResult:
    reasons = tuple(dict.fromkeys(case.problems.values()))
    return CheckResult(
        check="chip_read",
        outcome=Outcome.FAILED if reasons else Outcome.PASSED,
        reasons=reasons,
        measured={
            "files": ",".join(sorted(case.files)),
            "bytes": sum(len(raw) for raw in case.files.values()),
            **{f"problem_{name}": reason for name, reason in case.problems.items()},
        },
        clause="Doc 9303-10 §4",
    )


# ---------------------------------------------------------------- access


def _chip_access(case: ChipInspection, signed: CheckResult, hashes: CheckResult) -> CheckResult:
    """Whether the chip was opened as well as it can be: EF.CardAccess is not signed, DG14 is."""
    assert case.access is not None
    reason = _downgrade(case, _is_authentic(14, signed, hashes))
    return CheckResult(
        check="chip_access",
        outcome=Outcome.INCONCLUSIVE if reason else Outcome.PASSED,
        reasons=(reason,) if reason else (),
        measured={"procedure": case.access.procedure, "protocol": case.access.protocol},
        clause="Doc 9303-11 §4.2",
    )


def _downgrade(case: ChipInspection, authentic: bool) -> str:
    access, infos = case.access, security_infos_of(case) if authentic else None
    assert access is not None
    if access.procedure == "BAC":
        if infos is not None:
            return "PACE_DOWNGRADE" if pace.choose(infos) is not None else ""
        if access.downgraded == "PACE_UNSUPPORTED":
            return access.downgraded
        return "PACE_DOWNGRADE" if access.downgraded else ""
    if infos is None or not infos.pace or access.infos is None:
        return ""
    # What PACE was run by must be what the issuer wrote; a weaker offer may have been put in its place.
    return "" if set(infos.pace) == set(access.infos.pace) else "CARD_ACCESS_ALTERED"


# ---------------------------------------------------------------- the data


def _passive_authentication(case: ChipInspection, trust: TrustStore, at: datetime) -> CheckResult:
    if case.sod is None:
        # A security object that is there but cannot be understood has failed; one not read was not checked.
        outcome = Outcome.FAILED if EF_SOD.name in case.files else Outcome.NOT_DONE
        return CheckResult("passive_authentication", outcome, (why_missing(case, EF_SOD),))
    return authenticate(case.sod, trust, at)


def _with_known_defects(
    signed: CheckResult, case: ChipInspection, parsed: Parsed, trust: TrustStore
) -> CheckResult:
    """Name what the issuer knows to be wrong with this document (Doc 9303-12 §9). The outcome stays."""
    if parsed.dg1 is None or case.sod is None:
        return signed
    signer = next(iter(case.sod.certificates), None)
    defects = trust.known_defects(parsed.dg1.document_number, parsed.dg1.document_code, signer)
    if not defects:
        return signed
    return replace(signed, measured={**signed.measured, "known_defects": ",".join(defects)})


def _data_group_hashes(case: ChipInspection, parsed: Parsed) -> CheckResult:
    if case.sod is None:
        return CheckResult("dg_hashes", Outcome.NOT_DONE, (why_missing(case, EF_SOD),))
    read = {n: case.files[f.name] for n, f in DATA_GROUPS.items() if f.name in case.files}
    compared = compare_hashes(case.sod, read, () if parsed.com is None else parsed.com.data_groups)
    unread = tuple(why_missing(case, file) for file in (EF_DG1, EF_DG2) if file.name not in case.files)
    if compared.outcome is Outcome.PASSED and unread:
        return CheckResult(
            "dg_hashes", Outcome.INCONCLUSIVE, unread, compared.measured, clause=compared.clause
        )
    return compared


def _dg1_matches_mrz(case: ChipInspection, parsed: Parsed, printed: Mrz | None) -> CheckResult:
    if printed is None:
        return CheckResult("dg1_matches_mrz", Outcome.NOT_DONE, ("MRZ_NOT_READ",))
    if parsed.dg1 is None:
        return CheckResult("dg1_matches_mrz", Outcome.NOT_DONE, (why_missing(case, EF_DG1),))
    differences = parsed.dg1.differences(printed)
    return CheckResult(
        check="dg1_matches_mrz",
        outcome=Outcome.FAILED if differences else Outcome.PASSED,
        reasons=("DG1_MRZ_MISMATCH",) if differences else (),
        measured={"differing": ",".join(differences), "repaired": ",".join(printed.repaired)},
        clause="Doc 9303-10 §4.7.1",
    )


def why_missing(case: ChipInspection, file: ElementaryFile) -> str:
    return case.problems.get(file.name) or case.problems.get("channel") or "CHIP_READING_INTERRUPTED"


# ---------------------------------------------------------------- proofs


def _is_authentic(number: int, signed: CheckResult, hashes: CheckResult) -> bool:
    """Whether a trusted issuer signed this data group as it was read."""
    return signed.outcome is Outcome.PASSED and hashes.measured.get(f"dg{number}") == "match"


def _chip_authentication(
    case: ChipInspection, signed: CheckResult, hashes: CheckResult, trust: TrustStore, at: datetime
) -> CheckResult:
    """One check for both ways: the protocol with DG14's key, or the mapping with EF.CardSecurity's."""
    mapping, protocol = case.chip_mapping, case.chip_authentication
    if mapping.offered and (mapping.held is False or not protocol.offered):
        authentic = case.card_security is not None and (
            authenticate(case.card_security, trust, at).outcome is Outcome.PASSED
        )
        return _proof("chip_authentication", mapping, authentic, "CAM", "Doc 9303-11 §4.4.3.5")
    if not protocol.offered and EF_DG14.name in case.problems:
        return _withheld(case, "chip_authentication", EF_DG14)
    authentic = _is_authentic(14, signed, hashes)
    return _proof("chip_authentication", protocol, authentic, "CA", "Doc 9303-11 §6.2")


def _active_authentication(case: ChipInspection, signed: CheckResult, hashes: CheckResult) -> CheckResult:
    if not case.active_authentication.offered and EF_DG15.name in case.problems:
        return _withheld(case, "active_authentication", EF_DG15)
    authentic = _is_authentic(15, signed, hashes)
    return _proof("active_authentication", case.active_authentication, authentic, "AA", "Doc 9303-11 §6.1")


def _terminal_authentication(case: ChipInspection, chip: CheckResult) -> CheckResult:
    authentic = chip.outcome is Outcome.PASSED
    return _proof(
        "terminal_authentication", case.terminal_authentication, authentic, "TA", "Doc 9303-11 §7.1"
    )


def _withheld(case: ChipInspection, check: str, file: ElementaryFile) -> CheckResult:
    """The issuer signed a key for this, and the chip does not give it: as a copy would do."""
    return CheckResult(check, Outcome.FAILED, (case.problems[file.name],), {"file": file.name})


def _proof(check: str, trial: Trial, authentic: bool, procedure: str, clause: str) -> CheckResult:
    measured = {"procedure": procedure, "method": trial.method}
    if not trial.offered:
        return CheckResult(check, Outcome.NOT_DONE, clause=clause)
    if trial.held is None:
        return CheckResult(check, Outcome.NOT_DONE, ("CHIP_READING_INTERRUPTED",), measured, clause=clause)
    if not trial.held:
        return CheckResult(check, Outcome.FAILED, (trial.problem,), measured, clause=clause)
    if not authentic:
        return CheckResult(check, Outcome.INCONCLUSIVE, ("CHIP_KEY_NOT_AUTHENTIC",), measured, clause=clause)
    return CheckResult(check, Outcome.PASSED, (), measured, clause=clause)

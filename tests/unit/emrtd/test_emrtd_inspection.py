"""A whole inspection without a wire: genuine and false passports, chips with quirks, hostile chips."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gate_agent import emrtd
from gate_agent.devices import CardLost, DeviceError, DeviceTimeout, GarbledReading
from gate_agent.emrtd.chip.exchange import ExchangeCancelled, Transmit, run
from gate_agent.emrtd.chip.protocol import Progress
from gate_agent.emrtd.coding import tlv
from gate_agent.emrtd.coding.reasons import REASONS
from gate_agent.emrtd.inspection import CHECKS, Inspection, inspect, interrupted
from gate_agent.emrtd.lds.mrz import Mrz, MrzKey, parse
from gate_agent.emrtd.trust.deviation_list import Deviation
from gate_agent.emrtd.trust.trust import TrustStore
from gate_agent.emrtd.trust.trust_directory import load_trust_directory
from gate_agent.evidence import Outcome
from gate_simulators.chip.card import Chip
from gate_simulators.chip.profile import PROFILES
from gate_simulators.issuer.passports import Passport, PassportOffice, Variant

TODAY = date(2026, 6, 1)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PHOTOGRAPH = np.tile(np.arange(240, dtype=np.uint8)[:, None, None], (1, 180, 3))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> PassportOffice:
    return PassportOffice(tmp_path_factory.mktemp("office"), seed=5, today=TODAY)


@pytest.fixture(scope="module")
def trust(office: PassportOffice, tmp_path_factory: pytest.TempPathFactory) -> TrustStore:
    directory = tmp_path_factory.mktemp("trust")
    office.write_trust_directory(directory)
    return load_trust_directory(directory)


@pytest.fixture(scope="module")
def passport(office: PassportOffice) -> Passport:
    return issue(office)


def issue(office: PassportOffice, variant: Variant = Variant.GENUINE) -> Passport:
    return office.issue("ERIKSSON", "ANNA MARIA", PHOTOGRAPH, date(1980, 8, 12), variant=variant)


def in_the_air(chip: Chip) -> Transmit:
    return lambda command, timeout_s: chip.process(command)


def inspected(
    transmit: Transmit, trust: TrustStore, printed: Mrz, *, key: MrzKey | None = None, at: datetime = NOW
) -> Inspection:
    inspection = run(inspect(key or printed.key(), printed, trust, at), transmit)
    assert tuple(result.check for result in inspection.results) == CHECKS
    assert {reason for result in inspection.results for reason in result.reasons} <= set(REASONS)
    for result in inspection.results:
        # A reason for everything but what passed, and what the document does not offer.
        not_offered = result.outcome is Outcome.NOT_DONE and result.check in CHECKS[5:]
        assert not_offered or (result.outcome is Outcome.PASSED) == (not result.reasons)
    return inspection


def outcomes(inspection: Inspection) -> dict[str, tuple[str, tuple[str, ...]]]:
    """What was found wrong, or could not be done; not what the document does not offer."""
    return {
        r.check: (r.outcome.value, r.reasons)
        for r in inspection.results
        if r.outcome is not Outcome.PASSED and (r.reasons or r.outcome is not Outcome.NOT_DONE)
    }


# ---------------------------------------------------------------- passports


def test_a_genuine_passport_passes_every_check(passport: Passport, trust: TrustStore) -> None:
    printed = parse(passport.lines)
    inspection = inspected(in_the_air(passport.chip()), trust, printed)
    assert outcomes(inspection) == {}
    assert (inspection.access, inspection.dg1) == ("BAC", printed)
    assert inspection.portrait is not None and inspection.portrait.image in passport.files["DG2"]
    assert sorted(inspection.digests) == ["COM", "DG1", "DG2", "SOD"]


@pytest.mark.parametrize(
    ("variant", "check", "reason"),
    [
        (Variant.TAMPERED_PORTRAIT, "dg_hashes", "DG_HASH_MISMATCH"),
        (Variant.FORGED_SOD, "passive_authentication", "SOD_SIGNATURE_INVALID"),
        (Variant.UNKNOWN_CSCA, "passive_authentication", "CSCA_UNKNOWN"),
        (Variant.IMPERSONATED_CSCA, "passive_authentication", "CSCA_UNKNOWN"),
        (Variant.SIGNER_EXPIRED, "passive_authentication", "DSC_EXPIRED_AT_SIGNING"),
    ],
)
def test_a_false_passport_fails_the_check_that_is_for_it(
    office: PassportOffice, trust: TrustStore, variant: Variant, check: str, reason: str
) -> None:
    passport = issue(office, variant)
    if variant is Variant.TAMPERED_PORTRAIT:
        other = np.flipud(PHOTOGRAPH)
        passport = office.issue(
            "ERIKSSON", "ANNA MARIA", PHOTOGRAPH, date(1980, 8, 12), variant=variant, substitute=other
        )
    inspection = inspected(in_the_air(passport.chip()), trust, parse(passport.lines))
    assert outcomes(inspection) == {check: ("failed", (reason,))}


def test_an_expired_document_is_still_authentic(office: PassportOffice, trust: TrustStore) -> None:
    passport = issue(office, Variant.EXPIRED_DOCUMENT)
    assert outcomes(inspected(in_the_air(passport.chip()), trust, parse(passport.lines))) == {}


def test_a_chip_behind_another_page(office: PassportOffice, trust: TrustStore, passport: Passport) -> None:
    """The printed name was altered; the fields that open the chip were not."""
    altered = (passport.lines[0].replace("ERIKSSON", "ERIKSSEN"), passport.lines[1])
    inspection = inspected(in_the_air(passport.chip()), trust, parse(altered))
    assert outcomes(inspection) == {"dg1_matches_mrz": ("failed", ("DG1_MRZ_MISMATCH",))}
    assert inspection.result("dg1_matches_mrz").measured["differing"] == "primary_identifier"


def test_another_key_does_not_open_the_chip(passport: Passport, trust: TrustStore) -> None:
    printed = parse(passport.lines)
    wrong = MrzKey("X00000000", printed.date_of_birth, printed.date_of_expiry)
    inspection = inspected(in_the_air(passport.chip()), trust, printed, key=wrong)
    assert outcomes(inspection)["chip_access"] == ("failed", ("CHIP_ACCESS_DENIED",))
    assert {outcome for outcome, _ in outcomes(inspection).values()} == {"failed", "not_done"}
    assert inspection.dg1 is None and inspection.portrait is None


def test_without_a_printed_zone_there_is_nothing_to_compare(passport: Passport, trust: TrustStore) -> None:
    key = parse(passport.lines).key()
    inspection = run(inspect(key, None, trust, NOW), in_the_air(passport.chip()))
    assert outcomes(inspection) == {"dg1_matches_mrz": ("not_done", ("MRZ_NOT_READ",))}


# ---------------------------------------------------------------- manners


@pytest.mark.parametrize("profile", PROFILES)
def test_every_chip_profile_is_read(profile: str, passport: Passport, trust: TrustStore) -> None:
    inspection = inspected(in_the_air(passport.chip(PROFILES[profile])), trust, parse(passport.lines))
    assert outcomes(inspection) == {}


def hiding_short_identifiers(chip: Chip) -> Transmit:
    """A chip that does not know short file identifiers, and ends the channel when asked by one."""
    commands = 0

    def transmit(command: bytes, timeout_s: float) -> bytes:
        nonlocal commands
        commands += 1
        if command[1] == 0xB0 and command[2] & 0x80:
            chip.process(b"\x00\x84\x00\x00\x08")  # a plain command: the chip forgets its channel
            return b"\x6a\x86"
        return chip.process(command)

    return transmit


def test_a_broken_channel_is_opened_again_without_the_habit_that_broke_it(
    passport: Passport, trust: TrustStore
) -> None:
    inspection = inspected(hiding_short_identifiers(passport.chip()), trust, parse(passport.lines))
    assert outcomes(inspection) == {}


def test_a_chip_that_breaks_every_channel_is_given_up(passport: Passport, trust: TrustStore) -> None:
    chip = passport.chip()

    def transmit(command: bytes, timeout_s: float) -> bytes:
        return b"\x67\x00" if command[0] == 0x0C else chip.process(command)

    inspection = inspected(transmit, trust, parse(passport.lines))
    assert outcomes(inspection)["chip_read"] == ("failed", ("CHIP_CHANNEL_LOST",))
    assert outcomes(inspection)["passive_authentication"] == ("not_done", ("CHIP_CHANNEL_LOST",))


# ---------------------------------------------------------------- bad files


def with_file(passport: Passport, name: str, content: bytes | None) -> Transmit:
    files = {n: c for n, c in passport.files.items() if n != name}
    if content is not None:
        files[name] = content
    return in_the_air(Chip(files, parse(passport.lines).key().information))


@pytest.mark.parametrize("name", ["EF.COM", "EF.SOD", "DG1", "DG2"])
def test_a_missing_file_is_named_and_the_others_are_still_judged(
    name: str, passport: Passport, trust: TrustStore
) -> None:
    inspection = inspected(with_file(passport, name, None), trust, parse(passport.lines))
    assert outcomes(inspection)["chip_read"] == ("failed", ("CHIP_FILE_MISSING",))
    passed = inspection.result("passive_authentication").outcome is Outcome.PASSED
    assert passed == (name != "EF.SOD")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("EF.COM", b"\x60\x03\x5c\x05\x61", "CHIP_FILE_MALFORMED"),
        ("EF.SOD", tlv.encode(0x77, b"\x30\x80\x00\x00"), "SOD_MALFORMED"),
        ("EF.SOD", tlv.encode(0x76, b"\x00"), "CHIP_FILE_MALFORMED"),
        ("DG1", tlv.encode(0x61, tlv.encode(0x5F1F, b"<" * 88)), "CHIP_FILE_MALFORMED"),
        ("DG1", tlv.encode(0x61, tlv.encode(0x5F1F, b"\xff" * 88)), "CHIP_FILE_MALFORMED"),
        ("DG1", tlv.encode(0x61, bytes(1100)), "CHIP_FILE_TOO_LARGE"),
        ("DG2", tlv.encode(0x75, tlv.encode(0x7F61, b"\x02\x01\x00")), "CHIP_FILE_MALFORMED"),
        ("DG2", b"\x75\x83\x10\x00\x00\x00", "CHIP_FILE_TOO_LARGE"),
        ("DG2", b"\x75\x82\x10\x00\x00\x00", "CHIP_FILE_MALFORMED"),
        ("DG2", b"\x75\x80\x00\x00", "CHIP_FILE_MALFORMED"),
    ],
)
def test_a_malformed_file_is_a_result_and_not_an_error(
    name: str, content: bytes, reason: str, passport: Passport, trust: TrustStore
) -> None:
    inspection = inspected(with_file(passport, name, content), trust, parse(passport.lines))
    assert outcomes(inspection)["chip_read"] == ("failed", (reason,))


# ---------------------------------------------------------------- hostile chips


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_a_chip_answers_there_is_a_result(
    data: st.DataObject, passport: Passport, trust: TrustStore
) -> None:
    """Answers replaced, cut or garbled anywhere: a result, or to be presented again; never passed by it."""
    chip, printed = passport.chip(), parse(passport.lines)
    strike = data.draw(st.integers(0, 14))
    kind = data.draw(st.sampled_from(["garbage", "status", "flip", "empty"]))
    count = -1

    def transmit(command: bytes, timeout_s: float) -> bytes:
        nonlocal count
        count += 1
        answer = chip.process(command)
        if count != strike:
            return answer
        if kind == "garbage":
            return data.draw(st.binary(min_size=2, max_size=300))
        if kind == "status":
            return data.draw(st.sampled_from([0x6700, 0x6982, 0x6988, 0x6A82, 0x6C10, 0x6282])).to_bytes(
                2, "big"
            )
        if kind == "flip":
            position = data.draw(st.integers(0, len(answer) - 1))
            return answer[:position] + bytes([answer[position] ^ 0x10]) + answer[position + 1 :]
        return b"\x90\x00"

    try:
        inspection = inspected(transmit, trust, printed)
    except CardLost as lost:  # it was opened, broke its channel, and was not opened again
        inspection = interrupted(lost)
    if inspection.dg1 is not None:
        assert inspection.dg1 == printed


def test_a_chip_in_the_clear_gets_no_credit(passport: Passport, trust: TrustStore) -> None:
    """A relay that strips secure messaging and answers with the genuine plain files."""
    clear = Chip(passport.files, None)

    def transmit(command: bytes, timeout_s: float) -> bytes:
        if command[1] in (0x84, 0x82):
            return bytes(8 if command[1] == 0x84 else 40) + b"\x90\x00"
        return clear.process(command)

    inspection = inspected(transmit, trust, parse(passport.lines))
    assert outcomes(inspection)["chip_access"] == ("failed", ("CHIP_ACCESS_DENIED",))


# ---------------------------------------------------------------- the exchange


def test_progress_is_reported_in_order(passport: Passport, trust: TrustStore) -> None:
    seen: list[Progress] = []
    printed = parse(passport.lines)
    run(inspect(printed.key(), printed, trust, NOW), in_the_air(passport.chip()), on_progress=seen.append)
    steps = list(dict.fromkeys(progress.step for progress in seen))
    assert steps == ["access", "EF.SOD", "EF.COM", "EF.DG1", "EF.DG2", "verify"]
    assert all(0 <= progress.done <= progress.total for progress in seen)


def test_a_chip_that_is_just_in_time_every_time_runs_out_of_budget(
    passport: Passport, trust: TrustStore
) -> None:
    chip, printed, now = passport.chip(), parse(passport.lines), [0.0]
    limits: list[float] = []

    def slow(command: bytes, timeout_s: float) -> bytes:
        limits.append(timeout_s)
        now[0] += 2.0
        return chip.process(command)

    with pytest.raises(DeviceTimeout) as caught:
        run(
            inspect(printed.key(), printed, trust, NOW),
            slow,
            step_timeout_s=3.0,
            budget_s=17.0,
            clock=lambda: now[0],
        )
    assert caught.value.field.startswith("EF.")
    assert limits == [3.0] * 8 + [1.0]


def test_cancellation_ends_between_two_commands(passport: Passport, trust: TrustStore) -> None:
    answers: Iterator[bool] = iter([False, False, False, True])
    printed = parse(passport.lines)
    with pytest.raises(ExchangeCancelled):
        run(
            inspect(printed.key(), printed, trust, NOW),
            in_the_air(passport.chip()),
            cancelled=lambda: next(answers),
        )


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (CardLost("gone"), "CARD_LOST"),
        (DeviceTimeout("silent"), "CHIP_TIMEOUT"),
        (DeviceError("broken"), "READER_FAULT"),
    ],
)
def test_the_readers_errors_pass_through_and_become_a_result_there(
    error: DeviceError, reason: str, passport: Passport, trust: TrustStore
) -> None:
    printed = parse(passport.lines)

    def failing(command: bytes, timeout_s: float) -> bytes:
        raise error

    with pytest.raises(type(error)) as caught:
        run(inspect(printed.key(), printed, trust, NOW), failing)
    inspection = interrupted(caught.value)
    assert tuple(result.check for result in inspection.results) == CHECKS
    assert inspection.result("chip_read").reasons == (reason, "CHIP_UNREADABLE")
    assert all(reason in result.reasons for result in inspection.results)


def test_a_response_that_is_none_is_the_readers_fault(passport: Passport, trust: TrustStore) -> None:
    printed = parse(passport.lines)
    with pytest.raises(GarbledReading):
        run(inspect(printed.key(), printed, trust, NOW), lambda command, timeout_s: b"\x90")


def test_a_known_defect_is_named_and_excuses_nothing(passport: Passport, trust: TrustStore) -> None:
    printed = parse(passport.lines)
    country = next(a.country for a in trust.anchors if a.country.startswith("UT"))
    known = replace(trust, deviations=(Deviation(("LDS-DGMalformed",), country),))
    inspection = inspected(with_file(passport, "DG2", b"\x75\x00"), known, printed)
    assert inspection.result("passive_authentication").measured["known_defects"] == "LDS-DGMalformed"
    assert outcomes(inspection)["dg_hashes"] == ("failed", ("DG_HASH_MISMATCH",))


def test_every_reason_code_in_the_room_is_explained() -> None:
    room = Path(next(iter(emrtd.__path__)))
    used = {
        code
        for module in room.glob("*.py")
        for code in re.findall(r'"([A-Z0-9]+(?:_[A-Z0-9]+)+)"', module.read_text())
    }
    assert used - set(REASONS) == set()


def test_a_reader_that_raises_stop_iteration_does_not_look_like_a_result(
    passport: Passport, trust: TrustStore
) -> None:
    printed, no_answers = parse(passport.lines), iter(())
    with pytest.raises(StopIteration):
        run(inspect(printed.key(), printed, trust, NOW), lambda command, timeout_s: next(no_answers))

"""Whole inspections of chips that open by PACE and prove themselves: every variant, and every way to fail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gate_agent.devices import CardLost
from gate_agent.emrtd.chip.access import AccessPolicy
from gate_agent.emrtd.chip.exchange import Transmit, run
from gate_agent.emrtd.chip.password import Password
from gate_agent.emrtd.chip.terminal_auth import load_terminal
from gate_agent.emrtd.inspection import Inspection, inspect
from gate_agent.emrtd.lds.mrz import MrzKey, parse
from gate_agent.emrtd.reading import Plan, Reading
from gate_agent.emrtd.trust.trust import TrustStore
from gate_agent.emrtd.trust.trust_directory import load_trust_directory
from gate_agent.evidence import Outcome
from gate_simulators.chip.card import Chip
from gate_simulators.chip.profile import PROFILES
from gate_simulators.chip.protocols import Cipher, NonceMapping
from gate_simulators.issuer.chip_security import ACTIVE_KEYS, ChipSecurity, KeyChoice, pace_offer
from gate_simulators.issuer.passports import Passport, PassportOffice, Variant

TODAY = date(2026, 6, 1)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PHOTOGRAPH = np.random.default_rng(4).integers(0, 256, (240, 180, 3), dtype=np.uint8)
GM, IM, CAM = NonceMapping.GENERIC, NonceMapping.INTEGRATED, NonceMapping.CHIP_AUTHENTICATION
BOTH = ChipSecurity(pace=(pace_offer(12),), chip_keys=(KeyChoice(12),))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> PassportOffice:
    return PassportOffice(tmp_path_factory.mktemp("office"), seed=5, today=TODAY)


@pytest.fixture(scope="module")
def trust(office: PassportOffice, tmp_path_factory: pytest.TempPathFactory) -> TrustStore:
    directory = tmp_path_factory.mktemp("trust")
    office.write_trust_directory(directory)
    return load_trust_directory(directory)


def issue(
    office: PassportOffice, security: ChipSecurity, variant: Variant = Variant.GENUINE, **more: object
) -> Passport:
    return office.issue(
        "ERIKSSON",
        "ANNA MARIA",
        PHOTOGRAPH,
        date(1980, 8, 12),
        security=security,
        variant=variant,
        **more,  # pyright: ignore[reportArgumentType]
    )


def in_the_air(chip: Chip) -> Transmit:
    return lambda command, timeout_s: chip.process(command)


def inspected(
    passport: Passport,
    trust: TrustStore,
    transmit: Transmit | None = None,
    *,
    key: MrzKey | Password | None = None,
    plan: Plan | None = None,
    reading: Reading | None = None,
    at: datetime = NOW,
) -> Inspection:
    printed = parse(passport.lines)
    protocol = inspect(key or printed.key(), printed, trust, at, plan=plan or Plan(), reading=reading)
    return run(protocol, transmit or in_the_air(passport.chip()))


def wrong(inspection: Inspection) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {
        r.check: (r.outcome.value, r.reasons)
        for r in inspection.results
        if r.reasons or r.outcome is Outcome.FAILED
    }


# ---------------------------------------------------------------- every variant


VARIANTS = [
    *[(13, mapping, cipher) for mapping, cipher in product((GM, IM), Cipher)],
    *[(0, mapping, cipher) for mapping, cipher in product((GM, IM), (Cipher.TRIPLE_DES, Cipher.AES_128))],
    *[(13, CAM, cipher) for cipher in (Cipher.AES_128, Cipher.AES_192, Cipher.AES_256)],
    *[(number, GM, Cipher.AES_256) for number in (1, 2, 8, 9, 10, 11, 14, 15, 16, 17, 18)],
    (18, IM, Cipher.AES_256),
    (15, CAM, Cipher.AES_256),
]


@pytest.mark.parametrize(("number", "mapping", "cipher"), VARIANTS)
def test_pace_with_every_domain_mapping_and_cipher(
    number: int, mapping: NonceMapping, cipher: Cipher, office: PassportOffice, trust: TrustStore
) -> None:
    passport = issue(office, ChipSecurity(pace=(pace_offer(number, mapping, cipher),)))
    inspection = inspected(passport, trust)
    assert wrong(inspection) == {}
    assert inspection.access == ("PACE-CAM" if mapping is CAM else "PACE")
    proven = inspection.result("chip_authentication")
    assert (proven.outcome is Outcome.PASSED) == (mapping is CAM)


@pytest.mark.parametrize("number", [0, 1, 2, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18])
def test_chip_authentication_in_every_domain(number: int, office: PassportOffice, trust: TrustStore) -> None:
    cipher = Cipher.TRIPLE_DES if number in (0, 8) else Cipher.AES_256
    passport = issue(office, ChipSecurity(chip_keys=(KeyChoice(number, (cipher,)),)))
    inspection = inspected(passport, trust)
    assert wrong(inspection) == {}
    assert inspection.result("chip_authentication").outcome is Outcome.PASSED


def test_the_strongest_of_several_chip_keys_is_used(office: PassportOffice, trust: TrustStore) -> None:
    keys = (
        KeyChoice(12, (Cipher.TRIPLE_DES,), key_id=1),
        KeyChoice(16, (Cipher.AES_128, Cipher.AES_256), key_id=2, standardized=True),
    )
    inspection = inspected(issue(office, ChipSecurity(pace=(pace_offer(13),), chip_keys=keys)), trust)
    assert wrong(inspection) == {}
    assert inspection.result("chip_authentication").measured["method"] == "CA-ECDH-AES-256"


@pytest.mark.parametrize("active", ACTIVE_KEYS)
def test_active_authentication_with_every_key(active: str, office: PassportOffice, trust: TrustStore) -> None:
    inspection = inspected(issue(office, ChipSecurity(active=active)), trust)
    assert wrong(inspection) == {}
    result = inspection.result("active_authentication")
    assert result.outcome is Outcome.PASSED
    assert str(result.measured["method"]).startswith(active.partition("-")[0])


@pytest.mark.parametrize("kind", ["can", "pin"])
def test_pace_with_other_passwords(kind: str, office: PassportOffice, trust: TrustStore) -> None:
    passport = issue(office, ChipSecurity(pace=(pace_offer(12),), pin=True))
    number = getattr(passport.secrets, kind)
    password = Password.from_can(number) if kind == "can" else Password.from_pin(number)
    assert wrong(inspected(passport, trust, key=password)) == {}
    other = Password.from_can("000000") if kind == "can" else Password.from_pin("000000")
    refused = inspected(passport, trust, key=other)
    assert wrong(refused)["chip_access"] == ("failed", ("CHIP_ACCESS_DENIED",))


# ---------------------------------------------------------------- downgrades


def without(passport: Passport, *names: str, **secrets: object) -> Chip:
    files = {name: content for name, content in passport.files.items() if name not in names}
    return Chip(files, replace(passport.secrets, **secrets))


def test_hiding_ef_card_access_is_a_downgrade(office: PassportOffice, trust: TrustStore) -> None:
    """Whoever sits in between answers "no such file": BAC opens the chip, and signed DG14 tells on it."""
    passport = issue(office, BOTH)
    inspection = inspected(passport, trust, in_the_air(without(passport, "EF.CardAccess")))
    assert wrong(inspection) == {"chip_access": ("inconclusive", ("PACE_DOWNGRADE",))}
    assert inspection.result("chip_access").measured["procedure"] == "BAC"


def breaking_pace(chip: Chip) -> Transmit:
    return lambda command, timeout_s: b"\x6f\x00" if command[1] == 0x86 else chip.process(command)


def test_bac_does_not_follow_a_failed_pace(office: PassportOffice, trust: TrustStore) -> None:
    passport = issue(office, replace(BOTH, bac=False))
    assert wrong(inspected(passport, trust)) == {}
    inspection = inspected(passport, trust, breaking_pace(passport.chip()))
    assert wrong(inspection)["chip_access"] == ("failed", ("CHIP_UNREADABLE",))
    assert inspection.dg1 is None


def test_where_the_policy_lets_it_follow_that_is_evidence(office: PassportOffice, trust: TrustStore) -> None:
    passport = issue(office, ChipSecurity(pace=(pace_offer(12),)))
    plan = Plan(access=AccessPolicy(bac_after_pace=True))
    inspection = inspected(passport, trust, breaking_pace(passport.chip()), plan=plan)
    assert wrong(inspection) == {"chip_access": ("inconclusive", ("PACE_DOWNGRADE",))}
    assert inspection.dg1 is not None


def test_another_offer_than_the_issuers_is_evidence(office: PassportOffice, trust: TrustStore) -> None:
    passport = issue(office, ChipSecurity(pace=(pace_offer(12), pace_offer(16, cipher=Cipher.AES_256))))
    weaker = issue(office, ChipSecurity(pace=(pace_offer(12),))).files["EF.CardAccess"]
    chip = Chip({**passport.files, "EF.CardAccess": weaker}, passport.secrets)
    inspection = inspected(passport, trust, in_the_air(chip))
    assert wrong(inspection) == {"chip_access": ("inconclusive", ("CARD_ACCESS_ALTERED",))}


def test_bac_can_be_forbidden_altogether(office: PassportOffice, trust: TrustStore) -> None:
    found = wrong(inspected(issue(office, ChipSecurity()), trust, plan=Plan(access=AccessPolicy(bac=False))))
    assert found["chip_access"] == ("failed", ("CHIP_ACCESS_UNSUPPORTED",))


# ---------------------------------------------------------------- copies


def test_a_copy_cannot_follow_chip_authentication(office: PassportOffice, trust: TrustStore) -> None:
    passport = issue(office, BOTH)
    others = issue(office, BOTH, document_number="X99999999").secrets.chip_keys
    copy = Chip(passport.files, replace(passport.secrets, chip_keys=others))
    inspection = inspected(passport, trust, in_the_air(copy))
    assert wrong(inspection) == {"chip_authentication": ("failed", ("CHIP_NOT_GENUINE",))}
    assert inspection.portrait is not None  # the officer still sees what the copy holds


def test_a_copy_without_the_protocol(office: PassportOffice, trust: TrustStore) -> None:
    passport = issue(office, BOTH)
    copy = Chip(passport.files, replace(passport.secrets, chip_keys=()))
    inspection = inspected(passport, trust, in_the_air(copy))
    assert wrong(inspection) == {"chip_authentication": ("failed", ("CHIP_NOT_GENUINE",))}


@pytest.mark.parametrize(
    ("name", "check"), [("DG14", "chip_authentication"), ("DG15", "active_authentication")]
)
def test_a_copy_that_hides_its_key(name: str, check: str, office: PassportOffice, trust: TrustStore) -> None:
    passport = issue(office, ChipSecurity(chip_keys=(KeyChoice(12),), active="ecdsa-p256"))
    found = wrong(inspected(passport, trust, in_the_air(without(passport, name))))
    assert found[check] == ("failed", ("CHIP_FILE_MISSING",))
    assert found["chip_read"] == ("failed", ("CHIP_FILE_MISSING",))


def test_a_copy_cannot_sign_the_challenge(office: PassportOffice, trust: TrustStore) -> None:
    passport = issue(office, ChipSecurity(active="rsa-1024-sha256"))
    other = issue(office, ChipSecurity(active="rsa-2048-sha512")).secrets.active_authentication
    for key in (other, None):
        copy = Chip(passport.files, replace(passport.secrets, active_authentication=key))
        found = wrong(inspected(passport, trust, in_the_air(copy)))
        assert found == {"active_authentication": ("failed", ("CHIP_NOT_GENUINE",))}


def test_a_copy_cannot_prove_the_mapping(office: PassportOffice, trust: TrustStore) -> None:
    passport = issue(office, ChipSecurity(pace=(pace_offer(13, CAM),)))
    copy = Chip(passport.files, replace(passport.secrets, mapping_key=12345))
    found = wrong(inspected(passport, trust, in_the_air(copy)))
    assert found == {"chip_authentication": ("failed", ("CHIP_NOT_GENUINE",))}


def test_a_forger_proves_the_forgers_keys_and_it_counts_for_nothing(
    office: PassportOffice, trust: TrustStore
) -> None:
    security = ChipSecurity(pace=(pace_offer(12),), chip_keys=(KeyChoice(12),), active="ecdsa-p256")
    found = wrong(inspected(issue(office, security, Variant.UNKNOWN_CSCA), trust))
    unproven = ("inconclusive", ("CHIP_KEY_NOT_AUTHENTIC",))
    assert found == {
        "passive_authentication": ("failed", ("CSCA_UNKNOWN",)),
        "chip_authentication": unproven,
        "active_authentication": unproven,
    }


# ---------------------------------------------------------------- terminals


def terminal_plan(office: PassportOffice, *, role: int = 0x03) -> Plan:
    holder, certificates = office.inspection_system(role)
    key = holder.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return Plan(data_groups=(3, 4), terminal=load_terminal(certificates, key))


TERMINAL = ChipSecurity(pace=(pace_offer(13),), chip_keys=(KeyChoice(13),), terminal=True)


@pytest.mark.parametrize("security", [TERMINAL, replace(TERMINAL, pace=())], ids=["PACE", "BAC"])
def test_terminal_authentication_opens_fingers_and_irises(
    security: ChipSecurity, office: PassportOffice, trust: TrustStore
) -> None:
    passport = issue(office, security, groups=(3, 4))
    inspection = inspected(passport, trust, plan=terminal_plan(office))
    assert wrong(inspection) == {}
    assert inspection.result("terminal_authentication").outcome is Outcome.PASSED
    assert {"DG3", "DG4"} <= inspection.digests.keys()


def test_rights_that_the_terminal_does_not_have(office: PassportOffice, trust: TrustStore) -> None:
    passport = issue(office, TERMINAL, groups=(3, 4))
    inspection = inspected(passport, trust, plan=terminal_plan(office, role=0x01))
    assert inspection.result("terminal_authentication").outcome is Outcome.PASSED
    assert "DG3" in inspection.digests and "DG4" not in inspection.digests
    assert wrong(inspection)["chip_read"] == ("failed", ("CHIP_FILE_UNREADABLE",))


def test_an_expired_terminal_is_turned_away(office: PassportOffice, trust: TrustStore) -> None:
    passport = issue(office, TERMINAL)
    later = NOW.replace(year=NOW.year + 2)
    found = wrong(inspected(passport, trust, plan=terminal_plan(office), at=later))
    assert found == {"terminal_authentication": ("failed", ("TERMINAL_CERTIFICATE_EXPIRED",))}


def test_a_terminal_of_another_state_is_turned_away(
    office: PassportOffice, trust: TrustStore, tmp_path: Path
) -> None:
    stranger = terminal_plan(PassportOffice(tmp_path, seed=99, today=TODAY))
    found = wrong(inspected(issue(office, TERMINAL), trust, plan=stranger))
    assert found == {"terminal_authentication": ("failed", ("TERMINAL_NOT_ACCEPTED",))}


# ---------------------------------------------------------------- reading


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_with_every_proof(profile: str, office: PassportOffice, trust: TrustStore) -> None:
    security = ChipSecurity(pace=(pace_offer(12),), chip_keys=(KeyChoice(12),), active="ecdsa-p256")
    passport = issue(office, security)
    assert wrong(inspected(passport, trust, in_the_air(passport.chip(PROFILES[profile])))) == {}


def counted(transmit: Transmit, counter: Counter[int]) -> Transmit:
    def counting(command: bytes, timeout_s: float) -> bytes:
        counter[command[1]] += 1
        return transmit(command, timeout_s)

    return counting


def test_extended_length_is_learned_from_the_chip(office: PassportOffice, trust: TrustStore) -> None:
    passport, instructions = issue(office, BOTH), Counter[int]()
    inspected(passport, trust, counted(in_the_air(passport.chip()), instructions))
    large = len(passport.files["DG2"])
    assert instructions[0xB0] <= 7 + -(-large // 8144)


def lost_after(chip: Chip, count: int) -> Transmit:
    remaining = iter(range(count))

    def transmit(command: bytes, timeout_s: float) -> bytes:
        if next(remaining, None) is None:
            raise CardLost("gone", field="chip")
        return chip.process(command)

    return transmit


def test_a_chip_that_is_presented_again_goes_on_where_it_was(
    office: PassportOffice, trust: TrustStore
) -> None:
    passport, reading = issue(office, BOTH), Reading()
    profile, whole, rest = PROFILES["reads-192"], Counter[int](), Counter[int]()
    inspected(passport, trust, counted(in_the_air(passport.chip(profile)), whole))
    with pytest.raises(CardLost):
        inspected(passport, trust, lost_after(passport.chip(profile), whole.total() - 10), reading=reading)
    kept = len(reading.partial["DG2"])
    assert kept > 1000
    again = inspected(passport, trust, counted(in_the_air(passport.chip(profile)), rest), reading=reading)
    assert wrong(again) == {}
    assert again.result("chip_authentication").outcome is Outcome.PASSED  # proven anew
    assert rest.total() < whole.total() - kept // 192


def test_another_chip_that_is_presented_is_read_from_the_start(
    office: PassportOffice, trust: TrustStore
) -> None:
    passport, reading = issue(office, BOTH), Reading()
    with pytest.raises(CardLost):
        inspected(passport, trust, lost_after(passport.chip(), 15), reading=reading)
    assert "DG1" in reading.files
    other = office.issue("ANDERSSON", "BO", PHOTOGRAPH[::-1], date(1970, 1, 1), security=BOTH)
    inspection = inspected(other, trust, reading=reading)
    assert wrong(inspection) == {}
    assert inspection.dg1 == parse(other.lines)


def altering(chip: Chip, at: int, change: Callable[[bytes], bytes]) -> Transmit:
    count = -1

    def transmit(command: bytes, timeout_s: float) -> bytes:
        nonlocal count
        count += 1
        answer = chip.process(command)
        return change(answer) if count == at else answer

    return transmit


@pytest.mark.parametrize("at", range(24))
def test_an_altered_answer_anywhere_is_never_all_well(
    at: int, office: PassportOffice, trust: TrustStore
) -> None:
    passport = issue(office, BOTH)
    inspection = inspected(
        passport, trust, altering(passport.chip(), at, lambda answer: answer[:-3] + b"\xff" + answer[-2:])
    )
    if inspection.dg1 is not None:
        assert inspection.dg1 == parse(passport.lines)

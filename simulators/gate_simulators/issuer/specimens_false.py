"""False passports, hostile chips and people in between: a gate must refuse every one of them."""

from __future__ import annotations

from dataclasses import replace

from gate_simulators.chip import interference
from gate_simulators.chip.link import LinkParameters
from gate_simulators.chip.profile import ORDINARY
from gate_simulators.chip.protocols import NonceMapping
from gate_simulators.issuer import alterations
from gate_simulators.issuer.chip_security import BAC_ONLY, PACE_AND_CA, ChipSecurity, KeyChoice, pace_offer
from gate_simulators.issuer.passports import Variant
from gate_simulators.issuer.sod import SodForm
from gate_simulators.issuer.specimens import Expected, Issue, Specimen

_PACE = Issue(security=PACE_AND_CA)
# Without chip authentication, so that whoever is in between meets the reading of files.
_OPENED = Issue(security=ChipSecurity(pace=(pace_offer(12),)))
_AA = Issue(security=replace(BAC_ONLY, active="rsa-1024-sha256"))
_CA = Issue(security=ChipSecurity(chip_keys=(KeyChoice(12),)))


def _caught(*checks: str, access: str = "BAC") -> Expected:
    return Expected(access, checks)


_FORGERIES = (
    Specimen(
        "swapped-portrait",
        "DG2 was exchanged after signing.",
        _caught("dg_hashes"),
        Issue(Variant.TAMPERED_PORTRAIT),
    ),
    Specimen(
        "forged-sod",
        "Signed with a key that is not the signer's.",
        _caught("passive_authentication"),
        Issue(Variant.FORGED_SOD),
    ),
    Specimen(
        "unknown-csca",
        "Sound, from a country that the border does not trust.",
        _caught("passive_authentication"),
        Issue(Variant.UNKNOWN_CSCA),
    ),
    Specimen(
        "impersonated-csca",
        "A false CSCA bears a trusted country's name.",
        _caught("passive_authentication"),
        Issue(Variant.IMPERSONATED_CSCA),
    ),
    Specimen(
        "signer-revoked",
        "Signed by a signer that a revocation list names.",
        _caught("passive_authentication"),
        Issue(Variant.SIGNER_REVOKED),
    ),
    Specimen(
        "signer-expired",
        "Signed after the signer's certificate had run out.",
        _caught("passive_authentication"),
        Issue(Variant.SIGNER_EXPIRED),
    ),
    Specimen(
        "altered-dg1",
        "One bit of DG1 is another.",
        _caught("dg_hashes"),
        alteration=alterations.flipped("DG1"),
    ),
    Specimen(
        "altered-dg14",
        "One bit of DG14 is another.",
        _caught("dg_hashes", access="PACE"),
        _PACE,
        alterations.flipped("DG14"),
    ),
    Specimen(
        "altered-sod",
        "One bit of EF.SOD is another.",
        _caught("passive_authentication"),
        alteration=alterations.flipped("EF.SOD"),
    ),
    Specimen(
        "other-bearer",
        "A genuine chip in another's booklet.",
        _caught("dg1_matches_mrz"),
        alteration=alterations.other_bearer,
    ),
    Specimen(
        "dg-missing",
        "EF.COM and EF.SOD speak of a DG2 that is not there.",
        _caught("chip_read"),
        alteration=alterations.without("DG2"),
    ),
    Specimen(
        "dg-extra",
        "A data group was added that EF.SOD does not know.",
        _caught("dg_hashes"),
        alteration=alterations.extra_data_group,
    ),
    Specimen(
        "sod-without-signer",
        "EF.SOD leaves the signer's certificate to a directory that this border does not have.",
        _caught("passive_authentication"),
        Issue(form=SodForm(certificate=False)),
    ),
    Specimen(
        "sod-missing",
        "There is no EF.SOD.",
        _caught("passive_authentication"),
        alteration=alterations.without("EF.SOD"),
    ),
    Specimen(
        "dg2-forbidden",
        "DG2 is listed, and reading it is forbidden.",
        _caught("chip_read"),
        manners=replace(ORDINARY, forbidden_files=frozenset({"DG2"})),
    ),
)

_CLONES = (
    Specimen(
        "clone-aa-rsa",
        "All files, but not the key of active authentication.",
        _caught("active_authentication"),
        _AA,
        alterations.cloned,
    ),
    Specimen(
        "clone-aa-ecdsa",
        "The same with ECDSA.",
        _caught("active_authentication"),
        Issue(security=replace(BAC_ONLY, active="ecdsa-p256")),
        alterations.cloned,
    ),
    Specimen(
        "clone-aa-silent",
        "DG15 is there, INTERNAL AUTHENTICATE is answered 6D00.",
        _caught("active_authentication"),
        _AA,
        alterations.without_active_authentication,
    ),
    Specimen(
        "clone-aa-hidden",
        "DG15 is left out, and EF.COM does not list it.",
        _caught("active_authentication"),
        _AA,
        alterations.hidden_data_groups(15),
    ),
    Specimen(
        "clone-ca",
        "Chip authentication says done, and nothing answers under the new keys.",
        _caught("chip_authentication", access="PACE"),
        _PACE,
        alterations.cloned,
    ),
    Specimen("clone-ca-bac", "The same after BAC.", _caught("chip_authentication"), _CA, alterations.cloned),
    Specimen(
        "clone-ca-silent",
        "DG14 is there, chip authentication is answered 6D00.",
        _caught("chip_authentication"),
        _CA,
        alterations.without_chip_authentication,
    ),
    Specimen(
        "clone-ca-hidden",
        "DG14 is left out, and EF.COM does not list it.",
        _caught("chip_authentication"),
        _CA,
        alterations.hidden_data_groups(14),
    ),
    Specimen(
        "clone-cam",
        "PACE-CAM by a chip that does not have the static key.",
        _caught("chip_authentication", access="PACE-CAM"),
        Issue(security=ChipSecurity(pace=(pace_offer(13, NonceMapping.CHIP_AUTHENTICATION),))),
        alterations.cloned,
    ),
)

_DOWNGRADES = (
    Specimen(
        "pace-hidden",
        "EF.CardAccess is hidden, so that the reader takes BAC.",
        _caught("chip_access"),
        _PACE,
        alterations.pace_hidden,
    ),
    Specimen(
        "pace-weakened",
        "EF.CardAccess offers 3DES alone; the signed DG14 does not.",
        _caught("chip_access", access="PACE"),
        _PACE,
        alterations.pace_weakened,
    ),
    Specimen(
        "pace-fails-6300",
        "PACE fails at its last step with the right password; BAC would do.",
        _caught("chip_access", access=""),
        _PACE,
        manners=replace(ORDINARY, pace_always_fails=True),
    ),
    Specimen(
        "pace-fails-6a80",
        "The same, answered 6A80.",
        _caught("chip_access", access=""),
        _PACE,
        manners=replace(ORDINARY, pace_always_fails=True, pace_failure_sw=0x6A80),
    ),
)

_IN_BETWEEN = (
    Specimen(
        "mitm-flipped-bit",
        "One bit of a protected answer is altered.",
        _caught("chip_read", access="PACE"),
        _OPENED,
        interposer=interference.FlippedBit,
    ),
    Specimen(
        "mitm-replay",
        "A protected answer is sent twice.",
        _caught("chip_read", access="PACE"),
        _OPENED,
        interposer=interference.Replay,
    ),
    Specimen(
        "mitm-clear-answers",
        "Protected commands are answered in the clear, with made-up data.",
        _caught("chip_read", access="PACE"),
        _OPENED,
        interposer=interference.ClearAnswers,
    ),
    Specimen(
        "mitm-bare-success",
        "Protected commands are answered 9000 and nothing else.",
        _caught("chip_read", access="PACE"),
        _OPENED,
        interposer=interference.BareSuccess,
    ),
    Specimen(
        "noise",
        "Everything is answered with random octets.",
        _caught("chip_access", access=""),
        interposer=interference.Noise,
    ),
    Specimen(
        "always-success",
        "Everything is answered 9000.",
        _caught("chip_access", access=""),
        interposer=interference.AlwaysSuccess,
    ),
    Specimen(
        "echo", "Every command comes back.", _caught("chip_access", access=""), interposer=interference.Echo
    ),
    Specimen(
        "slow-loris",
        "Every answer takes four seconds.",
        _caught("chip_read", access=""),
        _PACE,
        link=LinkParameters(think_s=4.0),
    ),
    Specimen(
        "lost",
        "The chip leaves the field while it is read.",
        _caught("chip_read", access=""),
        _PACE,
        link=LinkParameters(lost_after=14),
    ),
)

_BOMBS = (
    Specimen(
        "bomb-nested-dg2",
        "DG2 is a template in a template, two thousand deep.",
        _caught("dg_hashes"),
        alteration=alterations.with_file("DG2", alterations.tlv_bomb(0x75, 2000)),
    ),
    Specimen(
        "bomb-nested-com",
        "EF.COM is nested two hundred deep.",
        _caught("chip_read"),
        alteration=alterations.with_file("EF.COM", alterations.tlv_bomb(0x60, 200)),
    ),
    Specimen(
        "bomb-many-objects",
        "EF.SOD has twenty thousand objects.",
        _caught("passive_authentication"),
        alteration=alterations.with_file("EF.SOD", alterations.many_objects(0x77, 20_000)),
    ),
    Specimen(
        "endless-dg2",
        "DG2 claims sixteen megabytes.",
        _caught("chip_read"),
        alteration=alterations.with_file("DG2", alterations.endless(0x75)),
    ),
    Specimen(
        "endless-sod",
        "EF.SOD claims sixteen megabytes.",
        _caught("passive_authentication"),
        alteration=alterations.with_file("EF.SOD", alterations.endless(0x77)),
    ),
    Specimen(
        "indefinite-dg1",
        "DG1 has an indefinite length.",
        _caught("chip_read"),
        alteration=alterations.with_file("DG1", alterations.indefinite(0x61)),
    ),
    Specimen(
        "truncated-dg2",
        "DG2 ends before its length says.",
        _caught("chip_read"),
        alteration=alterations.truncated("DG2", 5000),
    ),
    Specimen(
        "empty-sod",
        "EF.SOD is empty.",
        _caught("passive_authentication"),
        alteration=alterations.with_file("EF.SOD", b""),
    ),
    Specimen(
        "card-access-bomb",
        "EF.CardAccess has two thousand entries.",
        _caught("chip_access"),
        _PACE,
        alterations.with_file("EF.CardAccess", alterations.many_objects(0x31, 2000)),
    ),
)

FALSE: tuple[Specimen, ...] = (*_FORGERIES, *_CLONES, *_DOWNGRADES, *_IN_BETWEEN, *_BOMBS)

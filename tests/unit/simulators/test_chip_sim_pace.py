"""PACE, card side, in every variant and with every password; then what a chip must refuse.

The terminal is the agent's own, written by another hand from the same standard.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_agent.emrtd.chip.apdu import CommandApdu, ResponseApdu
from gate_agent.emrtd.chip.exchange import run
from gate_agent.emrtd.chip.pace import PaceResult, chip_is_genuine, choose, pace
from gate_agent.emrtd.chip.password import Password
from gate_agent.emrtd.coding.errors import ChipError
from gate_agent.emrtd.lds.mrz import MrzKey
from gate_agent.emrtd.lds.security_infos import parse_security_infos
from gate_simulators.chip import Chip, ber, elliptic
from gate_simulators.chip.cv_certificates import IMPLEMENTATIONS
from gate_simulators.chip.domain_parameters import CURVES, CURVES_BY_NAME, GROUPS, CurveDomain
from gate_simulators.chip.key_agreement import standardized
from gate_simulators.chip.pace import PaceOffer
from gate_simulators.chip.personalization import Personalization
from gate_simulators.chip.profile import ORDINARY, ChipProfile
from gate_simulators.chip.protocols import PACE_PROTOCOLS, Agreement, Cipher, NonceMapping, PaceProtocol
from gate_simulators.issuer import security_infos

KEY = MrzKey("L898902C3", "740812", "120415")
MRZ = Password.from_mrz(KEY)
STATIC_KEY = 0x1234567890ABCDEF
FILES = {"EF.COM": ber.encode(0x60, b"com"), "DG1": ber.encode(0x61, b"one")}
ECDH_GM = PaceOffer(PaceProtocol(Agreement.ECDH, NonceMapping.GENERIC, Cipher.AES_128), 12)


def chip(
    offer: PaceOffer = ECDH_GM, profile: ChipProfile = ORDINARY, random: Callable[[int], bytes] | None = None
) -> Chip:
    return Chip(
        FILES | {"EF.CardAccess": security_infos.security_infos([security_infos.pace_info(offer)])},
        Personalization(
            mrz_information=KEY.information,
            can="123456",
            pin="654321",
            pace=(offer,),
            mapping_key=STATIC_KEY,
        ),
        profile,
        random or secrets.token_bytes,
    )


def opened(card: Chip, offer: PaceOffer = ECDH_GM, password: Password = MRZ) -> PaceResult:
    infos = security_infos.security_infos([security_infos.pace_info(offer)])
    chosen = choose(parse_security_infos(infos, "EF.CardAccess"))
    assert chosen is not None
    return run(pace(*chosen, password, secrets.token_bytes), lambda apdu, _timeout_s: card.process(apdu))


def read_com(card: Chip, session: PaceResult) -> bytes:
    for command in (
        CommandApdu(0x00, 0xA4, 0x04, 0x0C, bytes.fromhex("A0000002471001")),
        CommandApdu(0x00, 0xB0, 0x9E, 0x00, le=256),
    ):
        answer = card.process(session.channel.protect(command).encode())
        response = session.channel.unprotect(ResponseApdu.decode(answer))
    return response.data


# ---------------------------------------------------------------- every variant


@pytest.mark.parametrize("protocol", PACE_PROTOCOLS.values(), ids=lambda p: p.name)
def test_every_protocol_opens_the_chip(protocol: PaceProtocol) -> None:
    offer = PaceOffer(protocol, 0 if protocol.agreement is Agreement.DH else 12)
    card = chip(offer)
    session = opened(card, offer)
    assert read_com(card, session) == FILES["EF.COM"]


@pytest.mark.parametrize("parameter_id", [*GROUPS, *CURVES])
def test_every_standardized_domain_opens_the_chip(parameter_id: int) -> None:
    agreement = Agreement.DH if parameter_id in GROUPS else Agreement.ECDH
    offer = PaceOffer(PaceProtocol(agreement, NonceMapping.GENERIC, Cipher.AES_128), parameter_id)
    card = chip(offer)
    assert read_com(card, opened(card, offer)) == FILES["EF.COM"]


@pytest.mark.parametrize(
    "parameter_id", [number for number, curve in CURVES.items() if elliptic.encodes_points(curve)]
)
def test_integrated_mapping_on_every_curve_that_has_one(parameter_id: int) -> None:
    offer = PaceOffer(PaceProtocol(Agreement.ECDH, NonceMapping.INTEGRATED, Cipher.AES_256), parameter_id)
    card = chip(offer)
    assert read_com(card, opened(card, offer)) == FILES["EF.COM"]


def test_chip_authentication_mapping_proves_the_static_key() -> None:
    offer = PaceOffer(PaceProtocol(Agreement.ECDH, NonceMapping.CHIP_AUTHENTICATION, Cipher.AES_256), 13)
    mapping = opened(chip(offer), offer).chip_mapping
    assert mapping is not None
    group = standardized(13)
    assert chip_is_genuine(mapping, group.public_key(STATIC_KEY))
    assert not chip_is_genuine(mapping, group.public_key(STATIC_KEY + 1))


# ---------------------------------------------------------------- passwords


@pytest.mark.parametrize("password", [MRZ, Password.from_can("123456"), Password.from_pin("654321")])
def test_every_password_opens_the_chip(password: Password) -> None:
    card = chip()
    assert read_com(card, opened(card, password=password)) == FILES["EF.COM"]


def test_a_wrong_password_is_noticed_at_the_last_step() -> None:
    with pytest.raises(ChipError, match="6300"):
        opened(chip(), password=Password.from_can("123457"))


def test_a_pin_is_blocked_after_three_wrong_ones_and_a_reset_does_not_help() -> None:
    card = chip()
    for left in (2, 1, 0):
        with pytest.raises(ChipError, match=f"63C{left}"):
            opened(card, password=Password.from_pin("000000"))
        card.reset()
    with pytest.raises(ChipError, match="6983"):
        opened(card, password=Password.from_pin("654321"))
    opened(card, password=Password.from_can("123456"))


def test_the_right_pin_restores_its_tries() -> None:
    card = chip()
    for _ in range(3):
        with pytest.raises(ChipError, match="63C2"):
            opened(card, password=Password.from_pin("000000"))
        opened(card, password=Password.from_pin("654321"))


# ---------------------------------------------------------------- what a chip refuses

SET_AT = "0022C1A412800A04007F0007020204020283010184010C"
GET_NONCE = "10860000027C0000"


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        ("0022C1A412800A04007F0007020204020183010184010C", "6A80"),  # a cipher that is not offered
        ("0022C1A412800A04007F0007020204020283010184010D", "6A80"),  # a curve that is not offered
        ("0022C1A412800A04007F0007020204020283010484010C", "6A88"),  # a password that there is none of
        ("0022C1A40F800A04007F00070202040202830101", "9000"),  # the only offer needs no number
        ("0022C1A403800A04", "6A80"),
        (GET_NONCE, "6D00"),  # nothing was set
    ],
)
def test_the_security_environment_is_checked(command: str, sw: str) -> None:
    assert chip().process(bytes.fromhex(command)).hex().upper() == sw


def test_a_point_that_is_not_on_the_curve_is_refused_and_ends_the_run() -> None:
    card = chip()
    card.process(bytes.fromhex(SET_AT))
    card.process(bytes.fromhex(GET_NONCE))
    outside = ber.encode(0x7C, ber.encode(0x81, b"\x04" + bytes(64)))
    command = bytes.fromhex("10860000") + bytes([len(outside)]) + outside + b"\x00"
    assert card.process(command).hex().upper() == "6A80"
    assert card.process(command).hex().upper() == "6D00"


def test_a_group_element_outside_the_subgroup_is_refused() -> None:
    group = standardized(0)
    for element in (0, 1, group.prime - 1, group.prime):
        with pytest.raises(ValueError, match="not in the group"):
            group.agree(2, element.to_bytes(128, "big"))


def test_a_chips_own_key_sent_back_is_refused() -> None:
    secret = secrets.token_bytes(32)
    secret = b"\x01" + secret[1:]
    card = chip(random=lambda count: secret[:count])
    card.process(bytes.fromhex(SET_AT))
    card.process(bytes.fromhex(GET_NONCE))
    point = standardized(12).public_key(5)
    mapped = standardized(12).map_generic(secret[:16], int.from_bytes(secret, "big"), point)
    for tag, value in ((0x81, point), (0x83, mapped.public_key(int.from_bytes(secret, "big")))):
        template = ber.encode(0x7C, ber.encode(tag, value))
        answer = card.process(bytes.fromhex("10860000") + bytes([len(template)]) + template + b"\x00")
    assert answer.hex().upper() == "6A80"


@settings(max_examples=150)
@given(st.lists(st.binary(max_size=90), max_size=5))
def test_any_dynamic_data_is_answered_and_opens_nothing(templates: list[bytes]) -> None:
    card = chip()
    card.process(bytes.fromhex(SET_AT))
    card.process(bytes.fromhex(GET_NONCE))
    for template in templates:
        body = ber.encode(0x7C, template)
        assert len(card.process(bytes.fromhex("10860000") + bytes([len(body)]) + body + b"\x00")) >= 2
    card.process(bytes.fromhex("00A4040C07A0000002471001"))
    assert card.process(bytes.fromhex("00B0810000")).hex().upper() == "6982"


# ---------------------------------------------------------------- arithmetic


@pytest.mark.parametrize("curve", CURVES_BY_NAME.values(), ids=CURVES_BY_NAME.keys())
def test_each_curve_has_its_generator_of_its_order(curve: CurveDomain) -> None:
    generator = (curve.gx, curve.gy)
    assert elliptic.is_on(curve, generator)
    assert elliptic.multiply(curve, curve.n - 1, generator) == (curve.gx, curve.p - curve.gy)
    assert elliptic.multiply(curve, curve.n, generator) is None


@given(a=st.integers(0, 2**256), b=st.integers(0, 2**256))
@settings(max_examples=25, deadline=None)
def test_multiplication_distributes_over_addition(a: int, b: int) -> None:
    curve = CURVES_BY_NAME["brainpoolP256r1"]
    generator = (curve.gx, curve.gy)
    left = elliptic.multiply(curve, a + b, generator)
    right = elliptic.add(
        curve, elliptic.multiply(curve, a, generator), elliptic.multiply(curve, b, generator)
    )
    assert left == right


BRAINPOOL = CURVES_BY_NAME["brainpoolP256r1"]


@given(st.integers(2, BRAINPOOL.p - 2))
@settings(max_examples=25, deadline=None)
def test_the_point_encoding_gives_points(t: int) -> None:
    assert elliptic.is_on(BRAINPOOL, elliptic.encode_to_point(BRAINPOOL, t))


@pytest.mark.parametrize("t", [0, 1, BRAINPOOL.p - 1])
def test_three_field_elements_stand_for_no_point(t: int) -> None:
    with pytest.raises(ValueError, match="not invertible"):
        elliptic.encode_to_point(BRAINPOOL, t)


@pytest.mark.parametrize("name", ["secp256r1", "brainpoolP384r1", "secp521r1"])
def test_the_cryptography_package_agrees_on_public_keys(name: str) -> None:
    curve, secret = CURVES_BY_NAME[name], 0xC0FFEE
    public = ec.derive_private_key(secret, IMPLEMENTATIONS[name]).public_key()
    point = elliptic.multiply(curve, secret, (curve.gx, curve.gy))
    assert point is not None
    assert elliptic.encode(curve, point) == public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

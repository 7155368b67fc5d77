"""Groups, curves and ciphers: both sides agree, foreign elements are refused, points are the library's."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_agent.emrtd.chip.apdu import CommandApdu, ResponseApdu
from gate_agent.emrtd.chip.ciphers import cipher_suite, pad
from gate_agent.emrtd.chip.domain_parameters import STANDARDISED
from gate_agent.emrtd.chip.key_agreement import AgreementError, EcDomain
from gate_agent.emrtd.chip.key_derivation import Cipher, KeyPair
from gate_agent.emrtd.chip.secure_messaging import SecureChannel
from gate_agent.emrtd.coding import curve_arithmetic, curves
from gate_agent.emrtd.coding.curve_arithmetic import Point, PointError
from gate_agent.emrtd.coding.curves import CURVES, NamedCurve
from gate_agent.emrtd.coding.errors import ChannelLost

H = bytes.fromhex
OF_THE_LIBRARY = [curve for curve in CURVES if curve.curve is not None]


# ---------------------------------------------------------------- curves


@pytest.mark.parametrize("curve", CURVES, ids=lambda c: c.name)
def test_every_generator_is_on_its_curve_and_of_its_order(curve: NamedCurve) -> None:
    generator = curve_arithmetic.generator(curve)
    assert curve_arithmetic.on_curve(curve, generator)
    assert curve_arithmetic.multiply(curve, curve.n, generator) is None
    before_last = curve_arithmetic.multiply(curve, curve.n - 1, generator)
    assert before_last == Point(generator.x, curve.p - generator.y)
    assert curve_arithmetic.add(curve, before_last, generator) is None
    assert curve_arithmetic.add(curve, None, generator) == generator
    assert curves.by_oid(curve.oid) is curve


@pytest.mark.parametrize("curve", OF_THE_LIBRARY, ids=lambda c: c.name)
@settings(max_examples=6, deadline=None)
@given(secret=st.integers(1, 1 << 512))
def test_multiples_are_those_of_the_library(curve: NamedCurve, secret: int) -> None:
    secret = secret % (curve.n - 1) + 1
    assert curve.curve is not None
    expected = ec.derive_private_key(secret, curve.curve).public_key().public_numbers()
    point = curve_arithmetic.multiply(curve, secret, curve_arithmetic.generator(curve))
    assert point == Point(expected.x, expected.y)
    assert (
        point is not None and curve_arithmetic.decode(curve, curve_arithmetic.encode(curve, point)) == point
    )


@pytest.mark.parametrize("curve", OF_THE_LIBRARY, ids=lambda c: c.name)
@pytest.mark.parametrize("name", ["sha1", "sha256", "sha512"])
def test_signatures_of_the_library_verify_and_altered_ones_do_not(curve: NamedCurve, name: str) -> None:
    assert curve.curve is not None
    key = ec.generate_private_key(curve.curve)
    numbers = key.public_key().public_numbers()
    point, digest = Point(numbers.x, numbers.y), hashlib.new(name, b"message").digest()
    algorithm = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256(), "sha512": hashes.SHA512()}[name]
    r, s = utils.decode_dss_signature(key.sign(b"message", ec.ECDSA(algorithm)))
    assert curve_arithmetic.verify_ecdsa(curve, point, digest, r, s)
    for wrong in ((r + 1, s), (r, s + 1), (0, s), (r, 0), (r, curve.n), (curve.n + r, s)):
        assert not curve_arithmetic.verify_ecdsa(curve, point, digest, *wrong)


@given(st.binary(max_size=70))
def test_bytes_that_are_no_point_are_refused(raw: bytes) -> None:
    with pytest.raises(PointError):
        curve_arithmetic.decode(curves.by_name("brainpoolP256r1"), b"\x04" + raw)


# ---------------------------------------------------------------- domains and ciphers


@pytest.mark.parametrize("number", STANDARDISED)
def test_both_sides_agree_in_every_standardised_domain(number: int) -> None:
    domain = STANDARDISED[number]
    left, right = 0x1234567, 0x7654321
    assert domain.agree(left, domain.public_key(right)) == domain.agree(right, domain.public_key(left))
    mapped = [
        domain.mapped_generically(bytes(15) + b"\x07", mine, domain.public_key(other))
        for mine, other in ((left, right), (right, left))
    ]
    assert mapped[0] == mapped[1] != domain


@pytest.mark.parametrize("number", STANDARDISED)
def test_a_public_key_outside_the_group_is_refused(number: int) -> None:
    domain = STANDARDISED[number]
    good = domain.public_key(11)
    bad = [b"", good[:-1], bytes(len(good)), good[:-1] + bytes([good[-1] ^ 1])]
    if not isinstance(domain, EcDomain):
        bad += [b"\x01", (domain.prime - 1).to_bytes(len(good), "big"), b"\xff" * len(good)]
    for key in bad:
        with pytest.raises(AgreementError):
            domain.agree(5, key)


MODP_1024 = STANDARDISED[0]


def begins_with_zero(encode: Callable[[int], bytes]) -> int:
    """The first private key of a fixed sequence for which `encode` gives a number of one byte less."""
    for number in range(5000):
        private = int.from_bytes(hashlib.sha1(number.to_bytes(2, "big")).digest(), "big")
        if int.from_bytes(encode(private), "big").bit_length() <= 1016:
            return private
    pytest.fail("5000 numbers without one below 2^1016")


def test_a_public_key_of_dh_has_no_leading_zeros() -> None:
    """TR-03110-3 §D.2.1.1: the minimum number of octets."""
    assert len(MODP_1024.public_key(begins_with_zero(MODP_1024.public_key))) < 128


def test_a_public_key_of_dh_is_taken_with_and_without_leading_zeros() -> None:
    short = MODP_1024.public_key(begins_with_zero(MODP_1024.public_key))
    agreed = {MODP_1024.agree(7, key) for key in (short, short.rjust(128, b"\x00"), b"\x00" + short)}
    assert len(agreed) == 1


def test_a_shared_secret_of_dh_is_as_long_as_the_prime() -> None:
    """PKCS #3 §7.3: the keys are derived from the leading zeros too."""
    peer = MODP_1024.public_key(11)
    shared = MODP_1024.agree(begins_with_zero(lambda private: MODP_1024.agree(private, peer)), peer)
    assert len(shared) == 128
    assert shared[0] == 0


@pytest.mark.parametrize("cipher", Cipher)
def test_a_channel_opens_what_the_other_side_protected(cipher: Cipher) -> None:
    keys = KeyPair(bytes(range(cipher.key_length)), bytes(range(1, 1 + cipher.key_length)))
    suite = cipher_suite(cipher, keys)
    channel = SecureChannel(suite, 0)
    channel.protect(CommandApdu(0x00, 0xB0, 0x00, 0x00, le=16))
    counter = (2).to_bytes(suite.block_size, "big")
    encrypted = b"\x01" + suite.encrypt(counter, pad(b"the chip's data", suite.block_size))
    objects = b"\x87" + bytes([len(encrypted)]) + encrypted + H("99029000")
    answer = objects + b"\x8e\x08" + suite.mac(pad(counter + objects, suite.block_size))
    assert channel.unprotect(ResponseApdu(answer, 0x9000)) == ResponseApdu(b"the chip's data", 0x9000)
    with pytest.raises(ChannelLost):
        channel.unprotect(ResponseApdu(answer, 0x9000))  # a replay

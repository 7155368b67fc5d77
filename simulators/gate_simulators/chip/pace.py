"""Password Authenticated Connection Establishment, card side (Doc 9303-11 §4.4).

MSE:Set AT chooses the variant and the password; four GENERAL AUTHENTICATE commands follow: encrypted
nonce, mapping, key agreement, mutual authentication. Any failure ends the run.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from gate_simulators.chip import ber, dynamic_data, nonce_mapping
from gate_simulators.chip.apdu import SW, Command, Refused, Response
from gate_simulators.chip.cipher_suites import PASSWORD, SessionKeys, pad
from gate_simulators.chip.key_agreement import Group, Random, standardized
from gate_simulators.chip.nonce_mapping import Mapped
from gate_simulators.chip.profile import ChipProfile
from gate_simulators.chip.protocols import PACE_PROTOCOLS, NonceMapping, PaceProtocol, contents
from gate_simulators.chip.secure_messaging import SecureChannel
from gate_simulators.chip.session import Session

SET_AT_MUTUAL = 0xC1A4

_PROTOCOL = 0x80
_PASSWORD = 0x83
_PARAMETERS = 0x84

PIN_TRIES = 3


class PasswordId(IntEnum):
    """Which password the terminal knows (§4.4.4.1)."""

    MRZ = 1
    CAN = 2
    PIN = 3


@dataclass(frozen=True, slots=True)
class PaceOffer:
    """One PACEInfo of EF.CardAccess: a variant over standardized domain parameters."""

    protocol: PaceProtocol
    parameter_id: int


@dataclass(slots=True)
class _Run:
    """One execution, from MSE:Set AT to success or failure."""

    protocol: PaceProtocol
    group: Group
    password: PasswordId
    nonce: bytes = field(default=b"", repr=False)
    mapped: Mapped | None = None
    keys: SessionKeys | None = None
    chip_key: bytes = b""
    terminal_key: bytes = b""


class Pace:
    """`passwords` as printed: the MRZ information for MRZ, digits for the others.

    `static_key` is the chip authentication key whose knowledge CAM proves.
    """

    def __init__(
        self,
        offers: Sequence[PaceOffer],
        passwords: Mapping[PasswordId, str],
        profile: ChipProfile,
        random: Random,
        static_key: int | None = None,
    ) -> None:
        self._offers = offers
        self._passwords = passwords
        self._profile = profile
        self._random = random
        self._static_key = static_key
        self._pin_tries = PIN_TRIES

    def answer(self, command: Command, session: Session) -> Response | None:
        if command.ins == dynamic_data.MANAGE_SECURITY_ENVIRONMENT and command.p1p2 == SET_AT_MUTUAL:
            return self._set_at(command, session)
        if command.ins == dynamic_data.GENERAL_AUTHENTICATE and isinstance(session.environment, _Run):
            run, session.environment = session.environment, None  # an error ends the run
            response = self._step(command, session, run)
            if session.next_channel is None:
                session.environment = run
            return response
        return None

    # ------------------------------------------------------------ MSE:Set AT

    def _set_at(self, command: Command, session: Session) -> Response:
        session.environment = None
        objects = dynamic_data.objects_of(command.data)
        offer = self._chosen(objects)
        password = self._password(objects.get(_PASSWORD, b""))
        session.environment = _Run(offer.protocol, standardized(offer.parameter_id), password)
        if password is PasswordId.PIN and self._pin_tries < PIN_TRIES:
            return Response(0x63C0 | self._pin_tries)  # a warning: so many tries are left
        return Response(SW.OK)

    def _chosen(self, objects: Mapping[int, bytes]) -> PaceOffer:
        protocol = PACE_PROTOCOLS.get(objects.get(_PROTOCOL, b""))
        offers = [offer for offer in self._offers if offer.protocol == protocol]
        wanted = objects.get(_PARAMETERS)
        if wanted is None and (self._profile.pace_needs_parameter_id or len(offers) > 1):
            raise Refused(SW.REFERENCED_DATA_NOT_FOUND)
        if wanted is not None:
            offers = [offer for offer in offers if wanted == bytes([offer.parameter_id])]
        if not offers:
            raise Refused(SW.WRONG_DATA)
        return offers[0]

    def _password(self, reference: bytes) -> PasswordId:
        for password in self._passwords:
            if reference == bytes([password]):
                if password is PasswordId.PIN and self._pin_tries == 0:
                    raise Refused(SW.AUTHENTICATION_METHOD_BLOCKED)
                return password
        raise Refused(SW.REFERENCED_DATA_NOT_FOUND)

    # ------------------------------------------------------------ GENERAL AUTHENTICATE

    def _step(self, command: Command, session: Session, run: _Run) -> Response:
        objects = dynamic_data.dynamic_data(command)
        try:
            if not run.nonce and not objects:
                return self._encrypted_nonce(run)
            if run.nonce and run.mapped is None and set(objects) == {0x81}:
                return self._map(run, objects[0x81])
            if run.mapped is not None and run.keys is None and set(objects) == {0x83}:
                return self._agree(run, run.mapped, objects[0x83])
            if run.keys is not None and set(objects) == {0x85}:
                return self._authenticate(session, run, run.keys, objects[0x85])
        except ValueError as error:  # a public key or nonce that is none
            raise Refused(SW.WRONG_DATA) from error
        raise Refused(SW.WRONG_DATA)

    def _encrypted_nonce(self, run: _Run) -> Response:
        suite = run.protocol.cipher.suite
        short = self._profile.pace_short_nonce and run.protocol.mapping is not NonceMapping.INTEGRATED
        run.nonce = self._random(16 if short else nonce_mapping.nonce_length(suite))
        k_pi = suite.derive_key(_shared_secret(run.password, self._passwords[run.password]), PASSWORD)
        return dynamic_data.answer((0x80, suite.encrypt(k_pi, run.nonce)))

    def _map(self, run: _Run, mapping_data: bytes) -> Response:
        if run.protocol.mapping is NonceMapping.INTEGRATED:
            suite = run.protocol.cipher.suite
            run.mapped = nonce_mapping.map_integrated(run.group, suite, run.nonce, mapping_data)
        else:
            run.mapped = nonce_mapping.map_generic(run.group, run.nonce, mapping_data, self._random)
        if not run.mapped.answer and self._profile.pace_omits_empty_answer:
            return Response(SW.OK)
        return dynamic_data.answer((0x82, run.mapped.answer))

    def _agree(self, run: _Run, mapped: Mapped, terminal_key: bytes) -> Response:
        secret = mapped.group.private_key(self._random)
        shared = mapped.group.agree(secret, terminal_key)
        run.chip_key, run.terminal_key = mapped.group.public_key(secret), terminal_key
        if run.chip_key == terminal_key:  # §4.4.3.2: the ephemeral public keys must differ
            raise Refused(SW.WRONG_DATA)
        run.keys = SessionKeys.derived(run.protocol.cipher.suite, shared)
        return dynamic_data.answer((0x84, run.chip_key))

    def _authenticate(self, session: Session, run: _Run, keys: SessionKeys, token: bytes) -> Response:
        expected = _token(run, keys, run.chip_key)
        if self._profile.pace_always_fails or not hmac.compare_digest(token, expected):
            raise Refused(self._failure(run.password))
        self._pin_tries = PIN_TRIES if run.password is PasswordId.PIN else self._pin_tries
        session.next_channel = SecureChannel(keys)
        session.access = True
        session.chip_identity = run.group.compressed(run.chip_key)
        objects = [(0x86, _token(run, keys, run.terminal_key))]
        if run.protocol.mapping is NonceMapping.CHIP_AUTHENTICATION:
            objects.append((0x8A, self._chip_authentication_data(run, keys)))
        return dynamic_data.answer(*objects)

    def _failure(self, password: PasswordId) -> int:
        if password is not PasswordId.PIN:
            return self._profile.pace_failure_sw
        self._pin_tries -= 1
        return 0x63C0 | self._pin_tries

    def _chip_authentication_data(self, run: _Run, keys: SessionKeys) -> bytes:
        """A_IC (§4.4.3.5.1): the quotient of mapping key and static key, encrypted."""
        assert run.mapped is not None
        static_key = self._static_key or run.group.private_key(self._random)  # none: a cloned chip guesses
        order = run.group.order
        data = pow(static_key, -1, order) * run.mapped.secret % order
        suite = keys.suite
        padded = pad(data.to_bytes((order.bit_length() + 7) // 8, "big"), suite.block)
        iv = suite.initial_vector(keys.encryption, b"\xff" * suite.block)
        return suite.encrypt(keys.encryption, padded, iv)


def _shared_secret(password: PasswordId, printed: str) -> bytes:
    """f(π) (§9.7.3): SHA-1 of the MRZ information; other passwords as they are."""
    octets = printed.encode("ascii")
    return hashlib.sha1(octets).digest() if password is PasswordId.MRZ else octets


def _token(run: _Run, keys: SessionKeys, public_key: bytes) -> bytes:
    """The MAC over the other side's public key data object (§4.4.3.4)."""
    key_object = ber.encode(
        0x7F49,
        ber.encode(0x06, contents(run.protocol.oid)),
        ber.encode(run.group.tag, public_key),
    )
    return keys.suite.token(keys.mac, key_object)

"""Basic access control, card side (Doc 9303-11 §4.3): GET CHALLENGE and EXTERNAL AUTHENTICATE."""

from __future__ import annotations

import hashlib
import hmac

from gate_simulators.chip import tdes
from gate_simulators.chip.apdu import SW, Command, Refused, Response
from gate_simulators.chip.cipher_suites import TRIPLE_DES, SessionKeys, pad
from gate_simulators.chip.key_agreement import Random
from gate_simulators.chip.profile import ChipProfile
from gate_simulators.chip.secure_messaging import SecureChannel
from gate_simulators.chip.session import Session

GET_CHALLENGE = 0x84
EXTERNAL_AUTHENTICATE = 0x82

_CRYPTOGRAM = 32
_CHECKSUM = 8


class BasicAccessControl:
    """Knows the key printed in the MRZ; `random` supplies RND.IC and K.IC."""

    def __init__(self, mrz_information: str, profile: ChipProfile, random: Random) -> None:
        # §9.7.2: K_seed is the first half of SHA-1 over number, birth and expiry with their check digits.
        k_seed = hashlib.sha1(mrz_information.encode("ascii")).digest()[:16]
        self._k_enc = tdes.derive_key(k_seed, tdes.ENCRYPTION)
        self._k_mac = tdes.derive_key(k_seed, tdes.MESSAGE_AUTHENTICATION)
        # TR-03110-1 §3.5: after BAC the chip is known by its document number with its check digit; the two
        # dates behind it have seven characters each.
        self._document_number = mrz_information[:-14].encode("ascii")
        self._profile = profile
        self._random = random

    def answer(self, command: Command, session: Session) -> Response | None:
        if command.ins == GET_CHALLENGE:
            return self._get_challenge(command, session)
        if command.ins == EXTERNAL_AUTHENTICATE:
            return self._external_authenticate(command, session)
        return None

    def _get_challenge(self, command: Command, session: Session) -> Response:
        if not session.application:
            raise Refused(SW.CONDITIONS_NOT_SATISFIED)
        if self._profile.opens_once and session.was_open:
            raise Refused(SW.SECURITY_STATUS_NOT_SATISFIED)
        if command.p1p2 or command.data:
            raise Refused(SW.WRONG_P1_P2)
        if command.ne != 8 and not command.le_maximal:
            raise Refused(SW.WRONG_LENGTH)
        session.challenge = self._random(8)
        return Response(SW.OK, session.challenge)

    def _external_authenticate(self, command: Command, session: Session) -> Response:
        rnd_ic, session.challenge = session.challenge, b""  # a challenge is good for one attempt
        if not rnd_ic:
            raise Refused(SW.CONDITIONS_NOT_SATISFIED)
        if command.p1p2:
            raise Refused(SW.WRONG_P1_P2)
        if len(command.data) != _CRYPTOGRAM + _CHECKSUM:
            raise Refused(SW.WRONG_LENGTH)
        e_ifd, m_ifd = command.data[:_CRYPTOGRAM], command.data[_CRYPTOGRAM:]
        if not hmac.compare_digest(m_ifd, self._mac(e_ifd)):
            raise Refused(self._profile.wrong_key_sw)
        s = tdes.decrypt(self._k_enc, e_ifd)
        rnd_ifd, rnd_ic_returned, k_ifd = s[:8], s[8:16], s[16:]
        if not hmac.compare_digest(rnd_ic_returned, rnd_ic):
            raise Refused(self._profile.wrong_key_sw)
        k_ic = self._random(16)
        e_ic = tdes.encrypt(self._k_enc, rnd_ic + rnd_ifd + k_ic)
        session.next_channel = _channel(k_ifd, k_ic, rnd_ic, rnd_ifd)
        session.access = session.was_open = True
        session.chip_identity = self._document_number
        return Response(SW.OK, e_ic + self._mac(e_ic))

    def _mac(self, cryptogram: bytes) -> bytes:
        return tdes.retail_mac(self._k_mac, pad(cryptogram, tdes.BLOCK))


def _channel(k_ifd: bytes, k_ic: bytes, rnd_ic: bytes, rnd_ifd: bytes) -> SecureChannel:
    """Session keys (§4.3, §9.7.4) and the first send sequence counter (§9.8.6.3)."""
    seed = bytes(a ^ b for a, b in zip(k_ifd, k_ic, strict=True))
    return SecureChannel(SessionKeys.derived(TRIPLE_DES, seed), rnd_ic[4:] + rnd_ifd[4:])

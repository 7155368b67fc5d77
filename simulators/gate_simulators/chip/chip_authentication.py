"""Chip authentication version 1, card side (Doc 9303-11 §6.2, TR-03110-1 §3.4).

The chip agrees on new session keys with its static key, whose public half is in DG14; only the genuine
chip can then answer under them. 3DES by MSE:Set KAT, AES by MSE:Set AT and GENERAL AUTHENTICATE.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gate_simulators.chip import dynamic_data
from gate_simulators.chip.apdu import SW, Command, Refused, Response
from gate_simulators.chip.cipher_suites import SessionKeys
from gate_simulators.chip.key_agreement import Group, Random
from gate_simulators.chip.protocols import CA_PROTOCOLS, ChipAuthenticationProtocol, Cipher
from gate_simulators.chip.secure_messaging import SecureChannel
from gate_simulators.chip.session import Session

SET_KAT = 0x41A6
SET_AT_INTERNAL = 0x41A4

_PROTOCOL = 0x80
_KEY_REFERENCE = 0x84
_EPHEMERAL_KEY = 0x91
_PUBLIC_KEY = 0x80


@dataclass(frozen=True, slots=True)
class ChipKey:
    """A static key; `secret` None is a cloned chip, which has DG14 but not the key.

    `key_id` tells several keys apart and is None for an only one; `protocols` are those it is for.
    """

    group: Group
    secret: int | None = field(repr=False)
    protocols: tuple[ChipAuthenticationProtocol, ...]
    key_id: int | None = None


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What MSE:Set AT chose."""

    key: ChipKey
    protocol: ChipAuthenticationProtocol


class ChipAuthentication:
    """Answers with one of `keys`."""

    def __init__(self, keys: Sequence[ChipKey], random: Random) -> None:
        self._keys = keys
        self._random = random

    def answer(self, command: Command, session: Session) -> Response | None:
        if command.ins == dynamic_data.MANAGE_SECURITY_ENVIRONMENT and command.p1p2 == SET_KAT:
            return self._set_kat(command, session)
        if command.ins == dynamic_data.MANAGE_SECURITY_ENVIRONMENT and command.p1p2 == SET_AT_INTERNAL:
            return self._set_at(command, session)
        if command.ins == dynamic_data.GENERAL_AUTHENTICATE and isinstance(session.environment, _Chosen):
            return self._general_authenticate(command, session, session.environment)
        return None

    def _set_kat(self, command: Command, session: Session) -> Response:
        """§6.2.4.2: one command does it all, for 3DES."""
        _check_channel(session)
        objects = dynamic_data.objects_of(command.data)
        key = self._key(objects.get(_KEY_REFERENCE))
        protocol = next((p for p in key.protocols if p.cipher is Cipher.TRIPLE_DES), None)
        if protocol is None or _EPHEMERAL_KEY not in objects:
            raise Refused(SW.WRONG_DATA)
        self._agree(session, _Chosen(key, protocol), objects[_EPHEMERAL_KEY])
        return Response(SW.OK)

    def _set_at(self, command: Command, session: Session) -> Response:
        """§6.2.4.3: chooses variant and key."""
        _check_channel(session)
        session.environment = None
        objects = dynamic_data.objects_of(command.data)
        key = self._key(objects.get(_KEY_REFERENCE))
        protocol = CA_PROTOCOLS.get(objects.get(_PROTOCOL, b""))
        if protocol is None or protocol not in key.protocols:
            raise Refused(SW.WRONG_DATA)
        session.environment = _Chosen(key, protocol)
        return Response(SW.OK)

    def _general_authenticate(self, command: Command, session: Session, chosen: _Chosen) -> Response:
        session.environment = None
        terminal_key = dynamic_data.dynamic_data(command).get(_PUBLIC_KEY, b"")
        self._agree(session, chosen, terminal_key)
        return dynamic_data.answer()

    def _agree(self, session: Session, chosen: _Chosen, terminal_key: bytes) -> None:
        group, secret = chosen.key.group, chosen.key.secret
        try:
            # A cloned chip says "done" like any other; that it lacks the key shows at the next command.
            shared = group.agree(group.private_key(self._random) if secret is None else secret, terminal_key)
        except ValueError as error:
            raise Refused(SW.WRONG_DATA) from error
        session.next_channel = SecureChannel(SessionKeys.derived(chosen.protocol.cipher.suite, shared))
        session.terminal_key = group.compressed(terminal_key)

    def _key(self, reference: bytes | None) -> ChipKey:
        if reference is None and len(self._keys) == 1:
            return self._keys[0]
        for key in self._keys:
            if reference is not None and key.key_id == int.from_bytes(reference, "big"):
                return key
        raise Refused(SW.REFERENCED_DATA_NOT_FOUND)


def _check_channel(session: Session) -> None:
    """§6.2.2: only after access was granted, within secure messaging."""
    if not session.access or session.channel is None:
        raise Refused(SW.SECURITY_STATUS_NOT_SATISFIED)

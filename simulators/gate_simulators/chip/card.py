"""The chip itself: bytes of a command APDU in, bytes of a response APDU out. No I/O.

It decodes the command, unwraps secure messaging, asks each protocol in turn, and wraps the answer.
Whatever arrives, the answer is a status word, never an exception.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace

from gate_simulators.chip.apdu import SW, Command, Refused, Response, decode_command
from gate_simulators.chip.dynamic_data import GENERAL_AUTHENTICATE
from gate_simulators.chip.filesystem import FileSystem
from gate_simulators.chip.key_agreement import Random
from gate_simulators.chip.personalization import Personalization
from gate_simulators.chip.profile import ORDINARY, ChipProfile
from gate_simulators.chip.reading import FileReading
from gate_simulators.chip.session import CardProtocol, Session

COMMAND_CHAINING = 0x10
GET_RESPONSE = 0xC0
MAX_CHAINED = 4096

_SHORT_RESPONSE = 256


class Chip:
    """An eMRTD chip.

    `files` maps names (``EF.COM``, ``EF.SOD``, ``DG1``, ...) to contents. `secrets` is what else the
    issuer wrote; the MRZ information alone makes a chip with BAC and nothing more, None one without
    access control. `random` is the chip's random number generator.
    """

    ATR = bytes.fromhex("3B80800101")
    """As a contactless reader composes it for a type A/B card without historical bytes (PC/SC part 3)."""

    def __init__(
        self,
        files: Mapping[str, bytes],
        secrets: Personalization | str | None,
        profile: ChipProfile = ORDINARY,
        random: Random = os.urandom,
    ) -> None:
        if not isinstance(secrets, Personalization):
            secrets = Personalization(mrz_information=secrets)
        self.profile = profile
        system = FileSystem(
            files,
            protected=secrets.protected,
            for_terminals=secrets.for_terminals if secrets.cvca is not None else frozenset(),
        )
        self._protocols: list[CardProtocol] = [
            FileReading(system, profile),
            *secrets.protocols(profile, random),
        ]
        self._session = Session()

    def reset(self) -> None:
        """Power-on or reset: nothing of the last session is left."""
        self._session = Session()

    def process(self, apdu: bytes) -> bytes:
        """Answer one command APDU."""
        try:
            command = decode_command(apdu)
            if command.extended and not self.profile.extended_length:
                raise Refused(SW.WRONG_LENGTH)
        except Refused as refused:
            if not self.profile.keeps_channel_after_length_error:
                self._session.abort_secure_messaging()
            return Response(refused.sw).encode()
        if command.ins == GET_RESPONSE and self._session.pending:
            return self._part(command.ne)
        self._session.pending = b""
        chained = self.profile.response_chaining
        limit = self.profile.response_buffer if command.extended or chained else _SHORT_RESPONSE
        response = self._secured(command, limit) if command.secured else self._plain(command, limit)
        if command.extended or len(response) <= _SHORT_RESPONSE + 2:
            return response
        self._session.pending = response
        return self._part(_SHORT_RESPONSE)

    def _part(self, ne: int) -> bytes:
        """The next part of a long response (ISO/IEC 7816-4 §5.3.4)."""
        pending, self._session.pending = self._session.pending, b""
        data, status = pending[:-2], pending[-2:]
        if len(data) <= ne:
            return data + status
        self._session.pending = data[ne:] + status
        return Response(0x6100 | min(len(data) - ne, 0xFF), data[:ne]).encode()

    def _plain(self, command: Command, limit: int) -> bytes:
        if self._session.channel is not None:
            self._session.abort_secure_messaging()  # Doc 9303-11 §9.8.3: a plain command ends the channel
        self._session.room = limit
        response = self._dispatch(command).encode()
        self._switch_channel()
        return response

    def _secured(self, command: Command, limit: int) -> bytes:
        channel = self._session.channel
        if channel is None:
            return Response(SW.SM_OBJECTS_MISSING).encode()
        try:
            if self._session.broken:
                raise Refused(SW.SM_OBJECTS_INCORRECT)
            inner = channel.unwrap(command)
        except Refused as refused:
            self._session.abort_secure_messaging()
            return Response(refused.sw).encode()  # §9.8.5: a fault of secure messaging is answered bare
        self._session.room = channel.capacity(limit)
        plain = self._dispatch(inner)
        if self.profile.errors_in_clear and plain.sw not in (SW.OK, SW.END_OF_FILE):
            self._session.abort_secure_messaging()
            return plain.encode()
        response = channel.wrap(plain, odd_ins=bool(command.ins & 1))
        self._switch_channel()
        return response

    def _dispatch(self, command: Command) -> Response:
        if command.cla & ~COMMAND_CHAINING:
            return Response(SW.CLASS_NOT_SUPPORTED)
        try:
            whole = self._unchained(command)
            if whole is None:
                return Response(SW.OK)
            for protocol in self._protocols:
                response = protocol.answer(whole, self._session)
                if response is not None:
                    return response
        except Refused as refused:
            return Response(refused.sw)
        return Response(SW.INSTRUCTION_NOT_SUPPORTED)

    def _unchained(self, command: Command) -> Command | None:
        """The whole command of a chain (ISO/IEC 7816-4 §5.3.3); None while more of it is to come.

        GENERAL AUTHENTICATE has the chaining bit for steps that are answered one by one (Doc 9303-11
        §4.4.4).
        """
        more = command.cla & COMMAND_CHAINING
        if command.ins == GENERAL_AUTHENTICATE:
            return replace(command, cla=0)
        chained = self._session.chained
        if chained is not None and (chained.ins, chained.p1p2) != (command.ins, command.p1p2):
            chained = None  # another command ends the chain
        data = (chained.data if chained is not None else b"") + command.data
        if len(data) > MAX_CHAINED:
            self._session.chained = None
            raise Refused(SW.WRONG_LENGTH)
        whole = replace(command, cla=0, data=data)
        self._session.chained = whole if more else None
        return None if more else whole

    def _switch_channel(self) -> None:
        if self._session.next_channel is not None:
            self._session.channel, self._session.next_channel = self._session.next_channel, None

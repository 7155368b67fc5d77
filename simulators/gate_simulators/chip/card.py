"""The chip itself: bytes of a command APDU in, bytes of a response APDU out. No I/O.

It decodes the command, unwraps secure messaging, asks each protocol in turn, and wraps the answer.
Whatever arrives, the answer is a status word, never an exception.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from gate_simulators.chip.apdu import SW, Command, Refused, Response, decode_command
from gate_simulators.chip.bac import BasicAccessControl
from gate_simulators.chip.filesystem import FileSystem
from gate_simulators.chip.profile import ORDINARY, ChipProfile
from gate_simulators.chip.reading import FileReading
from gate_simulators.chip.session import CardProtocol, Session

_SHORT_RESPONSE = 256


class Chip:
    """An eMRTD chip.

    `files` maps names (``EF.COM``, ``EF.SOD``, ``DG1``, ...) to contents. `mrz_information` is what BAC
    derives its keys from (document number, birth and expiry, each with its check digit; Doc 9303-11
    §9.7.2); None makes a chip without access control. `random` is the chip's random number generator.
    """

    ATR = bytes.fromhex("3B80800101")
    """As a contactless reader composes it for a type A/B card without historical bytes (PC/SC part 3)."""

    def __init__(
        self,
        files: Mapping[str, bytes],
        mrz_information: str | None,
        profile: ChipProfile = ORDINARY,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.profile = profile
        protected = mrz_information is not None
        self._protocols: list[CardProtocol] = [FileReading(FileSystem(files, protected=protected), profile)]
        if mrz_information is not None:
            self._protocols.append(BasicAccessControl(mrz_information, profile, random))
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
            self._session.abort_secure_messaging()
            return Response(refused.sw).encode()
        limit = self.profile.response_buffer if command.extended else _SHORT_RESPONSE
        return self._secured(command, limit) if command.secured else self._plain(command, limit)

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
            inner = channel.unwrap(command)
        except Refused as refused:
            self._session.abort_secure_messaging()
            return Response(refused.sw).encode()  # §9.8.5: a fault of secure messaging is answered bare
        self._session.room = channel.capacity(limit)
        response = channel.wrap(self._dispatch(inner), odd_ins=bool(command.ins & 1))
        self._switch_channel()
        return response

    def _dispatch(self, command: Command) -> Response:
        if command.cla:
            return Response(SW.CLASS_NOT_SUPPORTED)
        try:
            for protocol in self._protocols:
                response = protocol.answer(command, self._session)
                if response is not None:
                    return response
        except Refused as refused:
            return Response(refused.sw)
        return Response(SW.INSTRUCTION_NOT_SUPPORTED)

    def _switch_channel(self) -> None:
        if self._session.next_channel is not None:
            self._session.channel, self._session.next_channel = self._session.next_channel, None

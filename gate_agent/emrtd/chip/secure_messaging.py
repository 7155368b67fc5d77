"""Secure messaging (Doc 9303-11 §9.8): every command and response encrypted and authenticated.

A :class:`SecureChannel` protects one command and opens its response in turn; :func:`secured` runs
any protocol inside a channel. A response without secure messaging, even a bare status word, ends the
channel: its data are never returned and the channel never falls back to plain commands.
"""

from __future__ import annotations

from contextlib import closing

from cryptography.hazmat.primitives.constant_time import bytes_eq

from gate_agent.emrtd.chip.apdu import MAX_SHORT_LE, CommandApdu, ResponseApdu, plain_words
from gate_agent.emrtd.chip.ciphers import CipherSuite, pad, unpad
from gate_agent.emrtd.chip.protocol import Progress, Protocol, T, transceive
from gate_agent.emrtd.coding import tlv
from gate_agent.emrtd.coding.errors import ChannelLost

_CRYPTOGRAM_PADDED, _CRYPTOGRAM, _LE, _STATUS, _MAC = 0x87, 0x85, 0x97, 0x99, 0x8E
_PADDING_INDICATOR = b"\x01"
_MASKED_CLASS = 0x0C  # secure messaging, header authenticated (ISO/IEC 7816-4 §5.4.1)


class SecureChannel:
    """One secure messaging session: cipher, send sequence counter, and whether it still lives."""

    def __init__(self, suite: CipherSuite, counter: int) -> None:
        self._suite = suite
        self._counter = counter
        self._alive = True

    @property
    def alive(self) -> bool:
        return self._alive

    def restart(self, suite: CipherSuite) -> None:
        """Go on with new keys and a counter of zero, as chip authentication asks (§6.2.3)."""
        if not self._alive:
            raise ChannelLost("the channel has ended")
        self._suite, self._counter = suite, 0

    def protect(self, command: CommandApdu) -> CommandApdu:
        """The protected form of a plain command (§9.8.4). Advances the counter."""
        if not self._alive:
            raise ChannelLost("the channel has ended")
        counter = self._next_counter()
        objects = self._cryptogram(counter, command)
        if command.le is not None:
            objects += tlv.encode(_LE, _le_bytes(command))
        header = bytes((command.cla | _MASKED_CLASS, command.ins, command.p1, command.p2))
        block = self._suite.block_size
        # Header and data objects are padded each; where there are no objects there is no second padding.
        authenticated = counter + pad(header, block) + (pad(objects, block) if objects else b"")
        data = objects + tlv.encode(_MAC, self._suite.mac(authenticated))
        extended = command.uses_extended_length or len(data) > 0xFF
        return CommandApdu(*header, data=data, le=65536 if extended else MAX_SHORT_LE, extended=extended)

    def unprotect(self, response: ResponseApdu) -> ResponseApdu:
        """The plain form of a protected response (§9.8.5). Advances the counter.

        Raises ChannelLost, and stays dead, for a response in the clear or one that was tampered with.
        """
        try:
            return self._open(response)
        except ChannelLost:
            self._alive = False
            raise
        except tlv.TlvError as error:
            self._alive = False
            raise ChannelLost(f"protected response malformed: {error}") from error

    def _open(self, response: ResponseApdu) -> ResponseApdu:
        counter = self._next_counter()
        if not response.data:
            raise ChannelLost(f"answered in the clear: {plain_words(response.sw)}", sw=response.sw)
        objects = tlv.parse(response.data)
        found = {item.tag: item.value for item in objects}
        if len(found) != len(objects) or _MAC not in found or _STATUS not in found or objects[-1].tag != _MAC:
            raise ChannelLost("protected response lacks its status or checksum, or repeats an object")
        covered = response.data[: objects[-1].start]
        checksum = self._suite.mac(pad(counter + covered, self._suite.block_size))
        if not bytes_eq(checksum, found[_MAC]):
            raise ChannelLost("the checksum of the response does not hold", reason="CHIP_CHANNEL_TAMPERED")
        if len(found[_STATUS]) != 2:
            raise ChannelLost("the protected status word is not two bytes")
        return ResponseApdu(self._plain_data(counter, found), int.from_bytes(found[_STATUS], "big"))

    def _cryptogram(self, counter: bytes, command: CommandApdu) -> bytes:
        if not command.data:
            return b""
        encrypted = self._suite.encrypt(counter, pad(command.data, self._suite.block_size))
        # Odd instructions carry BER-TLV data: no padding indicator (ISO/IEC 7816-4 §10.3.2).
        if command.ins & 1:
            return tlv.encode(_CRYPTOGRAM, encrypted)
        return tlv.encode(_CRYPTOGRAM_PADDED, _PADDING_INDICATOR + encrypted)

    def _plain_data(self, counter: bytes, found: dict[int, bytes]) -> bytes:
        encrypted = found.get(_CRYPTOGRAM)
        if _CRYPTOGRAM_PADDED in found:
            indicator, encrypted = found[_CRYPTOGRAM_PADDED][:1], found[_CRYPTOGRAM_PADDED][1:]
            if indicator != _PADDING_INDICATOR:
                raise ChannelLost("unknown padding indicator in the response")
        if encrypted is None:
            return b""
        if not encrypted or len(encrypted) % self._suite.block_size:
            raise ChannelLost("the encrypted data are not whole blocks")
        return unpad(self._suite.decrypt(counter, encrypted))

    def _next_counter(self) -> bytes:
        block = self._suite.block_size
        self._counter = (self._counter + 1) % (1 << (8 * block))
        return self._counter.to_bytes(block, "big")


def _le_bytes(command: CommandApdu) -> bytes:
    le = command.le or 0
    return (le & 0xFFFF).to_bytes(2, "big") if command.uses_extended_length else bytes([le & 0xFF])


def secured(channel: SecureChannel, protocol: Protocol[T]) -> Protocol[T]:
    """`protocol` with every command protected and every response opened."""
    response: ResponseApdu | None = None
    with closing(protocol):
        while True:
            try:
                request = protocol.send(response)
            except StopIteration as stop:
                return stop.value
            if isinstance(request, Progress):
                yield request
                response = None
            else:
                answer = yield from transceive(channel.protect(request))
                response = channel.unprotect(answer)

"""Command and response APDUs and status words (ISO/IEC 7816-4 §5.1, §5.6; Doc 9303-10 §3.6, Doc 9303-11).

Commands of all four cases, with short and extended length fields. A response is at least the two
status bytes; anything shorter is not a response.
"""

from __future__ import annotations

from dataclasses import dataclass

from gate_agent.errors import BadInput


class ApduError(BadInput):
    """Bytes that are no command or response APDU."""


MAX_SHORT_LE = 256
MAX_EXTENDED_LE = 65536
MAX_RESPONSE = MAX_EXTENDED_LE + 2


@dataclass(frozen=True, slots=True)
class CommandApdu:
    """One command. `le` is the number of bytes expected at most: None none, 256 / 65536 "all there is".

    `extended` forces extended length fields; they are used anyway when a length needs them.
    """

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    le: int | None = None
    extended: bool = False

    def __post_init__(self) -> None:
        for name in ("cla", "ins", "p1", "p2"):
            if not 0 <= getattr(self, name) <= 0xFF:
                raise ApduError("is not one byte", field=name)
        if len(self.data) > 0xFFFF:
            raise ApduError("more than 65535 data bytes", field="data")
        if self.le is not None and not 1 <= self.le <= MAX_EXTENDED_LE:
            raise ApduError("is not within 1..65536", field="le")

    @property
    def header(self) -> bytes:
        return bytes((self.cla, self.ins, self.p1, self.p2))

    @property
    def uses_extended_length(self) -> bool:
        return self.extended or len(self.data) > 0xFF or (self.le or 0) > MAX_SHORT_LE

    def encode(self) -> bytes:
        if self.uses_extended_length:
            return self.header + self._extended_body()
        lc = bytes([len(self.data)]) if self.data else b""
        le = b"" if self.le is None else bytes([self.le & 0xFF])
        return self.header + lc + self.data + le

    def _extended_body(self) -> bytes:
        # Lc and Le share ONE leading zero byte (ISO/IEC 7816-4 §5.1, cases 2E, 3E, 4E).
        lc = len(self.data).to_bytes(2, "big") if self.data else b""
        le = b"" if self.le is None else (self.le & 0xFFFF).to_bytes(2, "big")
        return b"\x00" + lc + self.data + le if lc or le else b""

    @classmethod
    def decode(cls, raw: bytes) -> CommandApdu:
        """The command in these bytes. Raises ApduError naming the field that does not fit."""
        if len(raw) < 4:
            raise ApduError(f"{len(raw)} bytes are no command header", field="header")
        cla, ins, p1, p2 = raw[:4]
        body = raw[4:]
        if len(body) >= 3 and body[0] == 0:
            data, le = _decode_extended(body[1:])
            return cls(cla, ins, p1, p2, data, le, extended=True)
        data, le = _decode_short(body)
        return cls(cla, ins, p1, p2, data, le)


def _decode_short(body: bytes) -> tuple[bytes, int | None]:
    if not body:
        return b"", None
    if len(body) == 1:
        return b"", body[0] or MAX_SHORT_LE
    lc = body[0]
    if lc == 0:
        raise ApduError("is zero although data follow", field="Lc")
    data, rest = body[1 : 1 + lc], body[1 + lc :]
    if len(data) != lc or len(rest) > 1:
        raise ApduError(f"says {lc}, {len(body) - 1} bytes follow", field="Lc")
    return data, (rest[0] or MAX_SHORT_LE) if rest else None


def _decode_extended(body: bytes) -> tuple[bytes, int | None]:
    if len(body) == 2:
        return b"", int.from_bytes(body, "big") or MAX_EXTENDED_LE
    lc = int.from_bytes(body[:2], "big")
    data, rest = body[2 : 2 + lc], body[2 + lc :]
    if lc == 0 or len(data) != lc or len(rest) not in (0, 2):
        raise ApduError(f"says {lc}, {len(body) - 2} bytes follow", field="Lc")
    return data, (int.from_bytes(rest, "big") or MAX_EXTENDED_LE) if rest else None


@dataclass(frozen=True, slots=True)
class ResponseApdu:
    """One response: `data` and the status word `sw` (0x9000 is success)."""

    data: bytes
    sw: int

    @property
    def ok(self) -> bool:
        return self.sw == SW_OK

    def encode(self) -> bytes:
        return self.data + self.sw.to_bytes(2, "big")

    @classmethod
    def decode(cls, raw: bytes) -> ResponseApdu:
        """The response in these bytes. Raises ApduError when there is no status word or too much."""
        if not 2 <= len(raw) <= MAX_RESPONSE:
            raise ApduError(f"{len(raw)} bytes are no response", field="response")
        return cls(raw[:-2], int.from_bytes(raw[-2:], "big"))


SW_OK = 0x9000
SW_END_OF_FILE = 0x6282
SW_WRONG_LENGTH = 0x6700
SW_FILE_NOT_FOUND = 0x6A82
SW_WRONG_PARAMETERS = 0x6B00

# ISO/IEC 7816-4 Tables 5 and 6: what the status words of passports say, in plain words.
_PLAIN_WORDS = {
    0x9000: "done",
    0x6282: "end of file reached before all bytes were read",
    0x6283: "the selected file is deactivated",
    0x6300: "authentication failed",
    0x6400: "execution error",
    0x6581: "memory failure",
    0x6700: "wrong length",
    0x6881: "logical channel not supported",
    0x6882: "secure messaging not supported",
    0x6982: "security status not satisfied: access must be authenticated first",
    0x6983: "authentication method blocked",
    0x6984: "reference data not usable",
    0x6985: "conditions of use not satisfied",
    0x6986: "command not allowed",
    0x6987: "secure messaging data objects missing",
    0x6988: "secure messaging data objects incorrect",
    0x6A80: "incorrect parameters in the command data",
    0x6A81: "function not supported",
    0x6A82: "file or application not found",
    0x6A86: "incorrect parameters P1-P2",
    0x6A87: "Lc inconsistent with P1-P2",
    0x6A88: "referenced data not found",
    0x6B00: "offset beyond the end of the file",
    0x6D00: "instruction not supported",
    0x6E00: "class not supported",
    0x6F00: "the chip gives no diagnosis",
}


def plain_words(sw: int) -> str:
    """A status word for people: ``6982 security status not satisfied ...``."""
    if sw >> 8 == 0x61:
        words = f"{sw & 0xFF} more bytes available"
    elif sw >> 8 == 0x6C:
        words = f"wrong Le, exactly {sw & 0xFF} bytes available"
    elif sw >> 4 == 0x63C:
        words = f"authentication failed, {sw & 0xF} tries left"
    else:
        words = _PLAIN_WORDS.get(sw, "unknown status")
    return f"{sw:04X} {words}"

"""How chips differ while all claiming to follow Doc 9303: quirk profiles, as data.

A profile changes how the card answers, never what is on it (forged contents come from the issuer's
variants). A reader must cope with every profile here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gate_simulators.chip.apdu import SW


class OverlongRead(StrEnum):
    """What the chip does when more bytes are asked for than one of its responses can hold."""

    TRUNCATE = "truncate"  # 9000 and fewer bytes than asked for
    WRONG_LENGTH = "wrong-length"  # 6700
    CORRECT_LENGTH = "correct-length"  # 6Cxx with the length that would do
    WRONG_OFFSET = "wrong-offset"  # 6B00, and the next command is answered 6988


@dataclass(frozen=True, slots=True)
class ChipProfile:
    """One chip family's manners.

    `response_buffer`: bytes of response data the chip can build for an extended-length command;
    `read_limit`: most plain bytes it ever returns to one READ BINARY; the `*_sw` fields are the status
    words it chooses where the standards leave a choice.
    """

    name: str
    about: str
    # reading
    extended_length: bool = True
    response_buffer: int = 8192
    read_limit: int = 0x10000
    overlong_read: OverlongRead = OverlongRead.TRUNCATE
    short_read_sw: int = SW.END_OF_FILE
    response_chaining: bool = False  # long answers to short commands come by 61xx and GET RESPONSE
    keeps_channel_after_length_error: bool = False  # 6700 in the clear, and the counter stands still
    errors_in_clear: bool = False  # an error under secure messaging is answered bare and ends the channel
    short_identifiers: bool = True
    forbidden_files: frozenset[str] = frozenset()  # 6982 whatever was authenticated
    # selecting
    select_mf_sw: int = SW.OK
    select_before_access: bool = False
    strict_select: bool = False
    leaves_mf_for_good: bool = False  # once the application is selected, no file of the MF is found
    directory_sw: int = SW.OK  # what EF.DIR is answered with
    application_only: bool = False  # 6986 to everything before SELECT of the application
    # authenticating
    opens_once: bool = False  # access is refused once it was granted, until the chip is reset
    wrong_key_sw: int = SW.AUTHENTICATION_FAILED
    pace_failure_sw: int = SW.AUTHENTICATION_FAILED
    pace_always_fails: bool = False  # with the right password, too
    pace_needs_parameter_id: bool = False
    pace_short_nonce: bool = False  # one block of nonce even for long keys
    pace_omits_empty_answer: bool = False  # nothing instead of an empty DO'82' in integrated mapping
    signs_nothing_at_maximal_le: bool = False
    truncates_signature: bool = False


ORDINARY = ChipProfile("ordinary", "Follows Doc 9303; extended length with an 8 KiB buffer.")

PROFILES: Mapping[str, ChipProfile] = {
    p.name: p
    for p in (
        ORDINARY,
        ChipProfile(
            "short-length",
            "Knows no extended length: such a command is answered 6700.",
            extended_length=False,
        ),
        ChipProfile("reads-192", "Never returns more than 192 bytes.", extended_length=False, read_limit=192),
        ChipProfile(
            "reads-223-strict",
            "Answers 6700 when more than 223 bytes are asked for.",
            extended_length=False,
            read_limit=223,
            overlong_read=OverlongRead.WRONG_LENGTH,
        ),
        ChipProfile(
            "reads-160-6cxx",
            "Answers 6Cxx with its own limit of 160 bytes.",
            extended_length=False,
            read_limit=160,
            overlong_read=OverlongRead.CORRECT_LENGTH,
        ),
        ChipProfile("silent-end", "Ends a file with 9000 instead of 6282.", short_read_sw=SW.OK),
        ChipProfile(
            "wrong-key-6985", "Answers a wrong MRZ key with 6985.", wrong_key_sw=SW.CONDITIONS_NOT_SATISFIED
        ),
        ChipProfile("no-mf", "SELECT MF is answered 6A82.", select_mf_sw=SW.FILE_NOT_FOUND),
        ChipProfile("no-mf-6d00", "SELECT MF is answered 6D00.", select_mf_sw=SW.INSTRUCTION_NOT_SUPPORTED),
        ChipProfile(
            "open-select", "A protected file may be selected, only not read.", select_before_access=True
        ),
        ChipProfile("strict-select", "A SELECT with both Lc and Le is answered 6700.", strict_select=True),
    )
}

"""The files of an eMRTD (Doc 9303-10 §4) and who may read them (Doc 9303-11 §4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LDS1_AID = bytes.fromhex("A0000002471001")
"""Application identifier of the LDS1 eMRTD application (Doc 9303-10 §4)."""

MF_ID = 0x3F00


@dataclass(frozen=True, slots=True)
class FileId:
    """Where a file lives: file identifier, short EF identifier, in the LDS1 application or the MF."""

    fid: int
    sfi: int
    in_application: bool = True


FILE_IDS: Mapping[str, FileId] = {
    "EF.ATR/INFO": FileId(0x2F01, 0x01, in_application=False),
    "EF.DIR": FileId(0x2F00, 0x1E, in_application=False),
    "EF.CardAccess": FileId(0x011C, 0x1C, in_application=False),
    "EF.CardSecurity": FileId(0x011D, 0x1D, in_application=False),
    "EF.COM": FileId(0x011E, 0x1E),
    "EF.SOD": FileId(0x011D, 0x1D),
    "EF.CVCA": FileId(0x011C, 0x1C),
    **{f"DG{n}": FileId(0x0100 + n, n) for n in range(1, 17)},
}


_PROTECTED_IN_MF = frozenset({"EF.CardSecurity"})
"""EF.CardSecurity is readable after PACE only (Doc 9303-10 §3.11.4)."""


@dataclass(frozen=True, slots=True)
class ElementaryFile:
    """A transparent EF. `needs_access`: readable only after BAC or PACE (Doc 9303-11 §4.2);
    `needs_terminal`: only after terminal authentication (§7.1)."""

    name: str
    id: FileId
    content: bytes
    needs_access: bool
    needs_terminal: bool


class FileSystem:
    """The master file and the LDS1 application, made from named contents (``EF.COM``, ``DG1``, ...)."""

    def __init__(
        self, contents: Mapping[str, bytes], *, protected: bool, for_terminals: frozenset[str] = frozenset()
    ) -> None:
        unknown = contents.keys() - FILE_IDS.keys()
        if unknown:
            raise ValueError(f"not files of an eMRTD: {', '.join(sorted(unknown))}")
        self._files = tuple(
            ElementaryFile(
                name,
                where,
                content,
                needs_access=protected and (where.in_application or name in _PROTECTED_IN_MF),
                needs_terminal=name in for_terminals,
            )
            for name, content in contents.items()
            for where in (FILE_IDS[name],)
        )

    def by_fid(self, fid: int, *, in_application: bool) -> ElementaryFile | None:
        return next(
            (f for f in self._files if f.id.in_application == in_application and f.id.fid == fid), None
        )

    def by_sfi(self, sfi: int, *, in_application: bool) -> ElementaryFile | None:
        return next(
            (f for f in self._files if f.id.in_application == in_application and f.id.sfi == sfi), None
        )

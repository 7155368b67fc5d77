"""SELECT and READ BINARY, card side (Doc 9303-10 §3.6, ISO/IEC 7816-4 §11.2.2 and §11.3.3)."""

from __future__ import annotations

from gate_simulators.chip import ber
from gate_simulators.chip.apdu import SW, Command, Refused, Response
from gate_simulators.chip.filesystem import LDS1_AID, MF_ID, ElementaryFile, FileSystem
from gate_simulators.chip.profile import ChipProfile, OverlongRead
from gate_simulators.chip.session import Session

SELECT = 0xA4
READ_BINARY = 0xB0
READ_BINARY_ODD = 0xB1

_OFFSET = 0x54
_DISCRETIONARY = 0x53


class FileReading:
    """Finds files and hands out their bytes, within the access rules."""

    def __init__(self, files: FileSystem, profile: ChipProfile) -> None:
        self._files = files
        self._profile = profile

    def answer(self, command: Command, session: Session) -> Response | None:
        by_name = command.ins == SELECT and command.p1 == 0x04
        if self._profile.application_only and not session.application and not by_name:
            raise Refused(SW.NO_CURRENT_EF)
        if command.ins == SELECT:
            return self._select(command, session)
        if command.ins == READ_BINARY:
            return self._read_binary(command, session)
        if command.ins == READ_BINARY_ODD:
            return self._read_binary_odd(command, session)
        return None

    # ------------------------------------------------------------ SELECT

    def _select(self, command: Command, session: Session) -> Response:
        if self._profile.strict_select and command.data and command.ne:
            raise Refused(SW.WRONG_LENGTH)
        if command.p2 & ~0x0C:  # only the first occurrence; FCI, FCP, FMD or no data
            raise Refused(SW.WRONG_P1_P2)
        if command.p1 == 0x04:
            return self._select_application(command, session)
        if command.p1 == 0x00 and command.data in (b"", MF_ID.to_bytes(2, "big")):
            return self._select_mf(session)
        if command.p1 in (0x00, 0x02):
            return self._select_ef(command, session)
        raise Refused(SW.WRONG_P1_P2)

    def _select_application(self, command: Command, session: Session) -> Response:
        if command.data != LDS1_AID:
            raise Refused(SW.FILE_NOT_FOUND)
        session.application = True
        session.current = None
        if command.p2 & 0x0C == 0x0C:
            return Response(SW.OK)
        return Response(SW.OK, ber.encode(0x6F, ber.encode(0x84, LDS1_AID)))  # file control information

    def _select_mf(self, session: Session) -> Response:
        if self._profile.select_mf_sw != SW.OK:
            raise Refused(self._profile.select_mf_sw)
        if self._profile.leaves_mf_for_good and session.application:
            raise Refused(SW.FILE_NOT_FOUND)
        session.application = False
        session.current = None
        return Response(SW.OK)

    def _select_ef(self, command: Command, session: Session) -> Response:
        if len(command.data) != 2:
            raise Refused(SW.WRONG_LENGTH)
        fid = int.from_bytes(command.data, "big")
        file = self._files.by_fid(fid, in_application=session.application)
        if file is None:
            raise Refused(SW.FILE_NOT_FOUND)
        if not self._profile.select_before_access:
            self._check_access(file, session)
        session.current = file
        return Response(SW.OK)

    # ------------------------------------------------------------ READ BINARY

    def _read_binary(self, command: Command, session: Session) -> Response:
        """Even INS: P1 b8 = 1 gives a short EF identifier and an 8-bit offset, else a 15-bit offset."""
        if command.data:
            raise Refused(SW.WRONG_LENGTH)
        if command.p1 & 0x80:
            if command.p1 & 0x60:
                raise Refused(SW.WRONG_P1_P2)
            if not self._profile.short_identifiers:
                raise Refused(SW.CONDITIONS_NOT_SATISFIED)
            file, offset = self._by_sfi(command.p1 & 0x1F, session), command.p2
        else:
            file, offset = _current(session), command.p1p2
        return self._read(
            session, file, offset=offset, ne=command.ne, maximal=command.le_maximal, room=session.room
        )

    def _read_binary_odd(self, command: Command, session: Session) -> Response:
        """Odd INS: the offset is in DO'54', the bytes come in DO'53': for files beyond 32 KiB."""
        try:
            objects = ber.decode(command.data)
        except ber.BerError as error:
            raise Refused(SW.WRONG_DATA) from error
        if [tag for tag, _ in objects] != [_OFFSET] or not 1 <= len(objects[0][1]) <= 3:
            raise Refused(SW.WRONG_DATA)
        if command.p1p2 == 0:
            file = _current(session)
        elif command.p1 == 0 and command.p2 <= 0x1F:
            file = self._by_sfi(command.p2, session)
        else:
            raise Refused(SW.WRONG_P1_P2)
        # Ne and the room count the data object; its tag and length octets are not file bytes.
        framing = 1 + len(ber.encode_length(min(command.ne, session.room)))
        inner = self._read(
            session,
            file,
            offset=int.from_bytes(objects[0][1], "big"),
            ne=max(0, command.ne - framing),
            maximal=command.le_maximal,
            room=max(0, session.room - framing),
        )
        return Response(inner.sw, ber.encode(_DISCRETIONARY, inner.data))

    def _by_sfi(self, sfi: int, session: Session) -> ElementaryFile:
        file = self._files.by_sfi(sfi, in_application=session.application)
        if file is None:
            raise Refused(SW.FILE_NOT_FOUND)
        self._check_access(file, session)
        session.current = file
        return file

    def _read(
        self, session: Session, file: ElementaryFile, *, offset: int, ne: int, maximal: bool, room: int
    ) -> Response:
        """`ne` bytes from `offset`; `maximal`: as many as there are up to `ne`; at most `room`."""
        self._check_access(file, session)
        if ne == 0:
            raise Refused(SW.WRONG_LENGTH)
        left = len(file.content) - offset
        if left <= 0:
            raise Refused(SW.OFFSET_OUTSIDE_EF)
        limit = min(room, self._profile.read_limit)
        wanted = min(ne, left) if maximal else ne
        if wanted > limit and self._profile.overlong_read is OverlongRead.WRONG_LENGTH:
            raise Refused(SW.WRONG_LENGTH)
        if wanted > limit and self._profile.overlong_read is OverlongRead.WRONG_OFFSET:
            session.broken = True
            raise Refused(SW.OFFSET_OUTSIDE_EF)
        if wanted > limit and self._profile.overlong_read is OverlongRead.CORRECT_LENGTH:
            raise Refused(0x6C00 | min(limit, left) & 0xFF)
        data = file.content[offset : offset + min(wanted, limit)]
        at_end = offset + len(data) == len(file.content)
        return Response(self._profile.short_read_sw if at_end and len(data) < wanted else SW.OK, data)

    def _check_access(self, file: ElementaryFile, session: Session) -> None:
        """Doc 9303-11 §4.2: the contents are for terminals that proved to know the password, over the
        channel; some of them for authenticated terminals only (§7.1)."""
        if file.name == "EF.DIR" and self._profile.directory_sw != SW.OK:
            raise Refused(self._profile.directory_sw)
        if file.name in self._profile.forbidden_files:
            raise Refused(SW.SECURITY_STATUS_NOT_SATISFIED)
        if file.needs_access and not (session.access and session.channel is not None):
            raise Refused(SW.SECURITY_STATUS_NOT_SATISFIED)
        if file.needs_terminal and file.name not in session.rights:
            raise Refused(SW.SECURITY_STATUS_NOT_SATISFIED)


def _current(session: Session) -> ElementaryFile:
    if session.current is None:
        raise Refused(SW.NO_CURRENT_EF)
    return session.current

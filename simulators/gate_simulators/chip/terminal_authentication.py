"""Terminal authentication version 1, card side (TR-03110-1 §3.5 and TR-03110-3 Appendix B.3).

After chip authentication the terminal presents certificates (CVCA link certificates, document verifier,
inspection system) and signs a challenge. The chip keeps the newest CVCA as its trust point, and as its
current date the latest effective date that it has seen from those it believes (§2.2.4).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from gate_simulators.chip import cv_certificates, dynamic_data
from gate_simulators.chip.apdu import SW, Command, Refused, Response
from gate_simulators.chip.cv_certificates import CertificateRefused, CvCertificate, TerminalKey
from gate_simulators.chip.key_agreement import Random
from gate_simulators.chip.session import Session

SET_DST = 0x81B6
SET_AT_EXTERNAL = 0x81A4
PERFORM_SECURITY_OPERATION = 0x2A
GET_CHALLENGE = 0x84
EXTERNAL_AUTHENTICATE = 0x82
_VERIFY_CERTIFICATE = 0x00BE
_HOLDER = 0x83

_MOST_TRUST_POINTS = 2


@dataclass(frozen=True, slots=True)
class TrustPoint:
    """A CVCA that the chip believes (§2.2.3)."""

    holder: str
    key: TerminalKey
    role: int
    expiration: date


@dataclass(frozen=True, slots=True)
class _Believed:
    """A certificate that was verified in this session; `role` is what remains of the rights so far."""

    certificate: CvCertificate
    key: TerminalKey
    role: int


@dataclass(slots=True)
class _Terminal:
    """The terminal's chain in this session: what MSE chose, and what was verified since."""

    selected: str = ""
    last: _Believed | None = None
    authenticating: bool = False
    challenge: bytes = b""


class TerminalAuthentication:
    """Trust points and the current date outlive a session, as in the memory of a chip."""

    def __init__(self, cvca: CvCertificate, today: date, random: Random) -> None:
        """`cvca` is the self-signed certificate written at personalization, on `today`."""
        self._trust_points = [TrustPoint(cvca.holder, cvca.key(None), cvca.role, cvca.expiration)]
        self._today = max(today, cvca.effective)
        self._random = random

    def answer(self, command: Command, session: Session) -> Response | None:
        environments = {SET_DST: self._set_dst, SET_AT_EXTERNAL: self._set_at}
        if command.ins == dynamic_data.MANAGE_SECURITY_ENVIRONMENT and command.p1p2 in environments:
            return environments[command.p1p2](command, session)
        if command.ins == PERFORM_SECURITY_OPERATION:
            return self._verify_certificate(command, session)
        terminal = session.environment
        if isinstance(terminal, _Terminal) and terminal.authenticating:
            if command.ins == GET_CHALLENGE:
                return self._get_challenge(command, terminal)
            if command.ins == EXTERNAL_AUTHENTICATE:
                return self._external_authenticate(command, session, terminal)
        return None

    # ------------------------------------------------------------ certificates

    def _set_dst(self, command: Command, session: Session) -> Response:
        """MSE:Set DST names the authority whose key verifies the next certificate."""
        _check_channel(session)
        terminal = session.environment if isinstance(session.environment, _Terminal) else _Terminal()
        session.environment = terminal
        terminal.selected, terminal.authenticating = "", False
        holder = _holder(command)
        if self._signatory(terminal, holder) is None:
            raise Refused(SW.REFERENCED_DATA_NOT_FOUND)
        terminal.selected = holder
        return Response(SW.OK)

    def _verify_certificate(self, command: Command, session: Session) -> Response:
        terminal = session.environment
        if not isinstance(terminal, _Terminal) or not terminal.selected:
            raise Refused(SW.CONDITIONS_NOT_SATISFIED)
        if command.p1p2 != _VERIFY_CERTIFICATE:
            raise Refused(SW.WRONG_P1_P2)
        try:
            certificate = cv_certificates.parse(command.data)
            self._accept(terminal, certificate)
        except CertificateRefused as error:
            raise Refused(SW.WRONG_DATA) from error
        return Response(SW.OK)

    def _accept(self, terminal: _Terminal, certificate: CvCertificate) -> None:
        """§2.2.3, §2.2.4: signature, order of roles, validity at the chip's own date."""
        signatory = self._signatory(terminal, terminal.selected)
        if signatory is None or certificate.authority != terminal.selected:
            raise CertificateRefused("was issued by another authority than the chosen one")
        key, role = signatory
        if not key.verifies(certificate.signature, certificate.body):
            raise CertificateRefused("the signature does not hold")
        if not _may_issue(role, certificate.role):
            raise CertificateRefused("its issuer must not issue certificates of this role")
        # A link certificate may come too late to be valid still: the chip's date comes from others' too.
        if certificate.expiration < self._today and not certificate.is_cvca:
            raise CertificateRefused("has expired")
        own_key = certificate.key(key)
        if certificate.is_cvca:
            self._trust(certificate, own_key)
        if certificate.is_cvca or certificate.is_domestic_verifier or role >> 6 == 0b10:
            self._today = max(self._today, certificate.effective)
        rights = certificate.role & role & 0x3F
        terminal.last = _Believed(certificate, own_key, certificate.role & 0xC0 | rights)

    def _trust(self, certificate: CvCertificate, key: TerminalKey) -> None:
        """A link certificate makes a new trust point; the one before it stays until the next (§2.2.3)."""
        point = TrustPoint(certificate.holder, key, certificate.role, certificate.expiration)
        others = [known for known in self._trust_points if known.holder != point.holder]
        self._trust_points = [point, *others][:_MOST_TRUST_POINTS]

    def _signatory(self, terminal: _Terminal, holder: str) -> tuple[TerminalKey, int] | None:
        """Key and role of an authority: the certificate verified last, or a trust point."""
        last = terminal.last
        if last is not None and last.certificate.holder == holder:
            return last.key, last.role
        return next(((p.key, p.role) for p in self._trust_points if p.holder == holder), None)

    # ------------------------------------------------------------ the terminal itself

    def _set_at(self, command: Command, session: Session) -> Response:
        """MSE:Set AT: the terminal whose certificate came last will authenticate."""
        _check_channel(session)
        terminal = session.environment
        if not isinstance(terminal, _Terminal) or terminal.last is None:
            raise Refused(SW.REFERENCED_DATA_NOT_FOUND)
        if terminal.last.certificate.holder != _holder(command) or terminal.last.role >> 6:
            raise Refused(SW.REFERENCED_DATA_NOT_FOUND)
        terminal.authenticating = True
        return Response(SW.OK)

    def _get_challenge(self, command: Command, terminal: _Terminal) -> Response:
        if command.p1p2 or command.data:
            raise Refused(SW.WRONG_P1_P2)
        terminal.challenge = self._random(8)
        return Response(SW.OK, terminal.challenge)

    def _external_authenticate(self, command: Command, session: Session, terminal: _Terminal) -> Response:
        challenge, terminal.challenge = terminal.challenge, b""
        if not challenge or terminal.last is None:
            raise Refused(SW.CONDITIONS_NOT_SATISFIED)
        # §3.5: ID_PICC || r_PICC || Comp(PK_DH,PCD)
        signed = session.chip_identity + challenge + session.terminal_key
        if not terminal.last.key.verifies(command.data, signed):
            raise Refused(SW.AUTHENTICATION_FAILED)
        role = terminal.last.role
        rights = {"DG3": cv_certificates.READ_DG3, "DG4": cv_certificates.READ_DG4}
        session.rights = frozenset(name for name, bit in rights.items() if role & bit)
        return Response(SW.OK)


def _check_channel(session: Session) -> None:
    """TR-03110-1 §3.5: terminal authentication follows chip authentication, within its channel."""
    if session.channel is None or not session.terminal_key:
        raise Refused(SW.SECURITY_STATUS_NOT_SATISFIED)


def _holder(command: Command) -> str:
    return dynamic_data.objects_of(command.data).get(_HOLDER, b"").decode("iso-8859-1")


def _may_issue(issuer: int, subject: int) -> bool:
    """CVCAs certify CVCAs and verifiers, verifiers certify inspection systems (§2.2.2)."""
    if issuer >> 6 == 0b11:
        return subject >> 6 != 0b00
    return issuer >> 6 in (0b10, 0b01) and subject >> 6 == 0b00

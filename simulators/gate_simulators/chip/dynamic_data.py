"""Dynamic authentication data, DO'7C' of GENERAL AUTHENTICATE (Doc 9303-11 §4.4.4, ISO/IEC 7816-4 §11.5)."""

from __future__ import annotations

from gate_simulators.chip import ber
from gate_simulators.chip.apdu import SW, Command, Refused, Response

GENERAL_AUTHENTICATE = 0x86
MANAGE_SECURITY_ENVIRONMENT = 0x22

_TEMPLATE = 0x7C


def objects_of(data: bytes) -> dict[int, bytes]:
    """Data objects by tag. Raises Refused(6A80) when they are malformed or one is there twice."""
    try:
        objects = ber.decode(data)
    except ber.BerError as error:
        raise Refused(SW.WRONG_DATA) from error
    found = dict(objects)
    if len(found) != len(objects):
        raise Refused(SW.WRONG_DATA)
    return found


def dynamic_data(command: Command) -> dict[int, bytes]:
    """What a GENERAL AUTHENTICATE command carries. Raises Refused."""
    if command.p1p2:
        raise Refused(SW.WRONG_P1_P2)
    outer = objects_of(command.data)
    if set(outer) != {_TEMPLATE}:
        raise Refused(SW.WRONG_DATA)
    return objects_of(outer[_TEMPLATE])


def answer(*objects: tuple[int, bytes]) -> Response:
    """The response that carries these data objects."""
    return Response(SW.OK, ber.encode(_TEMPLATE, *(ber.encode(tag, value) for tag, value in objects)))

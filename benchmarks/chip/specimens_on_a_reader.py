"""Lays every specimen on a reader, one after the other, and inspects it there as a gate would.

    python benchmarks/chip/specimens_on_a_reader.py [--reader "Virtual PCD 00 00"] [--bit-rate 424000]

With ``--reader`` the chips lie in vsmartcard's driver behind a running pcscd (extra ``pcsc``), else on the
agent's own ``vpcd`` driver. The link is modelled in real time, so that a run takes minutes. Prints what was
not as expected, and as its last line on stdout the figures. Exit status 1 where a verdict was another one.
"""

from __future__ import annotations

import argparse
import json
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from gate_agent.devices import CardLost, ChipReader, DeviceError, DeviceTimeout
from gate_agent.emrtd.chip.exchange import run
from gate_agent.emrtd.inspection import Inspection, inspect, interrupted
from gate_agent.emrtd.lds.mrz import parse
from gate_agent.emrtd.trust.trust import TrustStore
from gate_agent.emrtd.trust.trust_directory import load_trust_directory
from gate_agent.evidence import Outcome
from gate_simulators.chip.link import BIT_RATES, ContactlessLink, LinkParameters
from gate_simulators.chip.vpcd_card import ChipSlot
from gate_simulators.issuer.catalogue import SPECIMENS
from gate_simulators.issuer.passports import PassportOffice
from gate_simulators.issuer.specimens import Specimen, Verdict

PCSCD_PORT = 35963
NOISE = np.random.default_rng(1).integers(0, 256, (240, 180, 3), dtype=np.uint8)


@contextmanager
def reader_and_slot(name: str) -> Iterator[tuple[ChipReader, ChipSlot]]:
    """The reader that is meant, opened, and the place on it."""
    port = PCSCD_PORT
    if name:
        from gate_drivers.documents.pcsc import PcscConfig, PcscReader  # noqa: PLC0415 - needs the extra

        reader: ChipReader = PcscReader(PcscConfig(reader=name))
    else:
        from gate_drivers.documents.vpcd import VpcdConfig, VpcdReader  # noqa: PLC0415

        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        reader = VpcdReader(VpcdConfig(port=port))
    reader.open()
    slot = ChipSlot("chip", "127.0.0.1", port)
    slot.start()
    try:
        yield reader, slot
    finally:
        slot.stop()
        reader.close()


def awaited(reader: ChipReader, present: bool) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with suppress(DeviceTimeout):  # one that hung is said to be gone by a later look
            change = reader.read()
            if change is not None and change.present is present:
                return
    raise SystemExit(f"the reader never said present={present}")


def inspected(
    specimen: Specimen,
    reader: ChipReader,
    slot: ChipSlot,
    office: PassportOffice,
    trust: TrustStore,
    rate: int,
) -> tuple[Inspection, float]:
    passport = specimen.passport(office, NOISE)
    slot.present(ContactlessLink(specimen.card(passport), specimen.link or LinkParameters(bit_rate=rate)))
    awaited(reader, True)
    printed, started = parse(passport.lines), time.monotonic()
    try:
        found = run(inspect(printed.key(), printed, trust, datetime.now(UTC)), reader.transmit)
    except DeviceError as error:
        found = interrupted(error)
    took = time.monotonic() - started
    slot.remove()
    awaited(reader, False)
    return found, took


def difference(specimen: Specimen, found: Inspection) -> str:
    """What is not as the specimen expects it, in words; empty where all is."""
    against = {r.check for r in found.results if r.outcome is not Outcome.PASSED and r.reasons}
    expected = specimen.expected
    if bool(against) != (expected.verdict is Verdict.REFUSE):
        return f"{expected.verdict} expected, against it: {sorted(against) or 'nothing'}"
    if missed := set(expected.caught_by) - against:
        return f"not caught by {sorted(missed)}"
    if expected.access and found.access != expected.access:
        return f"{expected.access} expected, opened by {found.access or 'nothing'}"
    return ""


def main() -> int:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("--reader", default="")
    arguments.add_argument("--bit-rate", type=int, default=424_000, choices=BIT_RATES)
    options = arguments.parse_args()
    console = Console(stderr=True)
    times: list[float] = []
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder, reader_and_slot(options.reader) as (reader, slot):
        office, store = PassportOffice(Path(folder), seed=7), Path(folder) / "trust"
        office.write_trust_directory(store)
        SPECIMENS["signer-revoked"].passport(office, NOISE)
        office.write_revocation_lists(store)
        trust = load_trust_directory(store)
        for specimen in track(SPECIMENS.values(), console=console):
            try:
                found, took = inspected(specimen, reader, slot, office, trust, options.bit_rate)
            except CardLost as error:
                raise SystemExit(f"{specimen.name}: {error}") from error
            if said := difference(specimen, found):
                wrong.append(specimen.name)
                console.print(f"{specimen.name}: {said}", highlight=False)
            elif specimen.expected.verdict is Verdict.ACCEPT and specimen.link is None:
                times.append(took)
    figures = {
        "reader": options.reader or "vpcd",
        "bit_rate": options.bit_rate,
        "specimens": len(SPECIMENS),
        "as_expected": len(SPECIMENS) - len(wrong),
        "otherwise": wrong,
        "sound_median_s": round(statistics.median(times), 3),
        "sound_slowest_s": round(max(times), 3),
    }
    print(json.dumps(figures))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

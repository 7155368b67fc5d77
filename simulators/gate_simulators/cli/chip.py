"""``gate-sim chip``: show the specimens, and lay one on a reader's virtual slot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from rich.console import Console
from rich.table import Table

from gate_agent.errors import GateError
from gate_simulators.chip.foreign import load_foreign_chip
from gate_simulators.chip.link import BIT_RATES, Card, ContactlessLink, LinkParameters
from gate_simulators.chip.vpcd_card import ChipSlot
from gate_simulators.device.stopping import until_signal
from gate_simulators.issuer.catalogue import SPECIMENS
from gate_simulators.issuer.passports import PassportOffice
from gate_simulators.issuer.specimens import Specimen, Verdict

app = typer.Typer(
    name="chip",
    help="Passport chips with a story, on the wire of vsmartcard's virtual reader.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def profiles(
    verdict: Annotated[
        Verdict | None, typer.Option(help="only those that a gate must accept or refuse")
    ] = None,
) -> None:
    """List the specimens, and the verdict that a gate must come to on each."""
    table = Table(box=None, pad_edge=False)
    for heading in ("name", "opened by", "verdict", "caught by", "story"):
        table.add_column(heading)
    shown = [s for s in SPECIMENS.values() if verdict is None or s.expected.verdict is verdict]
    for specimen in shown:
        expected = specimen.expected
        colour = "green" if expected.verdict is Verdict.ACCEPT else "red"
        table.add_row(
            specimen.name,
            expected.access,
            f"[{colour}]{expected.verdict}[/]",
            ", ".join(expected.caught_by),
            specimen.about,
        )
    console = Console()
    console.print(table)
    console.print(f"{len(shown)} specimens")


@app.command()
def serve(
    vpcd: Annotated[str, typer.Option(help="where the reader listens, HOST:PORT")] = "127.0.0.1:35963",
    profile: Annotated[str, typer.Option(help="a specimen's name; see `profiles`")] = "pace-ca",
    directory: Annotated[Path | None, typer.Option(help="serve these files instead of a specimen")] = None,
    keys: Annotated[Path | None, typer.Option(help="the private keys that belong to the files")] = None,
    bit_rate: Annotated[int, typer.Option(help="model the contactless link, e.g. 424000; 0: none")] = 0,
    state: Annotated[Path, typer.Option(help="where keys, trust anchors and printed lines go")] = Path(
        ".run/chip"
    ),
    seed: Annotated[int, typer.Option(help="of the authority's keys")] = 7,
) -> None:
    """Lay a chip on the reader until Ctrl-C."""
    console = Console(stderr=True)
    host, port = _address(vpcd)
    if bit_rate and bit_rate not in BIT_RATES:
        raise typer.BadParameter(f"one of {', '.join(map(str, BIT_RATES))}", param_hint="--bit-rate")
    try:
        card = _foreign(console, directory, keys) if directory else _specimen(console, profile, state, seed)
    except GateError as error:
        console.print(f"[bold red]no chip:[/] {error}", highlight=False)
        raise typer.Exit(1) from None
    if bit_rate:
        card = ContactlessLink(card, LinkParameters(bit_rate=bit_rate))
    ending = until_signal()
    slot = ChipSlot("chip", host, port)
    slot.start()
    slot.present(card)
    console.print(f"The chip lies on {host}:{port}; Ctrl-C takes it away.")
    ending.wait()
    slot.stop()


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise typer.BadParameter(f"{text!r} is not HOST:PORT", param_hint="--vpcd")
    return host, int(port)


def _chosen(name: str) -> Specimen:
    if name not in SPECIMENS:
        raise typer.BadParameter(
            f"{name!r} is none; `gate-sim chip profiles` lists them", param_hint="--profile"
        )
    return SPECIMENS[name]


def _specimen(console: Console, name: str, state: Path, seed: int) -> Card:
    import skimage.data  # noqa: PLC0415 - takes a second to load

    specimen = _chosen(name)
    office = PassportOffice(state / "keys", seed)
    office.write_trust_directory(state / "trust")
    passport = specimen.passport(office, skimage.data.astronaut())
    office.write_revocation_lists(state / "trust")
    _write_terminal(office, state / "terminal")
    printed = state / "mrz.txt"
    printed.write_text("\n".join(passport.lines) + "\n", encoding="ascii")
    console.print(f"[bold]{specimen.name}[/]: {specimen.about}", highlight=False)
    console.print("\n".join(passport.lines), highlight=False)
    console.print(
        f"card access number {passport.secrets.can}; lines in {printed}; trust in {state / 'trust'}; "
        f"an inspection system's certificates and key in {state / 'terminal'}"
    )
    if passport.secrets.pin is not None:
        console.print(f"PIN {passport.secrets.pin}")
    card = specimen.card(passport)
    return card if specimen.link is None else ContactlessLink(card, specimen.link)


def _write_terminal(office: PassportOffice, directory: Path) -> None:
    """What `gate-agent chip read --certificate --key` needs to open fingers and irises of these chips."""
    directory.mkdir(parents=True, exist_ok=True)
    system, chain = office.inspection_system()
    for certificate, name in zip(chain, ("verifier", "system"), strict=True):
        (directory / f"{name}.cvcert").write_bytes(certificate)
    key = system.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    (directory / "system.pkcs8").write_bytes(key)


def _foreign(console: Console, directory: Path, keys: Path | None) -> Card:
    foreign = load_foreign_chip(directory, keys)
    console.print("\n".join(foreign.mrz_lines), highlight=False)
    for name in foreign.left_out:
        console.print(f"the key for {name} belongs to another chip and is left out")
    return foreign.chip()

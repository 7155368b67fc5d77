"""A passage leaves no person behind: every file of the station is searched for what the passports held.

Searched are all files that agent, broker and hub write: databases with their free pages and write-ahead logs,
the agent's log, the broker's store. Left out is what the simulated issuer and the tests put there themselves.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator

import httpx
import numpy as np
import pytest

from gate_agent.app import config as station_config
from gate_agent.biometrics.face.chain import FaceChain
from gate_agent.biometrics.face.portrait import decode_portrait
from gate_agent.egate.config import EgateConfig
from gate_simulators.egate.environment import EgateEnvironment
from gate_simulators.egate.officers import Officer
from gate_simulators.egate.travellers import ScriptedTraveller
from gate_simulators.issuer.passports import Passport

STATION = "egate-1"
PLAYED = ("genuine", "impostor", "watchlist")
INPUTS = {"issuer", "trust", "policy", "watchlist.json", "watchlist.json.sig", "watchlist.pub.pem", "mrz.tty"}
JP2 = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
CODESTREAM = b"\xff\x4f\xff\x51"  # ISO/IEC 15444-1 A.4: SOC and SIZ, a JPEG 2000 picture without its box
PICTURES = {
    "JPEG 2000 file": JP2,
    "JPEG 2000 codestream": CODESTREAM,
    "JPEG": b"\xff\xd8\xff\xe0",
    "JFIF": b"JFIF",
}


@pytest.fixture(scope="module")
def chain(shared_station: EgateEnvironment) -> FaceChain:
    """The same models as the station's own."""
    trust = {"trust.directory": str(shared_station.state / "trust")}
    config = station_config.load(shared_station.config, trust)
    assert isinstance(config, EgateConfig)
    return FaceChain.load(config.face)


def written(environment: EgateEnvironment) -> dict[str, bytes]:
    """Name -> content of everything that the station wrote."""
    found: dict[str, bytes] = {}
    for path in sorted(environment.state.rglob("*")):
        name = str(path.relative_to(environment.state))
        if not path.is_file() or path.relative_to(environment.state).parts[0] in INPUTS:
            continue
        if content := path.read_bytes().strip(b"\0"):  # the journal's ballast is nothing but zeros
            found[name] = content
    return found


def encodings(secret: bytes) -> Iterator[bytes]:
    """`secret` as it is, in hexadecimal, and what base64 makes of it at each alignment."""
    yield secret
    yield secret.hex().encode()
    for shift in range(3):
        aligned = secret[shift : shift + (len(secret) - shift) // 3 * 3]
        yield base64.b64encode(aligned)
        yield base64.urlsafe_b64encode(aligned)


def slices(content: bytes, size: int = 24, count: int = 40) -> Iterator[bytes]:
    """Pieces from all over `content` that are not mere padding."""
    step = max(size, len(content) // count)
    for start in range(0, len(content) - size, step):
        piece = content[start : start + size]
        if len(set(piece)) > size // 2:
            yield piece


def secrets_of(passport: Passport, chain: FaceChain) -> dict[str, list[bytes]]:
    """What the station read or computed of a person and must not keep: name -> forms it could take."""
    dg2 = passport.files["DG2"]
    image = dg2[dg2.index(JP2) :]
    pixels = decode_portrait(image)
    vector = chain.template(pixels, chain.single(chain.find(pixels))).vector
    numbers = [np.asarray(vector, kind).tobytes() for kind in (np.float32, np.float64, np.float16)]
    fields = passport.fields
    return {
        "portrait": [form for piece in slices(image) for form in encodings(piece)],
        "DG2": [form for piece in slices(dg2, count=10) for form in encodings(piece)],
        "EF.SOD": [form for piece in slices(passport.files["EF.SOD"], count=10) for form in encodings(piece)],
        "template": [form for raw in numbers for piece in slices(raw) for form in encodings(piece)],
        "template as text": [f"{number:.6g}".encode() for number in vector[:8].tolist()],
        "document number": [form for form in encodings(fields.document_number.encode())],
        "zone": [line.encode() for line in passport.lines],
    }


def find(haystack: dict[str, bytes], forms: list[bytes]) -> list[str]:
    return [name for name, content in haystack.items() if any(form in content for form in forms)]


def test_no_file_of_the_station_holds_anything_of_a_traveller(
    station: EgateEnvironment, officer: Officer, chain: FaceChain
) -> None:
    for scenario in PLAYED:
        ScriptedTraveller(station.site, station.people, pace=3.0).run(scenario)
        station.wait_for_phase("idle")
    station.wait_until(lambda s: s["hub"]["outbox"] == 0, "an empty outbox")
    files = written(station)
    assert {"agent.log", "hub.sqlite", "journal.sqlite"} <= set(files)
    _search(files, station, chain)

    # Once more when all is closed: write-ahead logs are folded in, the broker has saved its store.
    station.stop_agent()
    station.broker.stop()
    _search(written(station), station, chain)


def _search(files: dict[str, bytes], station: EgateEnvironment, chain: FaceChain) -> None:
    for kind, signature in PICTURES.items():
        assert find(files, [signature]) == [], f"a {kind}"
    lowered = {name: content.lower() for name, content in files.items()}
    for scenario in PLAYED:
        passport = station.people.passport(scenario)
        for what, forms in secrets_of(passport, chain).items():
            assert forms
            assert find(files, forms) == [], f"{what} of {scenario}"
        for name in (passport.fields.surname, passport.fields.given_names):
            # "wanted" is also a word of the agent's own, and of English.
            forms = [name.lower().encode()] if name != "Wanted" else [b"wanted<", b"wanted,", b'"wanted"']
            assert find(lowered, forms) == [], f"the name of {scenario}"


def test_the_search_would_find_what_it_looks_for(station: EgateEnvironment, chain: FaceChain) -> None:
    passport = station.people.passport("genuine")
    dg2 = passport.files["DG2"]
    leaks = {
        "raw": dg2,
        "base64": base64.b64encode(b"x" + dg2),
        "hexadecimal": dg2[7:].hex().encode(),
    }
    assert find(leaks, secrets_of(passport, chain)["portrait"]) == list(leaks)
    kept = find(written(station), [STATION.encode()])
    assert {"agent.log", "journal.sqlite"} <= set(kept), "what may be kept is found"


def test_pictures_are_shown_to_the_officer_while_it_lasts_and_gone_with_the_traveller(
    station: EgateEnvironment,
) -> None:
    def ask(which: str, token: str | None) -> int:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return httpx.get(f"{station.console_url}/api/pictures/{which}", headers=headers).status_code

    token = station.console_token
    walk = ScriptedTraveller(station.site, station.people, pace=3.0)
    traveller = threading.Thread(target=walk.run, args=("genuine",))
    traveller.start()
    try:
        station.wait_until(lambda s: bool((s["transaction"] or {}).get("has_portrait")), "the portrait")
        assert ask("portrait", token) == 200
        assert ask("portrait", None) == 401, "personal data, even on loopback"
        station.wait_until(lambda s: s["transaction"]["has_live"], "the live picture")
        assert ask("live", token) == 200
    finally:
        traveller.join(60)
    station.wait_until(lambda s: s["transaction"]["finished"] and s["phase"] == "idle", "the end")
    assert [ask(which, token) for which in ("portrait", "live")] == [404, 404]
    shown = station.snapshot()["transaction"]
    assert (shown["has_portrait"], shown["has_live"]) == (False, False)

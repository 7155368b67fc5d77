"""The desk over HTTP: everything needs the token, everything is bounded, errors name their field."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from gate_agent.app.console_page import console_page, console_words
from gate_agent.console.app import create_app
from gate_agent.console.server import ConsoleServer
from gate_agent.console.settings import ConsoleSettings
from gate_agent.evidence import CheckResult, Outcome
from gate_agent.readmodel import Board, OfficerAction, OrderResult, TransactionView
from gate_agent.review import Desk, DeskSettings, ReviewCase, Shelf
from gate_agent.review.http import desk_routes
from gate_agent.review.statistics import Statistics
from gate_agent.scans.image import Calibration, ScanImage, transmission_image
from gate_agent.station.kind import KINDS

KIND = KINDS.load("nii")
TOKEN = "desk-test-token-0123456789abcdef"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
AT = "2026-03-02T08:00:00.000Z"
CHECKS = (CheckResult("declared_weight", Outcome.FAILED),)
REGION = {"column": 10, "row": 5, "width": 30, "height": 12}
MARK = {"region": REGION, "category": "ANOMALY", "flag": "THREAT", "note": "behind the pallets"}
ORDER = {"action": "release", "officer": "B1", "reason": "as declared", "transaction": "NII-1"}


def scan() -> ScanImage:
    picture = np.linspace(0, 1, 48 * 160, dtype=np.float32).reshape(48, 160)
    return transmission_image((picture,), calibration=Calibration.UNKNOWN, bits=8)


@dataclass
class Site:
    board: Board
    desk: Desk
    http: httpx.AsyncClient
    orders: list[OfficerAction] = field(default_factory=list[OfficerAction])


def over_http(folder: Path, test: Callable[[Site], Awaitable[None]]) -> None:
    async def run() -> None:
        board, orders = Board("NII-01", "nii"), list[OfficerAction]()

        async def act(order: OfficerAction) -> OrderResult:
            orders.append(order)
            return OrderResult()

        async def acknowledge(code: str, officer: str) -> bool:
            return board.acknowledge(code, officer)

        shelf = Shelf(folder / "scans", DeskSettings())
        made = Desk(shelf, Statistics(folder / "s.sqlite", 100), act, board, DeskSettings())
        shelf.put(
            ReviewCase("NII-1", "MSCU1234566", AT, scan(), None, CHECKS, "review", (), needs_review=True)
        )
        board.update(transaction=TransactionView("NII-1", AT))
        board.saw("yard", {"at_hold": True})
        board.saw("camera_left", {"container": "MSCU1234566"})
        settings = ConsoleSettings(port=0)
        app = create_app(
            board,
            made.order,
            settings=settings,
            token=TOKEN,
            kind=console_page(KIND),
            words=console_words(KIND),
            acknowledge=acknowledge,
            routers=lambda _board, bearer: (desk_routes(made, bearer),),
        )
        server = ConsoleServer(app, settings)
        server.bind()
        running = asyncio.create_task(server.run())
        try:
            async with httpx.AsyncClient(base_url=server.url, timeout=10) as http:
                await test(Site(board, made, http, orders))
        finally:
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running

    asyncio.run(run())


READS = [
    "/api/scans",
    "/api/scans/NII-1",
    "/api/scans/NII-1/planes/0",
    "/api/queue",
    "/api/operators",
    "/api/training/tip-1/planes/0",
]
WRITES = [
    ("POST", "/api/scans/NII-1/annotations"),
    ("PUT", "/api/queue/NII-1/claim"),
    ("DELETE", "/api/queue/NII-1/claim"),
    ("PUT", "/api/queue/NII-1/filed"),
    ("POST", "/api/training"),
    ("POST", "/api/training/tip-1/answer"),
]


def test_nothing_of_the_desk_is_open_without_the_token(tmp_path: Path) -> None:
    async def test(site: Site) -> None:
        for method, path in [*(("GET", each) for each in READS), *WRITES]:
            for headers in ({}, {"Authorization": "Bearer guess"}):
                answer = await site.http.request(method, path, headers=headers, json={})
                assert answer.status_code in (401, 429), (method, path)

    over_http(tmp_path, test)


def test_h6_what_identifies_a_vehicle_is_shown_to_the_token_only(tmp_path: Path) -> None:
    async def test(site: Site) -> None:
        snapshot = await site.http.get("/api/snapshot")
        assert snapshot.json()["seen"]["at_hold"]["value"] is True
        assert "MSCU" not in snapshot.text
        whole = (await site.http.get("/api/snapshot", headers=BEARER)).json()
        assert whole["seen"]["container"]["value"] == "MSCU1234566"

    over_http(tmp_path, test)


def test_a_plane_is_raw_little_endian_never_stored_and_says_its_size(tmp_path: Path) -> None:
    async def test(site: Site) -> None:
        view = (await site.http.get("/api/scans/NII-1", headers=BEARER)).json()
        assert [plane["name"] for plane in view["picture"]["planes"]] == ["high", "mask"]
        plane = await site.http.get("/api/scans/NII-1/planes/0", headers=BEARER)
        head = {name: plane.headers[f"scan-{name}"] for name in ("rows", "columns", "bits", "kind")}
        assert head == {"rows": "48", "columns": "160", "bits": "16", "kind": "EVIDENCE"}
        assert plane.headers["cache-control"] == "no-store"
        pixels = np.frombuffer(plane.content, "<u2").reshape(48, 160)
        assert np.array_equal(pixels, np.rint(scan().high * 65535).astype(np.uint16))
        small = await site.http.get("/api/scans/NII-1/planes/0?most=80", headers=BEARER)
        assert (small.headers["scan-columns"], small.headers["scan-binning"]) == ("80", "2")

    over_http(tmp_path, test)


NOT_THERE = [
    ("/api/scans/NII-9", 404, "scan"),
    ("/api/scans/NII-1/planes/7", 404, "plane"),
    ("/api/scans/NII-1/planes/-1", 422, "number"),
    ("/api/scans/NII-1/planes/0?most=1", 422, "most"),
    ("/api/scans/NII-1/reports/1", 404, "report"),
    ("/api/scans/..%2F..%2Fetc/planes/0", 404, ""),
    ("/api/scans/.hidden", 422, "scan"),
    ("/api/scans?last=0", 422, "last"),
    ("/api/scans?container=" + "x" * 65, 422, "container"),
    ("/api/training/tip-1/planes/0", 404, "training"),
    ("/api/training/NII-1/planes/0", 404, "training"),
]


def test_what_is_not_there_or_malformed_is_named(tmp_path: Path) -> None:
    async def test(site: Site) -> None:
        for path, status, wrong in NOT_THERE:
            answer = await site.http.get(path, headers=BEARER)
            assert (answer.status_code, answer.json()["field"]) == (status, wrong), path

    over_http(tmp_path, test)


BAD_MARKS: list[tuple[dict[str, Any], str]] = [
    ({"officer": "Jane Doe", "marks": []}, "officer"),
    ({"officer": "B1"}, "marks"),
    ({"officer": "B1", "marks": [MARK] * 65}, "marks"),
    ({"officer": "B1", "marks": [{**MARK, "category": "DRUGS"}]}, "marks.0.category"),
    ({"officer": "B1", "marks": [{**MARK, "note": "x" * 201}]}, "marks.0.note"),
    ({"officer": "B1", "marks": [{**MARK, "note": "a\nb"}]}, "marks.0.note"),
    ({"officer": "B1", "marks": [{**MARK, "region": {**REGION, "width": 0}}]}, "marks.0.region.width"),
    ({"officer": "B1", "marks": [{**MARK, "region": {**REGION, "row": 47}}]}, "marks.0.region"),
    ({"officer": "B1", "marks": [MARK], "evidence": True}, "evidence"),
]


def test_marks_are_bounded_and_a_bad_one_is_named(tmp_path: Path) -> None:
    async def test(site: Site) -> None:
        url = "/api/scans/NII-1/annotations"
        for body, wrong in BAD_MARKS:
            answer = await site.http.post(url, headers=BEARER, json=body)
            assert (answer.status_code, answer.json()["field"]) == (422, wrong)
        long = await site.http.post(url, headers=BEARER, json={"officer": "B1", "marks": ["x" * 70_000]})
        assert long.status_code == 413
        kept = await site.http.post(url, headers=BEARER, json={"officer": "B1", "marks": [MARK]})
        assert (kept.status_code, kept.json()["marks"], kept.json()["report"]) == (200, 1, None)
        found = (await site.http.get("/api/scans/NII-1", headers=BEARER)).json()["findings"]
        assert found == [{"region": REGION, "what": "behind the pallets", "flag": "THREAT", "by": "B1"}]

    over_http(tmp_path, test)


def test_the_rule_of_the_second_person_holds_for_a_script_too(tmp_path: Path) -> None:
    async def test(site: Site) -> None:
        first = await site.http.post("/api/actions", headers=BEARER, json=ORDER)
        assert "second" in first.json()["note"]
        same = await site.http.post("/api/actions", headers=BEARER, json=ORDER)
        assert (same.status_code, same.json()["field"]) == (409, "action")
        assert same.json()["code"] == "OWN_PROPOSAL"
        bypass = {**ORDER, "action": "propose_release"}
        assert (await site.http.post("/api/actions", headers=BEARER, json=bypass)).status_code == 422
        second = await site.http.post("/api/actions", headers=BEARER, json={**ORDER, "officer": "B2"})
        assert (second.status_code, second.json()["note"]) == (200, "")
        assert [order.action for order in site.orders] == ["propose_release", "release"]
        assert (await site.http.get("/api/queue", headers=BEARER)).json() == []

    over_http(tmp_path, test)


def test_claims_over_http(tmp_path: Path) -> None:
    async def test(site: Site) -> None:
        url = "/api/queue/NII-1/claim"
        assert (await site.http.put(url, headers=BEARER, json={"officer": "B1"})).status_code == 200
        assert (await site.http.put(url, headers=BEARER, json={"officer": "B2"})).status_code == 409
        (entry,) = (await site.http.get("/api/queue", headers=BEARER)).json()
        assert (entry["claimed_by"], entry["want"]) == ("B1", "decision")
        filed = await site.http.put("/api/queue/NII-1/filed", headers=BEARER, json={"officer": "B1"})
        assert (filed.status_code, filed.json()["detail"]) == (
            409,
            "This case still wants a decision.",
        )
        back = await site.http.request("DELETE", url, headers=BEARER, json={"officer": "B1"})
        assert back.status_code == 200

    over_http(tmp_path, test)


def test_openapi_describes_every_path_of_the_desk(tmp_path: Path) -> None:
    async def test(site: Site) -> None:
        document = (await site.http.get("/openapi.json")).json()
        paths = {path for path in document["paths"] if path.startswith(("/api/scans", "/api/queue"))}
        assert "/api/scans/{scan}/planes/{number}" in paths and "/api/queue/{case}/claim" in paths
        assert all("description" in op for path in document["paths"].values() for op in path.values())

    over_http(tmp_path, test)

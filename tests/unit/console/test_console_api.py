"""The console's HTTP interface over real sockets: who is let in, what is bounded, what is streamed."""

from __future__ import annotations

import asyncio
import json
import math
import signal
import socket
import stat
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from gate_agent.console.app import create_app
from gate_agent.console.guard import RateLimit, is_loopback_authority
from gate_agent.console.messages import journal_entries, redacted
from gate_agent.console.page import KindPage, OrderLook
from gate_agent.console.server import ConsoleServer
from gate_agent.console.settings import ConsoleError, ConsoleSettings
from gate_agent.console.token import load_token
from gate_agent.devices import DeviceError, DeviceHealth, DeviceState
from gate_agent.evidence import CheckResult, Outcome
from gate_agent.readmodel import Alert, Board, Objection, OfficerAction, OrderResult, TransactionView
from gate_agent.words import SHARED, load_all

TOKEN = "unit-test-token-0123456789abcdef"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
WORDS = load_all(SHARED)
KIND = KindPage(
    name="kiosk",
    folder=resources.files("gate_agent") / "egate" / "page",
    phases={"idle": "good", "busy": "calm"},
    verdicts={"pass": "good"},
    orders={"refuse": OrderLook("bad", decides=True), "reset": OrderLook()},
    public=frozenset({"door"}),
    texts=frozenset({"BAC"}),
)
ORDER = {"action": "refuse", "officer": "B1234", "reason": "document is not theirs"}


class Console:
    """A served console, its board, and what it was ordered."""

    def __init__(self, board: Board, server: ConsoleServer, http: httpx.AsyncClient) -> None:
        self.board = board
        self.server = server
        self.http = http
        self.orders: list[OfficerAction] = []
        self.answer: Objection | Exception | None = None
        self.app: Any = None

    async def act(self, order: OfficerAction) -> OrderResult:
        self.orders.append(order)
        if isinstance(self.answer, Exception):
            raise self.answer
        return OrderResult(self.answer)

    async def acknowledge(self, code: str, officer: str) -> bool:
        return self.board.acknowledge(code, officer)


@asynccontextmanager
async def served(settings: dict[str, Any] | None = None, **parts: Any) -> AsyncIterator[Console]:
    configured = ConsoleSettings.model_validate({"port": 0, "heartbeat_s": 0.1, **(settings or {})})
    board = Board("LANE-1", "kiosk")
    async with httpx.AsyncClient(timeout=10) as http:
        console = Console(board, None, http)  # type: ignore[arg-type]
        console.app = create_app(
            board,
            console.act,
            settings=configured,
            token=TOKEN,
            kind=KIND,
            words=WORDS,
            acknowledge=console.acknowledge,
            **parts,
        )
        console.server = ConsoleServer(console.app, configured)
        console.server.bind()
        http.base_url = httpx.URL(console.server.url)
        running = asyncio.create_task(console.server.run())
        try:
            yield console
        finally:
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            assert asyncio.all_tasks() == {asyncio.current_task()}, "the console left a task behind"


def over_http(test: Callable[[Console], Awaitable[None]], **settings_and_parts: Any) -> None:
    async def run() -> None:
        async with served(**settings_and_parts) as console:
            await test(console)

    asyncio.run(run())


async def events(console: Console, most: int) -> list[tuple[str, Any]]:
    """The first `most` events of a fresh stream."""
    found: list[tuple[str, Any]] = []
    async with console.http.stream("GET", "/api/events") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        kind = ""
        async for line in response.aiter_lines():
            if line.startswith("event: "):
                kind = line[7:]
            elif line.startswith("data: "):
                found.append((kind, json.loads(line[6:])))
                if len(found) == most:
                    break
    return found


# ---------------------------------------------------------------- settings and token


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "::", "gate.example", "", "127.0.0.1.example"])
def test_only_loopback_addresses_are_configured(host: str) -> None:
    with pytest.raises(ValidationError, match="loopback"):
        ConsoleSettings(host=host)


@pytest.mark.parametrize(
    ("host", "kept"), [("127.0.0.1", "127.0.0.1"), ("localhost", "127.0.0.1"), ("::1", "::1")]
)
def test_loopback_addresses_are_taken(host: str, kept: str) -> None:
    assert ConsoleSettings(host=host).host == kept


def test_token_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "state" / "console.token"
    token = load_token(path)
    assert len(token) >= 40
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_token(path) == token


@pytest.mark.parametrize(
    ("content", "mode", "what"),
    [
        (b"x" * 40, 0o644, "read by others"),
        (b"x" * 40, 0o620, "written by its group"),
        (b"short", 0o600, "visible ASCII"),
        (b"x" * 4000, 0o600, "visible ASCII"),
        (b"\xff" * 40, 0o600, "visible ASCII"),
        (b"two words " * 4, 0o600, "visible ASCII"),
    ],
)
def test_unsafe_token_files_are_refused(tmp_path: Path, content: bytes, mode: int, what: str) -> None:
    path = tmp_path / "console.token"
    path.write_bytes(content)
    path.chmod(mode)
    with pytest.raises(ConsoleError, match=what) as refused:
        load_token(path)
    assert refused.value.field == "console.token_file"
    assert refused.value.advice


# ---------------------------------------------------------------- who is let in


@pytest.mark.parametrize("good", ["127.0.0.1", "127.0.0.1:8080", "localhost:1", "LOCALHOST", "[::1]:8080"])
def test_loopback_names(good: str) -> None:
    assert is_loopback_authority(good)


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:8080",
        "127.0.0.1@evil.example",
        "evil.example@127.0.0.1",
        "127.0.0.1:port",
        "127.0.0.1/evil",
        "127.0.0.1#",
        "127.0.0.2",
        "[::1",
    ],
)
def test_other_names(bad: str) -> None:
    assert not is_loopback_authority(bad)


@given(st.text(max_size=60))
def test_any_authority_is_judged_without_an_error(text: str) -> None:
    is_loopback_authority(text)


def test_foreign_hosts_and_origins_are_refused_everywhere() -> None:
    async def test(console: Console) -> None:
        for path in ("/", "/api/snapshot", "/api/events", "/static/js/main.js", "/healthz", "/nowhere"):
            rebound = await console.http.get(path, headers={"Host": "evil.example"})
            assert rebound.status_code == 421, path
            assert rebound.json()["field"] == "Host"
            crossed = await console.http.get(path, headers={"Origin": "http://evil.example"})
            assert crossed.status_code == 403, path
        own = await console.http.get("/api/snapshot", headers={"Origin": console.server.url})
        assert own.status_code == 200
        null = await console.http.post("/api/actions", headers={**BEARER, "Origin": "null"}, json=ORDER)
        assert null.status_code == 403
        assert console.orders == []

    over_http(test)


def test_every_answer_carries_the_security_headers() -> None:
    def broken() -> bytes:
        raise RuntimeError("no metrics today")

    async def test(console: Console) -> None:
        for path in (
            "/",
            "/static/css/shell.css",
            "/api/snapshot",
            "/api/pictures/live",
            "/nowhere",
            "/metrics",
        ):
            answer = await console.http.get(path)
            policy = answer.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'"), path
            assert "unsafe" not in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert "set-cookie" not in answer.headers
            assert "server" not in answer.headers
            assert "no metrics today" not in answer.text
        assert answer.status_code == 500

    over_http(test, metrics=broken)


def test_the_page_and_its_modules_come_from_here_only() -> None:
    async def test(console: Console) -> None:
        page = await console.http.get("/")
        assert page.headers["content-type"].startswith("text/html")
        assert "http://" not in page.text and "https://" not in page.text
        script = await console.http.get("/static/js/main.js")
        assert "javascript" in script.headers["content-type"]
        assert (await console.http.get("/static/../app.py")).status_code == 404
        assert (await console.http.get("/docs")).status_code == 404

    over_http(test)


def test_orders_and_pictures_need_the_token() -> None:
    missing = (None, b"", b"Bearer", b"Basic dXNlcjpwdw==", TOKEN.encode())
    wrong = (f"Bearer {TOKEN}x".encode(), b"Bearer \xc3\xbc", f"Bearer {TOKEN[:-1]}".encode())

    async def test(console: Console) -> None:
        console.board.set_picture("live", b"\xff\xd8jpeg")
        for authorization in (*missing, *wrong):
            headers: dict[str, Any] = {} if authorization is None else {"Authorization": authorization}
            for method, path in (("POST", "/api/actions"), ("GET", "/api/pictures/live")):
                answer = await console.http.request(method, path, headers=headers)
                assert answer.status_code == 401, (authorization, path)
                assert answer.headers["www-authenticate"].startswith("Bearer")
                assert answer.headers["content-type"] == "application/problem+json"
        assert console.orders == []

    over_http(test)


def test_guessing_is_slowed_but_locks_nobody_out() -> None:
    async def test(console: Console) -> None:
        codes = [
            (await console.http.post("/api/actions", headers={"Authorization": "Bearer guess"})).status_code
            for _ in range(12)
        ]
        assert codes == [401] * 10 + [429] * 2
        right = await console.http.post("/api/actions", headers=BEARER, json=ORDER)
        assert right.status_code == 200

    over_http(test)


def test_rate_limit_frees_what_has_aged() -> None:
    now = [100.0]
    limit = RateLimit(2, 60, clock=lambda: now[0])
    assert [limit.take(), limit.take()] == [0, 0]
    now[0] = 130
    assert limit.take() == 30
    now[0] = 160
    assert limit.take() == 0


# ---------------------------------------------------------------- orders


def test_a_named_officer_orders_with_a_reason() -> None:
    async def test(console: Console) -> None:
        answer = await console.http.post("/api/actions", headers=BEARER, json=ORDER)
        assert answer.status_code == 200
        assert answer.json() == {"accepted": True, "action": "refuse", "officer": "B1234", "note": ""}
        assert console.orders == [OfficerAction("refuse", "B1234", "document is not theirs")]

    over_http(test)


BAD_ORDERS: list[tuple[dict[str, Any], str]] = [
    ({**ORDER, "action": "open_exit"}, "action"),
    ({**ORDER, "action": None}, "action"),
    ({**ORDER, "action": "admit"}, "action"),  # another kind's
    ({**ORDER, "action": "refuse; admit"}, "action"),
    ({**ORDER, "officer": ""}, "officer"),
    ({**ORDER, "officer": "Jane Doe"}, "officer"),
    ({**ORDER, "officer": 7}, "officer"),
    ({**ORDER, "officer": "x" * 41}, "officer"),
    ({**ORDER, "reason": "  "}, "reason"),
    ({**ORDER, "reason": "x" * 201}, "reason"),
    ({**ORDER, "reason": "line\nbreak"}, "reason"),
    ({**ORDER, "force": True}, "force"),
    *(({k: v for k, v in ORDER.items() if k != missing}, missing) for missing in ORDER),
]


def test_a_bad_order_names_its_field() -> None:
    async def test(console: Console) -> None:
        for order, field in BAD_ORDERS:
            answer = await console.http.post("/api/actions", headers=BEARER, json=order)
            assert (answer.status_code, answer.json()["field"]) == (422, field), order
        assert console.orders == []

    over_http(test)


def test_bodies_are_bounded_before_they_are_parsed() -> None:
    async def test(console: Console) -> None:
        kind = {**BEARER, "Content-Type": "application/json"}

        async def endless() -> AsyncIterator[bytes]:
            for _ in range(64):
                yield b"[" * 1024

        for body in (b"[" * 5000, endless()):
            answer = await console.http.post("/api/actions", headers=kind, content=body)
            assert answer.status_code == 413
        for body in (b"", b"{", b"[" * 1000, b"\xff\xfe", b"null", b'"admit"'):
            answer = await console.http.post("/api/actions", headers=kind, content=body)
            assert (answer.status_code, answer.json()["field"]) == (422, "body")
        form = await console.http.post("/api/actions", headers=BEARER, data=ORDER)
        assert form.status_code == 415
        assert console.orders == []

    over_http(test)


def test_the_station_is_told_which_traveller_was_meant() -> None:
    """It declines, and writes so, when another one has come; the console decides nothing."""

    async def test(console: Console) -> None:
        console.board.update(transaction=TransactionView("t2", "2026-03-02T08:00:00.000Z"))
        await console.http.post("/api/actions", headers=BEARER, json={**ORDER, "transaction": "t1"})
        assert [order.transaction for order in console.orders] == ["t1"]

    over_http(test)


def test_the_station_may_say_no_or_fail() -> None:
    async def test(console: Console) -> None:
        console.answer = Objection("STATION_STOPPED")
        no = await console.http.post("/api/actions", headers=BEARER, json=ORDER)
        assert (no.status_code, no.json()["code"]) == (409, "STATION_STOPPED")
        assert no.json()["detail"] == "The station has stopped."
        german = {**BEARER, "Accept-Language": "fr;q=0.9, de-AT;q=0.8, en;q=0.1"}
        no = await console.http.post("/api/actions", headers=german, json=ORDER)
        assert no.json()["detail"] == "Die Station ist angehalten."
        console.answer = DeviceError("door controller is gone", field="lane", advice="check its cable")
        failed = await console.http.post("/api/actions", headers=BEARER, json=ORDER)
        assert (failed.status_code, failed.json()["advice"]) == (503, "check its cable")

    over_http(test)


def test_orders_are_rate_limited() -> None:
    async def test(console: Console) -> None:
        codes = [
            (await console.http.post("/api/actions", headers=BEARER, json=ORDER)).status_code
            for _ in range(4)
        ]
        assert codes == [200, 200, 200, 429]

    over_http(test, settings={"orders_per_minute": 3})


# ---------------------------------------------------------------- the live view


def test_stream_gives_the_state_then_every_change_and_beats_when_quiet() -> None:
    async def test(console: Console) -> None:
        async def change() -> None:
            await asyncio.sleep(0.25)
            console.board.update(phase="reading")

        changing = asyncio.create_task(change())
        seen = await events(console, 4)
        await changing
        kinds = [kind for kind, _ in seen]
        assert kinds[0] == "snapshot" and "beat" in kinds
        assert seen[0][1]["phase"] == "starting"
        while "reading" not in [data.get("phase") for _, data in seen]:
            seen = await events(console, 1)

    over_http(test)


def test_snapshot_is_valid_json_whatever_was_measured() -> None:
    async def test(console: Console) -> None:
        check = CheckResult("face_match", Outcome.NOT_DONE, measured={"distance": math.nan})
        console.board.update(
            transaction=TransactionView(
                "t", "2026-03-02T08:00:00.000Z", (check, CheckResult("age", Outcome.PASSED))
            ),
            devices=(DeviceHealth("camera", "opencv", DeviceState.STARTING, math.inf, 0),),
        )
        snapshot = json.loads((await console.http.get("/api/snapshot")).text, parse_constant=pytest.fail)
        assert snapshot["devices"][0] | {"age_s": None} == snapshot["devices"][0]
        assert snapshot["transaction"]["checks"][0]["measured"] == {"distance": None}

    over_http(test)


def test_a_slow_client_skips_and_holds_nobody_up() -> None:
    async def test(console: Console) -> None:
        _, port = console.server.url.rsplit(":", 1)
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", int(port)))
        slow.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try:
            big = "x" * 400_000  # more than the sockets of one connection hold, within a few snapshots
            for step in range(12):
                console.board.update(instruction=f"{step}{big}")
                await asyncio.sleep(0.06)
            newest = await events(console, 1)
            assert newest[0][1]["instruction"].startswith("11")
            feed = console.app.state.feed
            for _ in range(200):  # the kernel drops the stalled one (RFC 5482), and its slot is free again
                if feed.open_streams == 0:
                    break
                await asyncio.sleep(0.05)
            assert feed.open_streams == 0
        finally:
            slow.close()

    over_http(test, settings={"stall_s": 1})


def test_streams_are_counted_and_freed() -> None:
    async def test(console: Console) -> None:
        async with console.http.stream("GET", "/api/events") as first:
            assert first.status_code == 200
            second = await console.http.get("/api/events")
            assert second.status_code == 503
            assert second.json()["field"] == "max_streams"
        for _ in range(100):
            if console.app.state.feed.open_streams == 0:
                break
            await asyncio.sleep(0.02)
        assert len(await events(console, 1)) == 1

    over_http(test, settings={"max_streams": 1})


def test_cancelled_server_ends_open_streams_and_touches_no_signal_handler() -> None:
    async def test() -> None:
        before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
        settings = ConsoleSettings(port=0)

        async def act(_: OfficerAction) -> OrderResult:
            return OrderResult()

        async def acknowledge(_code: str, _officer: str) -> bool:
            return False

        app = create_app(
            Board("L", "kiosk"),
            act,
            settings=settings,
            token=TOKEN,
            kind=KIND,
            words=WORDS,
            acknowledge=acknowledge,
        )
        server = ConsoleServer(app, settings)
        server.bind()
        running = asyncio.create_task(server.run())
        async with (
            httpx.AsyncClient(base_url=server.url) as http,
            http.stream("GET", "/api/events") as response,
        ):
            lines = response.aiter_lines()
            assert await anext(lines) == "retry: 1000"
            assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            assert [line async for line in lines][-1] == ""  # a complete response, not a cut connection
        assert asyncio.all_tasks() == {asyncio.current_task()}

    threads = threading.active_count()
    asyncio.run(test())
    assert threading.active_count() == threads


def test_a_taken_port_is_a_clear_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = ConsoleSettings(port=taken.getsockname()[1])
        with pytest.raises(ConsoleError, match="cannot listen") as refused:
            ConsoleServer(None, settings).bind()  # type: ignore[arg-type]
    assert refused.value.field == "console.port"


# ---------------------------------------------------------------- what leaves the station without the token

NAMES = st.text("abcdefghij", min_size=1, max_size=6)
VALUES = st.one_of(st.booleans(), st.integers(0, 9), st.just("MARKED-PRIVATE"))


@settings(max_examples=60, deadline=None)
@given(
    things=st.dictionaries(NAMES, VALUES),
    shown=st.dictionaries(NAMES, st.just("MARKED-PRIVATE")),
    measured=st.dictionaries(NAMES, st.one_of(VALUES, st.just("BAC"))),
    public=st.frozensets(NAMES),
)
def test_h6_of_a_generated_kind_only_what_it_declares_public_is_open(
    things: dict[str, Any], shown: dict[str, str], measured: dict[str, Any], public: frozenset[str]
) -> None:
    board = Board("X-1", "generated")
    board.saw("device", things)
    board.showed("WAIT", **shown)
    check = CheckResult("check", Outcome.FAILED, (), measured)
    board.update(
        transaction=TransactionView("t", "2026-03-02T08:00:00.000Z", (check,)),
        alerts=(Alert("DEVICE_FAULT", "2026-03-02T08:00:00.000Z", "MARKED-PRIVATE"),),
    )
    opened = replace(KIND, public=public).opened(board.snapshot)
    assert opened.seen == {name: thing for name, thing in board.snapshot.seen.items() if name in public}
    assert opened.shown == {name: value for name, value in shown.items() if name in public}
    assert opened.transaction is not None
    (figures,) = opened.transaction.checks
    assert dict(figures.measured) == {n: v for n, v in measured.items() if v != "MARKED-PRIVATE"}
    if not public & (things.keys() | shown.keys()):
        assert "MARKED-PRIVATE" not in repr(opened)
    nothing = KindPage("new", KIND.folder, {}, {}, {}).opened(board.snapshot)
    assert not nothing.seen and not nothing.shown and "MARKED-PRIVATE" not in repr(nothing)


def test_h4_the_token_shows_all_and_a_wrong_one_is_no_way_in() -> None:
    async def test(console: Console) -> None:
        console.board.saw("lane", {"door": "open", "container": "MSCU4512230"})
        await asyncio.sleep(0)
        for path in ("/api/snapshot", "/api/events"):
            wrong = await console.http.get(path, headers={"Authorization": "Bearer guess"})
            assert wrong.status_code == 401, path
        public = (await console.http.get("/api/snapshot")).json()
        assert public["seen"].keys() == {"door"}
        whole = (await console.http.get("/api/snapshot", headers=BEARER)).json()
        assert whole["seen"]["container"]["value"] == "MSCU4512230"
        ((_, streamed),) = await events(console, 1)
        assert streamed == public

    over_http(test)


# ---------------------------------------------------------------- kind, words, alerts


def test_h3_the_page_is_told_of_the_kind_and_given_its_words() -> None:
    async def test(console: Console) -> None:
        kind = (await console.http.get("/api/kind")).json()
        assert kind["languages"] == {"en": "English", "de": "Deutsch"}
        assert [order["order"] for order in kind["orders"]] == ["refuse", "reset"]
        assert kind["phases"] == {"idle": "good", "busy": "calm"}
        assert (await console.http.get("/static/kind/page.js")).status_code == 200
        for asked, language in (
            ("/api/words?language=de", "de"),
            ("/api/words?language=de-CH", "de"),
            ("/api/words?language=tlh", "en"),
            ("/api/words", "en"),
        ):
            words = (await console.http.get(asked)).json()
            assert (words["language"], words["direction"]) == (language, "ltr")
            assert words["reasons"].keys() == WORDS["en"].tables()["reasons"].keys()
        page = await console.http.get("/", headers={"Accept-Language": "de"})
        assert '<html lang="de" dir="ltr">' in page.text and "Zur Station" in page.text

    over_http(test)


@given(st.text(max_size=60))
def test_any_accept_language_is_answered(header: str) -> None:
    from starlette.requests import Request

    from gate_agent.console.language import Languages

    raw = header.encode("latin-1", "replace")
    scope = {"type": "http", "headers": [(b"accept-language", raw)], "query_string": b""}
    assert Languages(WORDS).of(Request(scope)).language in WORDS


def test_u4_a_named_officer_acknowledges_an_alert_once() -> None:
    async def test(console: Console) -> None:
        console.board.raise_alert("DEVICE_FAULT:camera")
        path = "/api/alerts/DEVICE_FAULT:camera/acknowledge"
        assert (await console.http.post(path, json={"officer": "B1"})).status_code == 401
        bad = await console.http.post(path, headers=BEARER, json={"officer": "Jane Doe"})
        assert (bad.status_code, bad.json()["field"]) == (422, "officer")
        first = await console.http.post(path, headers=BEARER, json={"officer": "B1"})
        assert (first.status_code, console.board.snapshot.alerts[0].acknowledged_by) == (200, "B1")
        again = await console.http.post(path, headers=BEARER, json={"officer": "C2"})
        assert (again.status_code, again.json()["code"]) == (409, "ALERT_UNKNOWN")
        odd = await console.http.post("/api/alerts/../acknowledge", headers=BEARER, json={"officer": "B1"})
        assert odd.status_code in (404, 405, 422)

    over_http(test)


def test_u2_an_outcome_stands_with_its_order_whichever_was_written_first() -> None:
    def written(seq: int, kind: str, action: str, officer: str, **more: Any) -> dict[str, Any]:
        body = {"action": action, "officer": officer, **more}
        return {"epoch": 1, "seq": seq, "kind": kind, "transaction": "t", "at": "", "body": body}

    records = [
        written(1, "officer_outcome", "out_of_service", "B1", done=True),
        written(2, "officer_action", "out_of_service", "B1"),
        written(3, "officer_action", "admit", "B1"),
        written(4, "officer_action", "admit", "C2"),
        written(5, "officer_outcome", "admit", "C2", done=False, why="DECIDED_BY_OTHER", decided_by="B1"),
        written(6, "officer_outcome", "admit", "B1", done=True, why="free text"),
        written(7, "officer_action", "reset", "D3"),
    ]
    entries = {(e.action, e.by): (e.done, e.why, e.first) for e in journal_entries(records)}
    assert entries == {
        ("out_of_service", "B1"): (True, "", ""),
        ("admit", "B1"): (True, "", ""),
        ("admit", "C2"): (False, "DECIDED_BY_OTHER", "B1"),
        ("reset", "D3"): (None, "", ""),
    }


# ---------------------------------------------------------------- pictures, journal, operations


def test_pictures_are_never_kept_by_the_browser() -> None:
    async def test(console: Console) -> None:
        assert (await console.http.get("/api/pictures/portrait", headers=BEARER)).status_code == 404
        console.board.set_picture("portrait", b"\xff\xd8jpeg")
        picture = await console.http.get("/api/pictures/portrait", headers=BEARER)
        assert (picture.content, picture.headers["content-type"]) == (b"\xff\xd8jpeg", "image/jpeg")
        assert picture.headers["cache-control"] == "no-store"
        console.board.drop_pictures()
        assert (await console.http.get("/api/pictures/portrait", headers=BEARER)).status_code == 404
        other = await console.http.get("/api/pictures/iris", headers=BEARER)
        assert (other.status_code, other.json()["field"]) == (422, "which")

    over_http(test)


def test_journal_shows_codes_only_and_newest_first() -> None:
    records: list[dict[str, Any]] = [
        {
            "epoch": 9,
            "seq": seq,
            "kind": "officer_action",
            "at": "2026-03-02T08:00:00.000Z",
            "body": {"action": "admit", "officer": "B1234", "reason": "Jane is known to me", "name": "DOE"},
        }
        for seq in (3, 2, 1)
    ]

    async def test(console: Console) -> None:
        answer = await console.http.get("/api/journal?last=2")
        assert [entry["seq"] for entry in answer.json()] == [3, 2]
        assert "Jane" not in answer.text and "DOE" not in answer.text
        for bad in ("0", "101", "many", "-1"):
            refused = await console.http.get(f"/api/journal?last={bad}")
            assert (refused.status_code, refused.json()["field"]) == (422, "last")

    over_http(test, recent=lambda last: records[:last])


def test_redaction_keeps_codes_with_their_source() -> None:
    body = {"verdict": "refer", "reasons": ["DEVICE_FAULT:camera", "Jane Doe", "TAILGATING", 7, "X:DOE JANE"]}
    entry = redacted({"epoch": 1, "seq": 4, "kind": "decision", "body": json.dumps(body)})
    assert (entry.verdict, entry.reasons) == ("refer", ["DEVICE_FAULT:camera", "TAILGATING"])


def test_journal_and_metrics_can_be_kept_behind_the_token() -> None:
    async def test(console: Console) -> None:
        for path in ("/api/journal", "/metrics"):
            assert (await console.http.get(path)).status_code == 401
            assert (await console.http.get(path, headers=BEARER)).status_code == 200

    settings = {"public_journal": False, "public_metrics": False}
    over_http(test, settings=settings, metrics=lambda: b"up 1\n", recent=lambda _: [])


@given(
    st.dictionaries(
        st.sampled_from(["kind", "at", "transaction", "verdict", "officer", "reason", "note", "name"]),
        st.one_of(st.none(), st.integers(), st.text(max_size=80), st.booleans()),
    )
)
def test_redaction_takes_any_record_and_passes_no_free_text(body: dict[str, Any]) -> None:
    entry = redacted({"epoch": 1, "seq": 1, "body": {**body, "note": "free text", "name": "DOE"}})
    assert "free text" not in entry.model_dump_json() and "DOE" not in entry.model_dump_json()


def test_health_is_503_until_every_device_delivers() -> None:
    async def test(console: Console) -> None:
        starting = await console.http.get("/healthz")
        assert (starting.status_code, starting.json()["ok"]) == (503, False)
        camera = DeviceHealth("camera", "opencv", DeviceState.UP, 0.04, 0)
        console.board.update(phase="idle", devices=(camera,))
        healthy = await console.http.get("/healthz")
        assert (healthy.status_code, healthy.json()["phase"]) == (200, "idle")
        assert healthy.json()["devices"][0]["device"] == "camera"

    over_http(test)


def test_health_and_metrics_of_the_agent_are_passed_on() -> None:
    async def test(console: Console) -> None:
        health = await console.http.get("/healthz")
        assert (health.status_code, health.json()["journal"]) == (503, "disk full")
        metrics = await console.http.get("/metrics")
        assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert metrics.text == "gate_agent_up 1\n"

    report = {"ok": False, "phase": "idle", "devices": [], "journal": "disk full"}
    over_http(test, health=lambda: report, metrics=lambda: b"gate_agent_up 1\n")


def test_openapi_describes_every_endpoint() -> None:
    async def test(console: Console) -> None:
        document = (await console.http.get("/openapi.json")).json()
        assert set(document["paths"]) == {
            "/api/snapshot",
            "/api/events",
            "/api/kind",
            "/api/words",
            "/api/pictures/{which}",
            "/api/actions",
            "/api/alerts/{code}/acknowledge",
            "/api/journal",
            "/healthz",
            "/metrics",
        }
        body = document["paths"]["/api/actions"]["post"]["requestBody"]["content"]["application/json"][
            "schema"
        ]
        assert set(body["required"]) == {"action", "officer", "reason"}
        assert all("description" in op for path in document["paths"].values() for op in path.values())

    over_http(test)

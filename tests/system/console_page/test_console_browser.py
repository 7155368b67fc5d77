"""The officer's page in a real browser: what is seen, what the keyboard can do, how stale data look.

A scripted board stands for the station; everything else is real: server, stream, page, Chromium.
"""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gate_agent.devices import DeviceState
from gate_agent.readmodel import Alert, HubView, Objection, OfficerAction, Picture

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

SCREENSHOTS = Path(__file__).parents[3] / "docs" / "img"
TOKEN = "browser-test-token-0123456789abcdef"
MISMATCHED = "The face does not match the portrait in the chip."


@pytest.fixture
def station(open_station: Callable[..., Any]) -> Any:
    station = open_station("egate")
    station.records = RECORDS[:]
    return station


@pytest.fixture
def page(open_page: Callable[..., Any], station: Any) -> Any:
    page = open_page(station)
    expect(page.locator("#verdict")).to_have_text("Looking at the face")
    return page


@pytest.fixture
def capturing(scripts: Any) -> Any:
    return scripts["egate"].working


@pytest.fixture
def referred(scripts: Any) -> Any:
    """A traveller who waits for an officer, at a station with more trouble."""
    waiting = scripts["egate"].waiting
    devices = list(waiting.devices)
    trouble = {"error": "no frame for 6.2 s", "advice": "check the cable"}
    devices[2] = replace(devices[2], state=DeviceState.SILENT, age_s=6.2, **trouble)
    return replace(
        waiting,
        devices=tuple(devices),
        hub=HubView(False, 7, 405, 412.0, "connection refused by 127.0.0.1:1883"),
        alerts=(
            Alert("DEVICE_SILENT:camera", "2026-03-02T08:42:40.000Z"),
            Alert("LEFT_OBJECT", "2026-03-02T08:36:02.000Z"),
        ),
    )


def record(seq: int, at: str, verdict: str, *reasons: str, by: str = "policy") -> dict[str, Any]:
    body = {"verdict": verdict, "reasons": list(reasons), "decided_by": by, "note": "SECRET NOTE"}
    return {"epoch": 1, "seq": seq, "kind": "decision", "transaction": f"t{seq}", "at": at, "body": body}


RECORDS = [
    record(412, "2026-03-02T08:41:55.120Z", "admit", "ALL_CHECKS_PASSED"),
    record(411, "2026-03-02T08:41:20.031Z", "admit", "OFFICER_ORDER", by="officer:B1234"),
    record(410, "2026-03-02T08:40:48.775Z", "refer", "DOCUMENT_EXPIRED"),
    record(409, "2026-03-02T08:40:12.411Z", "admit", "ALL_CHECKS_PASSED"),
    record(408, "2026-03-02T08:39:37.902Z", "admit", "ALL_CHECKS_PASSED"),
]


def expect(locator: Any) -> Any:
    return sync_api.expect(locator)


def sign_in(page: Any) -> None:
    page.keyboard.press("Alt+a")  # any order asks who is there first
    page.keyboard.type("B1234")
    page.keyboard.press("Tab")
    page.keyboard.type(TOKEN)
    page.keyboard.press("Enter")
    expect(page.locator("#order-dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#order-dialog")).to_be_hidden()


def photograph(station: Any) -> None:
    skimage_data = pytest.importorskip("skimage.data", reason="scikit-image is not installed")
    pillow = pytest.importorskip("PIL.Image", reason="pillow is not installed")
    face = pillow.fromarray(skimage_data.astronaut()[0:260, 110:318])
    pictures: dict[Picture, Any] = {"portrait": face, "live": face.rotate(3).crop((12, 14, 196, 246))}
    for which, picture in pictures.items():
        jpeg = io.BytesIO()
        picture.save(jpeg, "JPEG", quality=88)
        station.call(lambda which=which, jpeg=jpeg: station.board.set_picture(which, jpeg.getvalue()))


def test_draws_the_transaction_as_it_happens(page: Any, station: Any, referred: Any) -> None:
    expect(page.locator("#verdict")).to_have_text("Looking at the face")
    expect(page.locator("#instruction")).to_have_text("“Please look at the camera.”")
    expect(page.locator("[data-check=face_match] .word")).to_have_text("")
    station.show(referred)
    expect(page.locator("#verdict")).to_have_text("Refer to an officer")
    expect(page.locator(".verdict .why")).to_have_text(MISMATCHED)
    expect(page.locator("[data-check=face_match] .word")).to_have_text("failed")
    expect(page.locator("[data-check=face_match] .measured")).to_contain_text("distance 0.731")
    expect(page.locator("#devices")).to_contain_text("check the cable")
    expect(page.locator("#hub")).to_contain_text("offline")
    expect(page.locator("#alerts li").first).to_contain_text("has stopped answering. (Camera)")
    expect(page.get_by_role("img", name="Entry door closed, exit door closed.")).to_be_visible()
    station.call(lambda: station.board.saw("lane", {"exit": "open"}))
    expect(page.get_by_role("img", name="Entry door closed, exit door open.")).to_be_visible()


def test_journal_shows_codes_in_words_and_no_free_text(page: Any, station: Any, referred: Any) -> None:
    expect(page.locator("#journal li")).to_have_count(5)
    expect(page.locator("#journal li").first).to_contain_text("Every required check passed.")
    assert "SECRET NOTE" not in page.content()
    station.records.insert(0, record(413, "2026-03-02T08:42:42.000Z", "refer", "FACE_MISMATCH"))
    station.show(referred)
    expect(page.locator("#journal li")).to_have_count(6)


def test_keyboard_alone_orders_an_admit_with_a_second_look(page: Any, station: Any, referred: Any) -> None:
    station.show(referred)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator(".skip").nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("[data-action=admit]")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-action=refuse]")).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    page.keyboard.type("B1234")
    page.keyboard.press("Tab")
    page.keyboard.type("wrong-token-wrong-token-wrong")
    page.keyboard.press("Enter")
    expect(page.locator("#sign-in-dialog .error")).to_have_text("The token is not the console's.")
    page.keyboard.type(TOKEN)
    page.keyboard.press("Enter")
    expect(page.locator("#reason")).to_be_focused()
    page.keyboard.type("identity confirmed at the lane")
    page.keyboard.press("Enter")
    expect(page.locator("#order-dialog")).to_contain_text("the exit opens for the person inside")
    assert station.orders == []
    page.keyboard.press("Enter")
    expect(page.locator("#result")).to_contain_text("the station took the order of B1234")
    seen = "LANE-03-000413"
    assert station.orders == [OfficerAction("admit", "B1234", "identity confirmed at the lane", seen)]


def test_says_why_the_station_does_not_do_it(page: Any, station: Any) -> None:
    sign_in(page)
    station.answer = Objection("NOT_NOW", {"phase": "capturing"})
    page.keyboard.press("Alt+s")
    page.keyboard.type("lane looks empty")
    page.keyboard.press("Enter")
    expect(page.locator("#order-dialog .error")).to_contain_text("cannot do that now: Looking at the face.")
    expect(page.locator("#result")).to_contain_text("Reset: not done: The station cannot do that now")


def test_an_order_is_about_the_traveller_that_was_on_the_screen(
    page: Any, station: Any, referred: Any, capturing: Any
) -> None:
    """Whoever comes meanwhile: the station is told which traveller was meant, and declines."""
    station.show(referred)
    sign_in(page)
    page.keyboard.press("Alt+r")
    page.keyboard.type("document is not theirs")
    station.show(replace(capturing, transaction=replace(capturing.transaction, id="LANE-03-000414")))
    expect(page.locator(".verdict .which")).to_contain_text("000414")
    station.answer = Objection("CASE_CHANGED")
    page.keyboard.press("Enter")
    expect(page.locator("#order-dialog .error")).to_contain_text("has changed meanwhile")
    assert [order.transaction for order in station.orders] == ["LANE-03-000413"]


def test_pictures_need_the_token_and_go_with_the_transaction(page: Any, station: Any, capturing: Any) -> None:
    photograph(station)
    expect(page.locator("#picture-portrait")).to_contain_text("Sign in to see it")
    sign_in(page)
    expect(page.locator("#picture-portrait img")).to_be_visible()
    expect(page.locator("#picture-live img")).to_be_visible()
    station.call(station.board.drop_pictures)
    station.show(replace(capturing, phase="idle", transaction=replace(capturing.transaction, finished=True)))
    expect(page.locator("#picture-portrait")).to_contain_text("Dropped")
    assert page.locator("#picture-portrait img").get_attribute("src") is None


def test_stale_data_look_stale_and_recover(page: Any, station: Any, referred: Any) -> None:
    expect(page.locator("#verdict")).to_have_text("Looking at the face")
    port = int(station.url.rsplit(":", 1)[1])
    station.stop_serving()
    expect(page.locator("#lost")).to_contain_text("No connection to the station. What you see is from")
    assert "grayscale" in page.locator("#station").evaluate("node => getComputedStyle(node).filter")
    expect(page.locator("[data-action=admit]")).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Alt+a")
    expect(page.locator("#result")).to_contain_text("No connection")
    station.start(port)
    station.show(referred)
    expect(page.locator("#lost")).to_be_hidden()
    expect(page.locator("#verdict")).to_have_text("Refer to an officer")


def test_everything_essential_is_on_one_screen(page: Any, station: Any, referred: Any) -> None:
    station.show(referred)
    expect(page.locator("#verdict")).to_have_text("Refer to an officer")
    outside = page.evaluate(ESSENTIAL_OUTSIDE)
    assert outside == []
    page.set_viewport_size({"width": 420, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "reflow (WCAG 1.4.10)"


def test_every_control_is_named_and_shows_focus(page: Any, station: Any, referred: Any) -> None:
    station.show(referred)
    unnamed = page.evaluate(
        "[...document.querySelectorAll('button, input, summary, [tabindex=\"0\"]')]"
        ".filter(n => n.checkVisibility() && !(n.innerText || n.ariaLabel || n.labels?.length))"
        ".map(n => n.outerHTML.slice(0, 80))"
    )
    assert unnamed == []
    page.keyboard.press("Alt+k")
    expect(page.locator("#keys")).to_contain_text("Out of service")
    page.keyboard.press("Escape")
    page.keyboard.type("stray typing on the page orders nothing")
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.locator("[data-action=admit]").focus()
    page.keyboard.press("ArrowRight")
    width = page.locator("[data-action=refuse]").evaluate("node => getComputedStyle(node).outlineWidth")
    assert width == "3px"


def test_injected_markup_and_scripts_do_not_run(page: Any, station: Any, capturing: Any) -> None:
    """The console errors that every other test must not have are those that this one provokes."""
    hostile = "<img src=x onerror='window.ran = 1'><script>window.ran = 1</script>"
    station.show(replace(capturing, instruction=hostile))
    expect(page.locator("#instruction")).to_have_text(f"“{hostile}”")
    with pytest.raises(sync_api.Error, match="TrustedHTML"):
        page.evaluate("html => { document.body.innerHTML = html; }", hostile)
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    page.wait_for_timeout(50)
    assert page.evaluate("window.ran") is None
    assert any("Content Security Policy" in complaint for complaint in page.complaints)
    page.complaints.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_keeps_a_screenshot(page: Any, station: Any, referred: Any, scheme: str, tmp_path: Path) -> None:
    """The picture in docs/ is kept as it is, unless GATE_UPDATE_SCREENSHOTS asks for a new one."""
    photograph(station)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    sign_in(page)
    station.records.insert(0, record(413, "2026-03-02T08:42:42.052Z", "refer", "FACE_MISMATCH"))
    station.show(referred)
    expect(page.locator("#picture-live img")).to_be_visible()
    expect(page.locator("#journal li")).to_have_count(6)
    page.wait_for_function("[...document.images].every(i => i.hidden || i.naturalWidth > 0)")
    name = "console.png" if scheme == "light" else "console-dark.png"
    page.screenshot(path=str(tmp_path / name))
    assert (tmp_path / name).stat().st_size > 20_000
    if os.environ.get("GATE_UPDATE_SCREENSHOTS") or not (SCREENSHOTS / name).exists():
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(tmp_path / name, SCREENSHOTS / name)


# Names what is cut off at this window size: the page itself, and every region that must be seen whole.
ESSENTIAL_OUTSIDE = """() => {
  const bad = [];
  const root = document.documentElement;
  if (root.scrollWidth > innerWidth || root.scrollHeight > innerHeight) bad.push("the page scrolls");
  const essential = ["#header", ".verdict", ".lane", ".faces", ".checks", ".timeline", "#devices", "#hub",
    "#alerts", "#orders", "#phase", "[data-action=in_service]", "#instruction", ".match"];
  for (const name of essential) {
    const box = document.querySelector(name).getBoundingClientRect();
    if (box.left < 0 || box.top < 0 || box.right > innerWidth || box.bottom > innerHeight) bad.push(name);
  }
  for (const name of [".lane", ".faces", ".groups", ".timeline", "#orders", "#header", "#hub"]) {
    const node = document.querySelector(name);
    const cut = node.scrollHeight > node.clientHeight + 1 || node.scrollWidth > node.clientWidth + 1;
    if (cut) bad.push(`${name} is cut`);
  }
  return bad;
}"""

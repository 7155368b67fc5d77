"""What officers do at a scanner station's page: decide by the rule, mark, file, train; and the page."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gate_agent.readmodel import OfficerAction
from gate_agent.scans.dicos_lint import lint
from gate_agent.scans.dicos_tdr import read_tdr

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect

SCREENSHOTS = Path(__file__).parents[3] / "docs" / "img"
TOKEN = "browser-test-token-0123456789abcdef"
CONTAINER, HELD = "MSCU4512230", "NII-01-000412"
Open = Callable[..., Any]

# ---------------------------------------------------------------- officers


def test_signed_out_the_lane_is_shown_and_nothing_of_the_cargo(open_screen: Open, station: Any) -> None:
    page = open_screen(station, officer="").page
    expect(page.locator("#verdict")).to_have_text("Officer needed")
    expect(page.get_by_role("img", name="One at the hold line")).to_be_visible()
    expect(page.locator("#panel-queue")).to_contain_text("Sign in to see it.")
    assert CONTAINER not in page.content()
    station.truck_stands("NII-01-000397")
    station.truck_stands()
    expect(page.locator(".verdict .rules li")).to_have_count(1)
    page.keyboard.press("Alt+l")
    page.keyboard.type("B1234")
    page.keyboard.press("Tab")
    page.keyboard.type(TOKEN)
    page.keyboard.press("Enter")
    expect(page.locator("#order-dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#vehicle")).to_have_text(CONTAINER)
    expect(page.locator("#viewer-status")).to_contain_text(CONTAINER)
    page.keyboard.press("Alt+l")
    expect(page.locator("#order-dialog")).to_contain_text("A release needs two officers.")
    page.keyboard.press("Escape")
    page.locator("#sign-in").click()
    expect(page.locator(".nothing")).to_have_text("No picture")
    expect(page.locator("#panel-queue")).to_contain_text("Sign in to see it.")
    assert CONTAINER not in page.locator("body").inner_text()


def test_marks_by_keyboard_become_an_operator_report(open_screen: Open, station: Any) -> None:
    page = open_screen(station).page
    page.locator("#tab-findings").click()
    page.locator("#viewport").press("m")
    page.keyboard.press("Enter")
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#viewer-status")).to_have_text("Mark 1 set")
    row = page.locator("#marks li")
    row.get_by_label("Category").select_option("CONTRABAND")
    row.get_by_label("Note").fill("bricks behind the pallets")
    page.locator("#save-marks").press("Enter")
    expect(page.locator("#marks-result")).to_have_text("Kept as OPERATOR report 1 (DICOS TDR).")
    expect(page.locator("#findings")).to_contain_text("bricks behind the pallets marked by B1234")
    path = station.folder / "scans" / HELD / "operator-1.dcs"
    assert lint(path) == []
    report = read_tdr(path)
    assert (report.tdr_type, report.operator, report.objects[0].category) == (
        "OPERATOR",
        "B1234",
        "CONTRABAND",
    )


def test_a_release_against_findings_takes_two_officers(open_screen: Open, station: Any) -> None:
    page = open_screen(station).page
    case = page.locator(f"[data-case={HELD}]")
    expect(case).to_contain_text("Release needs two officers: Weight")
    case.locator("[data-do=claim]").click()
    expect(case).to_contain_text("With B1234.")
    order_release(page, "manifest corrected by the agent")
    expect(page.locator("#result")).to_contain_text("a second, different officer must confirm")
    expect(case).to_contain_text("B1234 proposes a release: “manifest corrected by the agent”")
    order_release(page, "once more")
    expect(page.locator("#order-dialog .error")).to_contain_text(
        "a second, different officer must confirm it"
    )
    page.keyboard.press("Escape")
    other = open_screen(station, officer="C77").page
    order_release(other, "weighed again")
    expect(other.locator("#result")).to_contain_text("the station took the order of C77")
    assert station.orders == [
        OfficerAction("propose_release", "B1234", "manifest corrected by the agent", HELD),
        OfficerAction("release", "C77", "weighed again", HELD, confirms="B1234"),
    ]
    expect(page.locator(f"[data-case={HELD}]")).to_have_count(0)


def order_release(page: Any, reason: str) -> None:
    page.keyboard.press("Alt+l")
    page.keyboard.type(reason)
    page.keyboard.press("Enter")
    expect(page.locator("#order-dialog .effect")).to_contain_text("release barrier opens, or a second")
    page.keyboard.press("Enter")


def test_one_officer_inspects_and_the_case_waits_to_be_documented(open_screen: Open, station: Any) -> None:
    page = open_screen(station).page
    page.keyboard.press("Alt+n")
    page.keyboard.type("weight and picture differ")
    page.keyboard.press("Enter")
    expect(page.locator("#result")).to_contain_text("the station took the order of B1234")
    case = page.locator(f"[data-case={HELD}]")
    expect(case.locator("[data-do=file]")).to_be_visible()
    case.locator("[data-do=file]").click()
    expect(case).to_have_count(0)
    assert station.shelf.case(HELD).filed_by == "B1234"
    assert [order.action for order in station.orders] == ["inspect"]


def test_an_overdue_case_is_seen_and_said(open_screen: Open, open_station: Open) -> None:
    station = open_station(decision_clock_s=0.2)
    page = open_screen(station).page
    case = page.locator(f"[data-case={HELD}]")
    expect(case.locator(".clock")).to_contain_text("overdue")
    expect(page.locator("[aria-live=assertive].unseen")).to_have_text(f"Overdue: {CONTAINER}")


# ---------------------------------------------------------------- training


def test_training_is_marked_blocks_orders_and_reaches_nothing(open_screen: Open, station: Any) -> None:
    screen = open_screen(station)
    page = screen.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
    page.locator("#tab-training").click()
    page.locator("#training-start").click()
    expect(page.locator(".tag")).to_have_text("TRAINING — not evidence")
    expect(page.locator("#viewport")).to_have_attribute("aria-label", "Training scan")
    page.keyboard.press("Alt+l")
    expect(page.locator("#result")).to_have_text("You are in training: end it before you order anything.")
    expect(page.locator("#order-dialog")).to_be_hidden()
    screen.drag("m", (-10, -10), (10, 10))
    page.locator("#tab-findings").click()
    expect(page.locator("#save-marks")).to_be_hidden()
    page.locator("#tab-training").click()
    page.locator("#training-clean").click()
    expect(page.locator("#training-result")).to_contain_text("Missed: there was a threat. It was:")
    expect(page.locator("svg.over g.truth")).to_be_visible()
    expect(page.locator("#operators tbody")).to_contain_text("B1234")
    page.locator("#training-end").click()
    expect(page.locator(".tag")).to_be_hidden()
    expect(page.locator("#viewer-status")).to_contain_text(CONTAINER)
    assert station.orders == []
    training = [each for each in asked if "tip-" in each]
    assert training and all("/api/training/tip-" in each for each in training)
    assert not [path for path in station.folder.rglob("*") if "tip" in path.name]


# ---------------------------------------------------------------- the page


def test_everything_essential_is_on_one_screen_and_reflows(open_screen: Open, station: Any) -> None:
    page = open_screen(station).page
    outside = page.evaluate(
        """() => {
          const root = document.documentElement, bad = [];
          if (root.scrollWidth > innerWidth || root.scrollHeight > innerHeight) bad.push("the page scrolls");
          for (const name of ["#header", ".verdict", ".yard", ".desk", ".viewer", "#viewport", ".viewer-foot",
            "#orders", "[data-action=in_service]", "#devices", "#hub", "#vehicle"]) {
            const { left, top, right, bottom } = document.querySelector(name).getBoundingClientRect();
            if (left < 0 || top < 0 || right > innerWidth || bottom > innerHeight) bad.push(name);
          }
          for (const name of [".viewer", ".yard", "#orders", ".viewer-tools"]) {
            const node = document.querySelector(name);
            const cut = [node.scrollWidth - node.clientWidth, node.scrollHeight - node.clientHeight];
            if (Math.max(...cut) > 1) bad.push(`${name} is cut`);
          }
          return bad;
        }"""
    )
    assert outside == []
    page.set_viewport_size({"width": 420, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "reflow (WCAG 1.4.10)"


def test_every_control_is_named_and_every_tab_is_reached_by_arrows(open_screen: Open, station: Any) -> None:
    page = open_screen(station).page
    page.locator("#tab-queue").focus()
    for name in ("findings", "checks", "shelf", "training"):
        page.keyboard.press("ArrowRight")
        expect(page.locator(f"#panel-{name}")).to_be_visible()
        expect(page.locator(f"#tab-{name}")).to_be_focused()
        unnamed = page.evaluate(
            "[...document.querySelectorAll('button, input, select, summary, [tabindex=\"0\"]')]"
            ".filter(n => n.checkVisibility() && !(n.innerText || n.ariaLabel || n.labels?.length"
            " || n.getAttribute('aria-labelledby'))).map(n => n.outerHTML.slice(0, 80))"
        )
        assert unnamed == []
    page.keyboard.press("Alt+k")
    expect(page.locator("#keys")).to_contain_text("organic only")
    page.keyboard.press("Escape")
    page.keyboard.type("nothing of this is a command outside of the picture")
    expect(page.locator("[data-colouring=grey]")).to_have_attribute("aria-pressed", "true")


def test_keeps_screenshots(open_screen: Open, station: Any, tmp_path: Path) -> None:
    """The pictures in docs/ are kept as they are, unless GATE_UPDATE_SCREENSHOTS asks for new ones."""
    screen = open_screen(station)
    page = screen.page
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.locator("[data-colouring=colour]").click()
    page.locator("[data-do=claim]").first.click()
    expect(page.locator(f"[data-case={HELD}]")).to_contain_text("With B1234.")
    keep(page, tmp_path / "nii-console.png")
    page.locator("#viewport").press("k")
    expect(page.locator(".pane").nth(1)).to_be_visible()
    page.locator("#viewport").press("l")
    screen.drag("r", (-180, -10), (260, -10))
    keep(page, tmp_path / "nii-viewer.png")
    page.locator("#viewport").press("l")
    page.locator("#tab-training").click()
    page.locator("#training-start").click()
    expect(page.locator(".tag")).to_be_visible()
    page.locator("#training-clean").click()
    expect(page.locator("svg.over g.truth")).to_be_visible()
    for _ in range(2):
        page.locator("#viewport").press("-")
    keep(page, tmp_path / "nii-tip.png")


def keep(page: Any, path: Path) -> None:
    page.wait_for_timeout(150)
    page.screenshot(path=str(path))
    assert path.stat().st_size > 20_000
    if os.environ.get("GATE_UPDATE_SCREENSHOTS") or not (SCREENSHOTS / path.name).exists():
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, SCREENSHOTS / path.name)

"""What holds for the page of every kind of station: nothing is told that is not so, and all of it in the
officer's language. Each test names the fault that it guards against (tests/README.md)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gate_agent.readmodel import Alert, Objection, OfficerAction, StepTime

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect

TOKEN = "browser-test-token-0123456789abcdef"
Open = Callable[..., Any]


def order(page: Any, key: str, reason: str) -> None:
    page.keyboard.press(f"Alt+{key}")
    page.keyboard.type(reason)
    page.keyboard.press("Enter")


# ---------------------------------------------------------------- what is seen has an age


def test_u1_what_a_dead_controller_said_is_not_drawn_as_if_it_were_so(
    open_page: Open, any_station: Any, script: Any
) -> None:
    page = open_page(any_station)
    veil, drawing = page.locator(".veil"), page.locator("#station svg[role=img]")
    expect(page.locator("#phase")).not_to_have_text("Connecting")
    expect(drawing).to_be_visible()
    expect(veil).to_be_hidden()
    expect(drawing).to_have_attribute("aria-label", re.compile("closed"))
    any_station.lose(script.gate)
    expect(veil).to_be_visible()
    expect(veil).to_contain_text("unknown since 20:09:33")
    expect(drawing).to_have_attribute("aria-label", re.compile("unknown since 20:09:33"))
    assert page.locator("#station .person:not(.absent), #station .truck:not(.absent)").count() == 0
    assert page.locator("#station .door.closed, #station .barrier.closed").count() == 0
    words = drawing.text_content()
    assert "closed" not in words and "1 person" not in words
    any_station.call(lambda: any_station.board.saw(script.gate, {"entry": "open"}))
    expect(page.locator("#station .open")).to_be_visible()
    expect(veil).to_contain_text("unknown since 20:09:33")


def test_u1_no_order_is_highlighted_that_the_process_would_decline(
    open_page: Open, any_station: Any, script: Any
) -> None:
    page = open_page(any_station)
    any_station.show(script.waiting)
    asked = page.locator("#orders button.asked")
    expect(asked).to_have_count(2)
    declining = tuple(replace(order, accepted=False, effect="") for order in script.waiting.orders)
    any_station.show(replace(script.waiting, orders=declining))
    expect(asked).to_have_count(0)
    expect(page.locator("#orders button.declines")).to_have_count(len(declining))


# ---------------------------------------------------------------- orders and what becomes of them


def test_u2_a_declined_order_stands_with_its_outcome_and_not_like_a_decision(
    open_page: Open, any_station: Any, script: Any
) -> None:
    at = "2026-03-02T08:40:00.000Z"

    def written(seq: int, kind: str, officer: str, **body: Any) -> dict[str, Any]:
        told = {"action": script.holds, "officer": officer, **body}
        return {"epoch": 1, "seq": seq, "kind": kind, "transaction": "t1", "at": at, "body": told}

    any_station.records = [
        written(1, "officer_action", "B1", reason="as I see it"),
        written(2, "officer_outcome", "B1", done=True),
        written(3, "officer_action", "C2", reason="me too"),
        written(4, "officer_outcome", "C2", done=False, why="DECIDED_BY_OTHER", decided_by="B1"),
        written(5, "officer_action", "D3", reason="and I"),
        written(6, "officer_outcome", "D3", done=False, why="NOT_NOW"),
        written(7, "officer_action", "E4", reason="what of me"),
    ]
    page = open_page(any_station)
    rows = page.locator("#journal li")
    expect(rows).to_have_count(4)
    expect(rows.nth(3)).to_contain_text("officer B1 · done")
    expect(rows.nth(2)).to_contain_text("officer C2 · declined: B1 decided first")
    expect(rows.nth(1)).to_contain_text("officer D3 · declined: the station could not do it then")
    expect(rows.nth(0)).to_contain_text("officer E4 · what became of it is not known")
    assert page.locator("#journal li.declined").count() == 2
    assert page.locator("#journal .tone-good, #journal .tone-bad").count() == 0


def test_u3_the_dialog_says_what_the_station_would_do_as_it_stands(
    open_page: Open, any_station: Any, script: Any
) -> None:
    page = open_page(any_station, officer="B1234")
    any_station.show(script.waiting)
    expect(page.locator("#orders button.asked")).to_have_count(2)
    page.keyboard.press(f"Alt+{script.key}")
    effect = page.locator("#order-dialog .effect")
    expect(effect).to_contain_text(script.opens)
    others = [each for each in script.waiting.orders if each.order != script.passes]
    elsewhere = replace(script.waiting.orders[0], order=script.passes, effect="STAYS_CLOSED")
    any_station.show(replace(script.waiting, orders=(elsewhere, *others)))
    expect(effect).to_have_text("The station stays closed: something that it needs does not work.")
    any_station.show(replace(script.waiting, orders=(replace(elsewhere, accepted=False), *others)))
    expect(effect).to_have_text("The station would decline this now.")


def test_u3_every_phase_has_words(open_page: Open, any_station: Any, script: Any) -> None:
    page = open_page(any_station)
    for phase in any_station.kind.phases:
        any_station.show(replace(script.working, phase=phase.value, transaction=None))
        word = any_station._words["en"].text(f"phases.{phase.value}.label")
        expect(page.locator("#phase")).to_have_text(word)
        expect(page.locator(".verdict .why")).not_to_have_text("")


def test_u5_a_result_is_stamped_and_goes_with_the_traveller(
    open_page: Open, any_station: Any, script: Any
) -> None:
    page = open_page(any_station, officer="B1234")
    any_station.show(script.waiting)
    expect(page.locator("#orders button.asked")).to_have_count(2)
    order(page, {"refuse": "r", "inspect": "n"}[script.holds], "as I see it")
    result = page.locator("#result")
    expect(result).to_contain_text("the station took the order of B1234")
    text = result.inner_text()
    assert re.match(r"\d\d:\d\d:\d\d · LANE-03-000413 · (Refuse|Inspect): ", text)
    any_station.show(
        replace(script.waiting, phase="idle", transaction=replace(script.waiting.transaction, finished=True))
    )
    expect(page.locator("#phase")).to_have_text("Ready")
    assert result.inner_text() == text, "it stays while nobody else has come"
    any_station.show(
        replace(script.working, transaction=replace(script.working.transaction, id="LANE-03-000414"))
    )
    expect(result).to_have_text("Orders are journalled with officer and reason.")


def test_u9_the_second_of_two_officers_reads_who_decided_and_when(
    open_page: Open, any_station: Any, script: Any
) -> None:
    at = "2026-03-02T20:09:19.000Z"
    any_station.answer = Objection("DECIDED_BY_OTHER", {"officer": "B", "order": script.holds, "at": at})
    any_station.show(script.waiting)
    told = any_station._words["en"].objection("DECIDED_BY_OTHER", any_station.answer.fills)
    page = open_page(any_station, officer="C77")
    expect(page.locator("#orders button.asked")).to_have_count(2)
    order(page, script.key, "identity confirmed")
    page.keyboard.press("Enter")
    expect(page.locator("#order-dialog .error")).to_have_text(told)
    assert told.startswith("B ") and re.search(r"at \d\d:09:19\.$", told)
    assert any_station.orders == [OfficerAction(script.passes, "C77", "identity confirmed", "LANE-03-000413")]


# ---------------------------------------------------------------- alerts


def test_u4_an_alert_is_active_then_over_and_stays_until_an_officer_has_seen_it(
    open_page: Open, any_station: Any
) -> None:
    station, page = any_station, open_page(any_station, officer="B1234")
    station.call(lambda: station.board.raise_alert("EMERGENCY"))
    row = page.locator("#alerts [data-alert=EMERGENCY]")
    expect(row).to_have_class("alert active")
    expect(row).to_contain_text("since 20:09:33")
    station.call(lambda: station.board.clear_alert("EMERGENCY"))
    expect(row).to_have_class("alert ended")
    expect(row).to_contain_text("over since 20:09:33")
    row.get_by_role("button", name="Acknowledge").click()
    expect(row).to_have_count(0)
    page.locator("#all-alerts").click()
    listed = page.locator("#alert-list [data-alert=EMERGENCY]")
    expect(listed).to_contain_text("seen by B1234, 20:09:33")
    expect(listed.get_by_role("button")).to_have_count(0)
    assert station.board.snapshot.alerts[0].acknowledged_by == "B1234"


def test_u4_all_alerts_are_listed_the_pressing_ones_in_the_rail(
    open_page: Open, any_station: Any, script: Any
) -> None:
    over = {"cleared_at": "2026-03-02T09:00:00.000Z", "acknowledged_by": "B1"}
    alerts = tuple(
        replace(Alert(f"DEVICE_FAULT:spare-{n}", f"2026-03-02T08:{n:02}:00.000Z"), **(over if n % 2 else {}))
        for n in range(30)
    )
    page = open_page(any_station)
    any_station.show(replace(script.working, alerts=alerts))
    expect(page.locator("#alerts li")).to_have_count(4)
    expect(page.locator("#alerts li").first).to_contain_text("(spare-28)")
    page.locator("#all-alerts").click()
    expect(page.locator("#alert-list li")).to_have_count(30)
    expect(page.locator("#alert-list li").last).to_contain_text("(spare-1)")


# ---------------------------------------------------------------- the connection


def test_u6_recovers_from_a_connection_that_is_taken_and_never_answered(
    open_page: Open, any_station: Any, script: Any
) -> None:
    page = open_page(any_station)
    any_station.show(script.waiting)
    expect(page.locator("#orders button.asked")).to_have_count(2)
    swallowed: list[Any] = []
    page.route("**/api/events", lambda route: swallowed.append(route) if not swallowed else route.continue_())
    port = int(any_station.url.rsplit(":", 1)[1])
    any_station.stop_serving()
    expect(page.locator("#lost")).to_contain_text("No connection to the station. What you see is from")
    any_station.start(port)
    expect(page.locator("#lost")).to_be_hidden(timeout=60_000)
    any_station.show(script.working)
    expect(page.locator("#orders button.asked")).to_have_count(0)
    assert len(swallowed) == 1


def test_u10_a_page_too_many_says_why_and_comes_in_when_there_is_room(
    open_page: Open, open_station: Open, kind: str
) -> None:
    station = open_station(kind, max_streams=1)
    first = open_page(station)
    expect(first.locator("#orders button").first).to_be_enabled()
    expect(first.locator("#orders button[aria-disabled]")).to_have_count(0)
    second = open_page(station, query="?lang=de")
    expect(second.locator("#lost")).to_contain_text("Zu viele Konsolen sind offen")
    expect(second.locator("#lost")).not_to_contain_text("Keine Verbindung")
    first.close()
    expect(second.locator("#lost")).to_be_hidden()


def test_u10_software_takes_never_more_than_all_of_the_time(
    open_page: Open, open_station: Open, scripts: Any
) -> None:
    station, working = open_station("egate"), scripts["egate"].working
    page = open_page(station)
    for steps in (
        (StepTime("reading", 0.0, 0.5, 1.27),),
        (StepTime("reading", 0.0, 0.5, 0.1), StepTime("capturing", 0.5, None, 1.4)),
        (StepTime("reading", 0.0, None, 0.7),),
    ):
        station.show(replace(working, transaction=replace(working.transaction, steps=steps)))
        expect(page.locator(".steps li")).to_have_count(len(steps))
        share = re.search(r"\(([\d.]+) %\)", page.locator(".timeline h2").inner_text())
        assert share and float(share[1]) <= 100.0


# ---------------------------------------------------------------- who may see what


def test_h6_the_stream_carries_what_identifies_only_for_who_is_signed_in(
    open_page: Open, any_station: Any, script: Any
) -> None:
    """Whatever the kind does not declare public; signing in shows it, signing out takes it away."""
    private = {"container": "MSCU4512230", "secret": "SECRET-7"}
    any_station.call(lambda: any_station.board.saw(script.gate, private))
    page = open_page(any_station)
    streamed = (
        "async (token) => { const r = (await fetch('/api/events', {headers: token ?"
        " {Authorization: 'Bearer ' + token} : {}})).body.getReader(); let all = '';"
        " while (!all.includes('event: snapshot')) all += new TextDecoder().decode((await r.read()).value);"
        " r.cancel(); return all; }"
    )
    assert "SECRET-7" not in page.evaluate(streamed, "")
    assert "SECRET-7" in page.evaluate(streamed, TOKEN)
    assert "MSCU4512230" not in page.content()


# ---------------------------------------------------------------- languages


def test_a_language_is_asked_for_chosen_or_preferred(open_page: Open, any_station: Any) -> None:
    page = open_page(any_station, locale="de-AT")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.locator("#orders .result")).to_contain_text("Dienstnummer")
    page.goto(f"{any_station.url}/?lang=en")
    expect(page.locator("#orders .result")).to_contain_text("Orders are journalled")
    page.goto(any_station.url)
    expect(page.locator("html")).to_have_attribute("lang", "en")  # chosen last
    page.locator("#language").select_option("de")
    expect(page.locator("#orders .result")).to_contain_text("Dienstnummer")


UNTRANSLATED = """(data) => {
  const found = [];
  const known = new RegExp(data.map((d) => d.replace(/[.*+?^${}()|[\\]\\\\]/g, "\\\\$&")).join("|"), "g");
  const look = (where, text) => {
    const left = (text ?? "").replace(known, "");
    if (/[A-Za-z]{2,}/.test(left)) found.push(`${where}: ${left.trim()}`);
  };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const parent = walk.currentNode.parentElement;
    // A check's own codes, versions and clause are the machine's words, and so are the names of keys.
    if (!parent.closest("script, style, noscript, dd.mono, kbd")) look(parent.tagName, walk.currentNode.data);
  }
  for (const node of document.querySelectorAll("*"))
    for (const name of ["aria-label", "title", "placeholder", "alt", "aria-roledescription"])
      if (node.hasAttribute(name)) look(name, node.getAttribute(name));
  return found;
}"""


def test_h3_every_word_of_the_page_is_translated_right_to_left(
    open_page: Open, open_station: Open, pseudo_folder: Any, kind: str, script: Any
) -> None:
    """A language that nobody speaks, made of English: what is still in Latin letters was not in the words."""
    station = open_station(kind, pseudo_folder(kind))
    station.show(replace(script.waiting, alerts=(Alert("EMERGENCY", "2026-03-02T08:36:02.000Z", count=2),)))
    page = open_page(station, officer="B1234", query="?lang=qps")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.locator("#alerts li")).to_have_count(1)
    data = [
        *("LANE-03-000413", "LANE-03", "B1234", "Alt", "English", "Deutsch", "EMERGENCY"),
        *(f"{device.driver}" for device in script.waiting.devices),
        *(rule for rule in script.waiting.transaction.rules),
        *(
            json.dumps(each).strip('"')
            for check in script.waiting.transaction.checks
            for each in facts(check)
        ),
        *("Canvas", "WebGL", "Enter", "Tab", "Escape", "MSCU4512230"),
    ]
    data.sort(key=len, reverse=True)
    assert page.evaluate(UNTRANSLATED, data) == []
    page.keyboard.press(f"Alt+{script.key}")
    expect(page.locator("#order-dialog")).to_be_visible()
    assert page.evaluate(UNTRANSLATED, data) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    side = page.locator("#rail").bounding_box()
    assert side["x"] < 100, "the rail stands on the other side"


def facts(check: Any) -> list[str]:
    """The machine's own words of a check, which an open row shows: codes, versions, clauses."""
    return [
        check.check,
        check.clause,
        *check.reasons,
        *check.versions,
        *check.versions.values(),
    ]


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_page_stays_on_one_screen_in_every_language(
    open_page: Open, any_station: Any, script: Any, language: str
) -> None:
    any_station.show(script.waiting)
    page = open_page(any_station, officer="B1234", query=f"?lang={language}")
    expect(page.locator("#orders button.asked")).to_have_count(2)
    assert (
        page.evaluate(
            "[...document.querySelectorAll('#orders, #header, .lane, .yard')]"
            ".filter(n => n.scrollWidth > n.clientWidth + 1)"
            ".map(n => n.id || n.className)"
        )
        == []
    )


# ---------------------------------------------------------------- keys


def test_u7_a_shortcut_is_the_letter_on_the_key_and_not_its_place(
    open_page: Open, any_station: Any, script: Any
) -> None:
    """On AZERTY the key in the place of Q has an A, and the other way round; AltGraph writes letters."""
    page = open_page(any_station, officer="B1234")
    any_station.show(script.waiting)
    expect(page.locator("#orders button.asked")).to_have_count(2)
    press = (
        "([key, code, graph]) => document.body.dispatchEvent(new KeyboardEvent('keydown',"
        " {key, code, altKey: true, modifierAltGraph: graph, bubbles: true}))"
    )
    dialog, place = page.locator("#order-dialog"), f"Key{script.key.upper()}"
    page.evaluate(press, ["q", place, False])
    page.evaluate(press, [script.key, "KeyQ", True])
    expect(dialog).to_be_hidden()
    page.evaluate(press, [script.key, "KeyQ", False])
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    page.evaluate(press, ["å", place, False])  # where Alt writes another letter, the place counts
    expect(dialog).to_be_visible()

"""The log: JSON lines of allowed fields, with nothing in them that says who stood before the gate."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_agent.devices import DeviceTimeout
from gate_agent.logs import FIELDS, LogSettings, configure_logging, dropped_fields, get_logger


@pytest.fixture(autouse=True)
def restore_logging() -> Iterator[None]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    yield
    root.handlers[:], level = before
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def capture(**settings: Any) -> io.StringIO:
    out = io.StringIO()
    configure_logging(LogSettings.model_validate({"format": "json"} | settings), out)
    return out


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_record_is_one_json_line_with_time_level_and_logger() -> None:
    out = capture()
    get_logger("gate_agent.test").info("device up", device="chip", restarts=2)
    [record] = lines(out)
    assert record.pop("time").endswith("Z")
    assert record == {
        "level": "info", "event": "device up", "logger": "gate_agent.test", "device": "chip", "restarts": 2,
    }  # fmt: skip


def test_what_belongs_to_a_transaction_is_bound_once() -> None:
    out = capture()
    with structlog.contextvars.bound_contextvars(transaction="t-7"):
        get_logger("gate_agent.test").info("decided", verdict="refer", reasons=("MINOR",))
    [record] = lines(out)
    assert (record["transaction"], record["reasons"]) == ("t-7", ["MINOR"])


def test_other_fields_are_dropped_and_counted() -> None:
    out = capture()
    before = dropped_fields().get("surname", 0)
    get_logger("gate_agent.test").info(
        "document read", surname="ERIKSSON", portrait=b"\xff\xd8", phase="reading"
    )
    [record] = lines(out)
    assert "surname" not in record and "portrait" not in record
    assert record["phase"] == "reading"
    assert "ERIKSSON" not in out.getvalue()
    assert dropped_fields()["surname"] == before + 1


def test_a_composed_event_is_withheld() -> None:
    out = capture()
    holder = "ERIKSSON"
    get_logger("gate_agent.test").warning(f"cannot read {holder}")
    assert "ERIKSSON" not in out.getvalue()
    assert lines(out)[0]["event"].startswith("event withheld")


@pytest.mark.parametrize(
    "text", ["P<UTOERIKSSON<<ANNA<MARIA", "L898902C3", "number L898902C36UTO7408122F", "C01X00T47"]
)
def test_what_looks_like_a_document_is_blanked_in_allowed_fields_too(text: str) -> None:
    out = capture()
    get_logger("gate_agent.test").error("bad input", error=text, field=text, reasons=[text])
    assert text.rsplit(maxsplit=1)[-1] not in out.getvalue()
    assert "[withheld]" in out.getvalue()


@pytest.mark.parametrize(
    "text", ["DOCUMENT_EXPIRED", "egate@2026.1#0a1b2c", "/dev/serial/by-id/usb-FTDI", "egate-1"]
)
def test_what_the_agent_itself_says_stays_readable(text: str) -> None:
    out = capture()
    get_logger("gate_agent.test").error("said", error=text)
    assert lines(out)[0]["error"] == text


def test_paths_of_the_station_stay_whole() -> None:
    out = capture()
    device = "/dev/serial/by-id/usb-FTDI_FT232R_A10LVGH5-if00"
    get_logger("gate_agent.test").info("opened", path=device)
    assert lines(out)[0]["path"] == device


def test_our_errors_are_logged_in_full_and_foreign_ones_by_type_and_place() -> None:
    out = capture()
    log = get_logger("gate_agent.test")
    try:
        raise DeviceTimeout("no answer", field="camera", advice="check the cable")
    except DeviceTimeout:
        log.exception("device down", device="camera")
    try:
        int("ERIKSSON")
    except ValueError:
        log.exception("failed")
    ours, foreign = lines(out)
    assert (ours["error_type"], ours["error"], ours["field"], ours["advice"]) == (
        "DeviceTimeout", "no answer", "camera", "check the cable",
    )  # fmt: skip
    assert foreign["error_type"] == "ValueError"
    assert foreign["error_at"][-1].startswith("test_logs.py:")
    assert "ERIKSSON" not in out.getvalue()


def test_libraries_speak_from_warning_up_and_without_their_arguments() -> None:
    out = capture(level="debug")
    logging.getLogger("paho").info("chatter")
    logging.getLogger("paho").warning("connection of %s lost after %d s", "ERIKSSON", 3)
    [record] = lines(out)
    assert (record["logger"], record["event"]) == ("paho", "connection of ... lost after ... s")


def test_the_level_is_that_of_the_settings() -> None:
    out = capture(level="warning")
    get_logger("gate_agent.test").info("quiet")
    get_logger("gate_agent.test").warning("loud")
    assert [r["event"] for r in lines(out)] == ["loud"]


def test_people_get_key_value_text() -> None:
    out = capture(format="console")
    get_logger("gate_agent.test").info("device up", device="chip", surname="ERIKSSON")
    assert "device up" in out.getvalue()
    assert "device=chip" in out.getvalue()
    assert "ERIKSSON" not in out.getvalue()


def test_journald_gets_a_priority(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:1234")
    out = capture()
    get_logger("gate_agent.test").error("device down")
    assert out.getvalue().startswith('<3>{"')


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(
        st.text(min_size=1, max_size=12).filter(lambda name: name not in ("event", "self"))
        | st.sampled_from(
            [*(set(FIELDS) - {"event"}), "_record", "_from_structlog", "exc_info", "stack_info"]
        ),
        st.none() | st.text() | st.binary() | st.floats() | st.lists(st.text(), max_size=3),
        max_size=5,
    )
)
def test_no_field_breaks_a_line_or_slips_through(fields: dict[str, Any]) -> None:
    out = capture()
    logging.getLogger("gate_agent.test").handlers.clear()
    get_logger("gate_agent.test").bind(**fields).info("said")
    [record] = lines(out)
    assert set(record) <= set(FIELDS)

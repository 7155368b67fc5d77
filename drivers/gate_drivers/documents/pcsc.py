"""A contactless chip reader behind PC/SC (pcscd and libpcsclite), through pyscard.

pyscard builds from source and is an optional extra: it is imported when the reader is opened, so that
this driver can be listed, configured and explained on a machine without it. Presence comes from
SCardGetStatusChange, which waits a bounded time by itself. SCardTransmit knows no time limit; it runs in
a thread of its own, and when the limit passes the reader is given up until it is opened again.
"""

from __future__ import annotations

import importlib
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any, ClassVar

from pydantic import Field

from gate_agent.devices import (
    CardLost,
    ChipPresence,
    DeviceDisconnected,
    DeviceError,
    DeviceTimeout,
    DriverConfig,
    GarbledReading,
)

_WAIT_MS = 200
_CONNECT_TIMEOUT_S = 3.0
_LOOKS_WITHOUT_ATR = 5
_KEEP_STILL = "leave the document on the reader"
_MAX_APDU = 4 + 3 + 0xFFFF + 2


class PcscConfig(DriverConfig):
    """A chip reader that pcscd knows (pcsc_scan lists them)."""

    reader: str = Field(
        default="",
        max_length=127,
        description="The reader's name, or a part of it; empty takes the first reader there is.",
        examples=["OMNIKEY 5422 Smartcard Reader [OMNIKEY 5422CL"],
    )


class _Worker:
    """Runs calls that may block without end in one daemon thread."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[tuple[Callable[[], Any], queue.SimpleQueue[Any]] | None] = (
            queue.SimpleQueue()
        )
        self._thread = threading.Thread(target=self._run, name="pcsc-transmit", daemon=True)
        self._thread.start()

    def call(self, function: Callable[[], Any], timeout_s: float, undo: Callable[[Any], object]) -> Any:
        """The function's result. Raises queue.Empty when it does not return in time.

        What comes of it later is for `undo`, before anything else is called.
        """
        answer: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._calls.put((function, answer))
        try:
            return answer.get(timeout=timeout_s)
        except queue.Empty:
            self._calls.put((lambda: undo(answer.get()), queue.SimpleQueue()))
            raise

    def stop(self) -> None:
        self._calls.put(None)
        self._thread.join(timeout=1.0)  # a call that hangs in the reader's driver ends when that gives up

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            function, answer = call
            answer.put(function())


class PcscReader:
    """Reports chips in a PC/SC reader's field and exchanges APDUs with them."""

    Config: ClassVar[type[DriverConfig]] = PcscConfig
    capability: ClassVar[str] = "chip_reader"

    def __init__(self, config: PcscConfig) -> None:
        self._config = config
        self._scard: ModuleType | Any = None
        self._context: Any = None
        self._reader = ""
        self._state = 0
        self._looks = 0
        self._card: Any = None
        self._reported = False
        self._protocol = 0
        self._worker: _Worker | None = None
        self._busy = threading.Lock()

    # ---------------------------------------------------------------- device

    def open(self) -> None:
        self.close()
        self._scard = _pyscard()
        result, context = self._scard.SCardEstablishContext(self._scard.SCARD_SCOPE_USER)
        self._check(result, "PC/SC is not available", "start pcscd (systemctl start pcscd.socket)")
        self._context = context
        try:
            self._reader = self._find_reader()
        except DeviceError:
            self._release()
            raise
        self._state = self._scard.SCARD_STATE_UNAWARE
        self._reported = False
        self._worker = _Worker()

    def close(self) -> None:
        if self._context is not None:
            with suppress(Exception):
                self._scard.SCardCancel(self._context)  # ends a wait in another thread
        with self._busy:
            self._disconnect()
            self._release()
            worker, self._worker = self._worker, None
        if worker is not None:
            worker.stop()

    def read(self) -> ChipPresence | None:
        with self._busy:
            scard = self._opened()
            result, states = scard.SCardGetStatusChange(
                self._context, _WAIT_MS, [(self._reader, self._state)]
            )
            if result == scard.SCARD_E_TIMEOUT:
                return None
            self._check(result, "the reader was lost", "check its cable; it is reopened by itself")
            _, state, atr = states[0]
            return self._changed(state, bytes(atr))

    def transmit(self, apdu: bytes, timeout_s: float) -> bytes:
        if not 4 <= len(apdu) <= _MAX_APDU:
            raise DeviceError(f"a command of {len(apdu)} bytes does not fit the wire", field="command")
        with self._busy:
            scard = self._opened()
            if self._card is None:
                raise CardLost("no chip is in the field", field=self._reader)
            card, protocol = self._card, self._protocol
            result, response = self._within(
                timeout_s,
                lambda: scard.SCardTransmit(card, protocol, list(apdu)),
                undo=lambda _: scard.SCardDisconnect(card, scard.SCARD_UNPOWER_CARD),
            )
            self._check(result, "the exchange failed", "present the document again")
        if not response:  # what some reader drivers answer when the chip leaves during an exchange
            raise CardLost("the chip left the field", field=self._reader, advice=_KEEP_STILL)
        if len(response) < 2:
            raise GarbledReading(
                "a response without status word", field="response", advice="check the reader"
            )
        return bytes(response)

    # ---------------------------------------------------------------- presence

    def _changed(self, state: int, atr: bytes) -> ChipPresence | None:
        scard = self._scard
        if state & (scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE):
            raise DeviceDisconnected(
                "the reader is gone", field=self._reader, advice="check its cable; it is reopened by itself"
            )
        # The event counter in the upper half tells that a chip left and another came between two reads.
        events_passed = (state ^ self._state) >> 16
        self._state = state & ~scard.SCARD_STATE_CHANGED
        present = bool(state & scard.SCARD_STATE_PRESENT)
        if self._reported and (self._card is None or not present or events_passed):
            self._disconnect()
            self._reported = False
            self._state = scard.SCARD_STATE_UNAWARE  # what is there now is reported by the next read
            return ChipPresence(False)
        if self._card is not None or not present:
            self._looks = 0
            return None
        self._looks += 1
        # Without an ATR the chip is being powered just now, and connecting would come in between; only one
        # that stays without may need a connection to be powered.
        if (atr or self._looks > _LOOKS_WITHOUT_ATR) and self._connect():
            self._looks = 0
            self._reported = True
            return ChipPresence(True, atr)
        self._state = scard.SCARD_STATE_UNAWARE  # no event tells when it can be used: look again soon
        time.sleep(_WAIT_MS / 1000)
        return None

    def _connect(self) -> bool:
        scard = self._scard
        result, card, protocol = self._within(
            _CONNECT_TIMEOUT_S,
            lambda: scard.SCardConnect(
                self._context,
                self._reader,
                scard.SCARD_SHARE_EXCLUSIVE,
                scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1,
            ),
            undo=lambda late: scard.SCardDisconnect(late[1], scard.SCARD_UNPOWER_CARD),
        )
        if result in (
            scard.SCARD_E_NO_SMARTCARD,
            scard.SCARD_W_REMOVED_CARD,
            scard.SCARD_W_UNPOWERED_CARD,
            scard.SCARD_W_UNRESPONSIVE_CARD,
        ):
            return False  # it only brushed the field, or is no chip that can be powered
        if result == scard.SCARD_E_SHARING_VIOLATION:
            raise DeviceError(
                "another program uses the chip", field=self._reader, advice="end the other program"
            )
        self._check(result, "the chip cannot be powered", "present the document again")
        self._card, self._protocol = card, protocol
        return True

    # ---------------------------------------------------------------- PC/SC

    def _find_reader(self) -> str:
        scard = self._scard
        result, readers = scard.SCardListReaders(self._context, [])
        if result == scard.SCARD_E_NO_READERS_AVAILABLE:
            readers = []
        else:
            self._check(result, "the readers cannot be listed", "restart pcscd")
        found = next((name for name in readers if self._config.reader in name), None)
        if found is None:
            there = ", ".join(readers) or "none"
            raise DeviceError(
                f"no reader named like {self._config.reader!r}; there are: {there}",
                field="reader",
                advice="plug the reader in, or correct `reader`",
            )
        return found

    def _within(self, timeout_s: float, function: Callable[[], Any], *, undo: Callable[[Any], object]) -> Any:
        worker = self._worker
        if worker is None:
            raise DeviceDisconnected("the reader is not open", field=self._reader)
        try:
            return worker.call(function, timeout_s, undo)
        except queue.Empty:
            self._card = None  # the call is still running: nothing that comes of it can be used
            self._state = self._scard.SCARD_STATE_UNAWARE  # and the next read says so
            raise DeviceTimeout(
                "the chip does not answer", field=self._reader, advice="present it again"
            ) from None

    def _check(self, result: int, what: str, advice: str) -> None:
        scard = self._scard
        if result == scard.SCARD_S_SUCCESS:
            return
        if result in (scard.SCARD_W_REMOVED_CARD, scard.SCARD_E_NO_SMARTCARD, scard.SCARD_W_RESET_CARD):
            raise CardLost("the chip left the field", field=self._reader, advice=_KEEP_STILL)
        message = f"{what}: {scard.SCardGetErrorMessage(result).strip()}"
        gone = result in (scard.SCARD_E_READER_UNAVAILABLE, scard.SCARD_E_UNKNOWN_READER)
        raise (DeviceDisconnected if gone else DeviceError)(message, field=self._reader, advice=advice)

    def _opened(self) -> Any:
        if self._context is None:
            raise DeviceDisconnected("the reader is not open", field=self._config.reader)
        return self._scard

    def _disconnect(self) -> None:
        card, self._card = self._card, None
        if card is not None:
            with suppress(Exception):
                self._scard.SCardDisconnect(card, self._scard.SCARD_UNPOWER_CARD)

    def _release(self) -> None:
        context, self._context = self._context, None
        if context is not None:
            with suppress(Exception):
                self._scard.SCardReleaseContext(context)


def _pyscard() -> Any:
    try:
        return importlib.import_module("smartcard.scard")
    except ImportError as error:
        raise DeviceError(
            f"pyscard is not installed: {error}",
            field="driver",
            advice="install the extra `pcsc` (needs gcc and libpcsclite-dev), or use the vpcd driver",
        ) from error

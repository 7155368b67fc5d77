"""One traveller's transaction while it runs.

The only place where names, numbers, pictures and templates of a traveller live; :meth:`Transaction.forget`
overwrites what can be overwritten and drops the rest when the transaction ends.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from gate_agent.biometrics.face.compare import Template
from gate_agent.emrtd.lds.mrz import Mrz
from gate_agent.emrtd.reading import Reading
from gate_agent.readmodel import TransactionView
from gate_agent.station.case import Case


@dataclass(slots=True, kw_only=True)
class Transaction(Case):
    """`portrait` becomes the template of the chip's picture, or the reason why there is none."""

    mrz: Mrz | None
    reading: Reading = field(default_factory=Reading)
    portrait: asyncio.Task[Template | str] | None = None
    has_portrait: bool = False
    has_live: bool = False

    def forget(self) -> None:
        """Overwrite the template and drop everything personal; numbers for the report stay."""
        self.stop_work()
        self.mrz = None
        self.reading = Reading()
        self.keep_portrait(None)

    def keep_portrait(self, learning: asyncio.Task[Template | str] | None) -> None:
        """The template that the live face is compared with; one of an earlier reading is overwritten."""
        task, self.portrait = self.portrait, learning
        if task is None:
            return
        if not task.done():
            task.cancel()  # whoever learns the portrait wipes what comes of it
        elif not task.cancelled() and task.exception() is None:
            learned = task.result()
            if isinstance(learned, Template):
                learned.wipe()

    def view(self) -> TransactionView:
        # Slotted dataclasses are made anew by their decorator, so the short form of super() is not theirs.
        shown = Case.view(self)
        return replace(shown, has_portrait=self.has_portrait, has_live=self.has_live)

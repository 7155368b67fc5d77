"""The officers' desk of the scanner station: the shelf of inspections, the queue, adjudication, training.

:class:`Desk` is what the console sees (``gate_agent.review.views.ScanDesk``); the station's conductor puts
each :class:`ReviewCase` on the :class:`Shelf`, and gets the officers' orders back through a callback.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gate_agent.review.case import ReviewCase
    from gate_agent.review.desk import Desk
    from gate_agent.review.settings import DeskSettings
    from gate_agent.review.shelf import Shelf

__all__ = ["Desk", "DeskSettings", "ReviewCase", "Shelf"]

_HOMES = {"ReviewCase": "case", "Desk": "desk", "DeskSettings": "settings", "Shelf": "shelf"}


def __getattr__(name: str) -> object:
    """Imported when it is asked for: the desk brings scans and DICOS with it, the console's seam does not."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

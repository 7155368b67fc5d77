"""The officers' desk of the scanner station: the shelf of inspections, the queue, adjudication, training.

:class:`Desk` is what the console sees (``gate_agent.review.views.ScanDesk``); the station's conductor puts
each :class:`Case` on the :class:`Shelf`, and gets the officers' orders back through a callback.
"""

from gate_agent.review.case import Case
from gate_agent.review.desk import Desk
from gate_agent.review.settings import DeskSettings
from gate_agent.review.shelf import Shelf

__all__ = ["Case", "Desk", "DeskSettings", "Shelf"]

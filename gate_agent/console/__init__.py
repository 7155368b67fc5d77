"""What the officer sees and orders: a loopback web page over the read model.

:func:`create_app` makes the application from a :class:`~gate_agent.readmodel.Board` and a function that
takes officers' orders; :class:`ConsoleServer` serves it inside the agent's own event loop. The console knows
no station: it draws snapshots, and what it may order is :class:`~gate_agent.readmodel.OfficerAction`.
"""

from gate_agent.console.app import create_app
from gate_agent.console.server import ConsoleServer
from gate_agent.console.settings import ConsoleError, ConsoleSettings
from gate_agent.console.token import load_token

__all__ = ["ConsoleError", "ConsoleServer", "ConsoleSettings", "create_app", "load_token"]

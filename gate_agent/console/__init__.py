"""What the officer sees and orders: a loopback web page over the read model.

:func:`~gate_agent.console.app.create_app` makes the application from a
:class:`~gate_agent.readmodel.Board` and a function that takes officers' orders;
:class:`~gate_agent.console.server.ConsoleServer` serves it inside the agent's own event loop. The console
knows no station: it draws snapshots, and what it may order is :class:`~gate_agent.readmodel.OfficerAction`.
"""

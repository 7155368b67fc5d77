"""What the agent knows, decides and remembers.

This package imports no driver and no simulator: devices arrive through the entry point
group ``gate_agent.drivers`` (see ``docs/drivers.md``).
"""

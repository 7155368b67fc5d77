"""Drivers: one file, one device family; registered by entry point gate_agent.drivers."""

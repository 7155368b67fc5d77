"""Exhaustive exploration of the stations' processes, each composed with its world."""

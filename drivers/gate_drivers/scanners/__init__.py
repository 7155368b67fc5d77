"""Drivers of cargo and baggage scanners (capability ``scanner``)."""

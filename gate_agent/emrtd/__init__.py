"""ICAO Doc 9303: passport chips and machine readable zones, without I/O (one module a protocol)."""

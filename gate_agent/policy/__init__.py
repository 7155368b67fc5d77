"""Signed risk policy: CEL rules, reason codes, watchlists."""

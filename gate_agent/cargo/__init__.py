"""Declared against observed: the manifest of a container, and every comparison of it with what was measured.

    manifest file ──▶ Consignment ─┐
    TriageReport  ──▶ Observed ────┼──▶ checks ──▶ CheckResult
    scale, seals, portal ──────────┘

A check compares and never decides. Nothing here names a person.
"""

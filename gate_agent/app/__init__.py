"""Composition: the agent process, its configuration, the kinds of station it can run, doctor, metrics."""

"""Scales, seal readers and number cameras of a cargo yard."""

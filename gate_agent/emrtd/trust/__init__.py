"""Whose signature is believed (Doc 9303-12): anchors, master lists, revocation, deviations."""

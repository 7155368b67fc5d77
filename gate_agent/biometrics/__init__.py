"""Modalities, one folder each, and the laboratory in which their error rates are measured."""

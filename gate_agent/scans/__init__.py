"""Scans of cargo: one image model, the formats that carry it, and what can be said about it without a
network.

    a file of any scanner ──intake──▶ ScanImage ──triage──▶ TriageReport ──▶ rendered PNG, DICOS TDR, JSON

``image.py`` is the model that everything else speaks; ``dicos_*.py`` read, write and lint DICOS V03
(NEMA IIC 1); ``pictures.py`` takes TIFF, PNG and JPEG; ``triage/`` is physics and geometry.
"""

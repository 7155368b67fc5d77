"""What a scan says by physics and geometry alone: always on, no network, every figure explained.

    artefacts ──▶ container ──▶ fill, materials, mass ──▶ anomalies, inspectable map ──▶ TriageReport

Each step says what it could not do. A picture of unknown calibration gets the steps that need only the order
of its grey values.
"""

"""Data sets, scores, calibration and reports: what error rates are measured with."""

"""Reason codes of the cargo checks and what each check may measure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

REASONS = frozenset(
    {
        "MANIFEST_NO_CODE",
        "MANIFEST_MISSING",
        "MANIFEST_STALE",
        "MANIFEST_DATED_AHEAD",
        "LOAD_NOT_SEEN",
        "LOAD_BADLY_SEEN",
        "DECLARED_EMPTY_LOADED",
        "DECLARED_EMPTY_NEAR_EMPTY",
        "DECLARED_EMPTY_CONSTRUCTION",
        "DECLARED_LOADED_EMPTY",
        "MASS_NOT_DECLARED",
        "MASS_NOT_MEASURED",
        "MASS_IMPRECISE",
        "MASS_IMAGE_ABOVE_DECLARED",
        "MASS_IMAGE_BELOW_DECLARED",
        "MASS_SCALE_ABOVE_DECLARED",
        "MASS_SCALE_BELOW_DECLARED",
        "MASS_IMAGE_ABOVE_SCALE",
        "MASS_IMAGE_BELOW_SCALE",
        "SEAL_NOT_DECLARED",
        "SEAL_NOT_READ",
        "SEAL_NUMBER_MISMATCH",
        "SEAL_UNDECLARED",
        "HS_NOT_DECLARED",
        "HS_UNKNOWN",
        "HS_NOT_MEASURED",
        "HS_MATERIAL_UNEXPECTED",
        "HS_MATERIAL_MISSING",
        "HS_HIGH_Z_UNEXPECTED",
        "HS_TOO_DENSE",
        "HS_TOO_LIGHT",
        "GOODS_NOT_UNIFORM",
        "LOAD_TOO_SMALL",
        "LOAD_HIDDEN",
        "LOAD_UNEVEN",
        "LOAD_INCLUSION",
        "LOT_NO_SISTERS",
        "LOT_PICTURES_DIFFER",
        "LOT_DIFFERS",
        "LOT_PAIR_DIFFERS",
        "LOT_DIVERSE",
        "LOT_LOCAL_EXCESS",
        "RADIATION_NATURAL_DECLARED",
        "RADIATION_NUCLIDE_DECLARED",
        "RADIATION_NOT_DECLARED",
        "RADIATION_NUCLIDE_UNDECLARED",
        "RADIATION_NEUTRONS",
        "RADIATION_DECLARED_UNSEEN",
    }
)
"""Seals have further codes, of :mod:`gate_agent.vehicle.reasons`."""

ScalarType: TypeAlias = type[bool] | type[int] | type[float] | tuple[str, ...]
"""The type of a measured value; a tuple lists the texts that a value can have."""

_FILLS: Final = ("empty", "near_empty", "partial", "full")
_FULLNESS: Final = ("empty", "full")

MEASURED: Mapping[str, Mapping[str, ScalarType]] = MappingProxyType(
    {
        "manifest_found": {"age_days": float},
        "declared_empty": {"fill": _FILLS, "declared": _FULLNESS, "display": bool},
        "mass_agreement": {
            "declared_kg": float,
            "image_kg": float,
            "image_least_kg": float,
            "image_most_kg": float,
            "scale_kg": float,
            "scale_least_kg": float,
            "scale_most_kg": float,
            "image_minus_declared_kg": float,
            "scale_minus_declared_kg": float,
            "image_minus_scale_kg": float,
            "tolerance_kg": float,
        },
        "seal_agreement": {"declared": int, "heard": int, "read": int, "battery_low": bool},
        "hs_plausibility": {
            "organic": float,
            "mixed": float,
            "metal": float,
            "high_z": float,
            "classed": float,
            "beyond": float,
            "unexplained": float,
            "areal_g_cm2": float,
            "most_areal_g_cm2": float,
        },
        "homogeneity": {"spread": float, "denser": float, "lighter": float, "hidden": float, "cells": int},
        "lot_anomaly": {
            "sisters": int,
            "distance": float,
            "sisters_distance": float,
            "excess": float,
            "excess_along": float,
            "excess_height": float,
        },
        "radiation_declared": {"natural_declared": bool, "nuclides_declared": int, "nuclides_found": int},
    }
)
"""Check -> measured value -> type: what a policy's table of checks may offer to its rules."""

"""Reason codes of the cargo checks with the officer's words for them, and what each check may measure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "MANIFEST_NO_CODE": "Without a container code nothing declared can be looked up.",
        "MANIFEST_MISSING": "Nothing was declared for this container.",
        "MANIFEST_STALE": "What was declared for this container is older than allowed.",
        "MANIFEST_DATED_AHEAD": "The manifest is dated in the future; check the clock.",
        "LOAD_NOT_SEEN": "There is no picture of the load, or no container in it.",
        "LOAD_BADLY_SEEN": "Too much of the picture is missing to tell what is loaded; scan again.",
        "DECLARED_EMPTY_LOADED": "Declared empty, and goods are in the container.",
        "DECLARED_EMPTY_NEAR_EMPTY": "Declared empty, and something lies in the container.",
        "DECLARED_EMPTY_CONSTRUCTION": "Declared empty, with a roof, wall or floor thicker than usual.",
        "DECLARED_LOADED_EMPTY": "Goods are declared, and the container is empty.",
        "MASS_NOT_DECLARED": "No mass of the goods was declared.",
        "MASS_NOT_MEASURED": "Neither picture nor scale gives the mass of the goods.",
        "MASS_IMPRECISE": "What was measured is too imprecise to confirm the mass.",
        "MASS_IMAGE_ABOVE_DECLARED": "The picture shows more mass than declared.",
        "MASS_IMAGE_BELOW_DECLARED": "The picture shows less mass than declared.",
        "MASS_SCALE_ABOVE_DECLARED": "The scale shows more goods than declared.",
        "MASS_SCALE_BELOW_DECLARED": "The scale shows less goods than declared.",
        "MASS_IMAGE_ABOVE_SCALE": "The picture shows more mass than the scale.",
        "MASS_IMAGE_BELOW_SCALE": "The picture shows less mass than the scale.",
        "SEAL_NOT_DECLARED": "No seal was declared.",
        "SEAL_NOT_READ": "The declared mechanical seal was not read.",
        "SEAL_NUMBER_MISMATCH": "The seal that was read is not a declared one.",
        "SEAL_UNDECLARED": "A seal answered that was not declared.",
        "HS_NOT_DECLARED": "No goods of the Harmonized System were declared.",
        "HS_UNKNOWN": "The declared chapters say nothing about what goods look like.",
        "HS_NOT_MEASURED": "The picture does not tell materials or density.",
        "HS_MATERIAL_UNEXPECTED": "The declared goods do not explain the materials in the picture.",
        "HS_MATERIAL_MISSING": "Hardly anything of what the declared goods are made of is in the picture.",
        "HS_HIGH_Z_UNEXPECTED": "Lead, tungsten or the like, which the declared goods do not explain.",
        "HS_TOO_DENSE": "The load is denser than the declared goods can be.",
        "HS_TOO_LIGHT": "The load is lighter than the declared goods can be.",
        "GOODS_NOT_UNIFORM": "The declared goods need not look alike all through.",
        "LOAD_TOO_SMALL": "There is too little of the load to judge how even it is.",
        "LOAD_HIDDEN": "The beam did not get through enough of the load to judge how even it is.",
        "LOAD_UNEVEN": "The declared goods are of one kind, and the load is uneven.",
        "LOAD_INCLUSION": "Something denser is among goods that are declared to be of one kind.",
        "LOT_NO_SISTERS": "No sister container of this lot was scanned.",
        "LOT_PICTURES_DIFFER": "The sisters' pictures are of another kind of scanner.",
        "LOT_DIFFERS": "The load does not look like those of its sister containers.",
        "LOT_PAIR_DIFFERS": "The load does not look like the only other one of its lot.",
        "LOT_DIVERSE": "The lot's containers do not look alike among themselves.",
        "LOT_LOCAL_EXCESS": "There is something in one place that the sister containers do not have.",
        "RADIATION_NATURAL_DECLARED": "The declared goods are known to radiate by nature. The alarm stands.",
        "RADIATION_NUCLIDE_DECLARED": "The nuclide was declared. The alarm stands.",
        "RADIATION_NOT_DECLARED": "Nothing that was declared explains the radiation.",
        "RADIATION_NUCLIDE_UNDECLARED": "A nuclide was identified that was not declared.",
        "RADIATION_NEUTRONS": "Neutrons: no natural goods explain them.",
        "RADIATION_DECLARED_UNSEEN": "Radioactive goods are declared, and the portal saw none.",
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

"""``mass_agreement``: the goods' mass by image, by scale and as declared, each with its uncertainty.

Every mass is a range in which the true one lies. Two masses disagree when their ranges are further apart than
the tolerance; they confirm each other only when the ranges are narrow enough to mean something. The image's
range has no upper end where part of the load was beyond penetration.
"""

from __future__ import annotations

from typing import Final

from gate_agent.cargo.consignment import Consignment
from gate_agent.cargo.observed import Mass, Observed
from gate_agent.cargo.settings import MassSettings
from gate_agent.evidence import CheckResult, Outcome, Scalar
from gate_agent.vehicle.weighing import TruckWeight

CHECK: Final = "mass_agreement"
_MARGIN: Final = 2.0
"""The scale's uncertainty is of one standard deviation: its range is so many."""


def declared_mass(consignment: Consignment) -> Mass | None:
    """Exact: what is tolerated is the tolerance's matter."""
    kg = 0.0 if consignment.empty else consignment.gross_mass_kg
    return None if kg is None else Mass(kg, kg, kg)


def scale_mass(weight: TruckWeight | None, consignment: Consignment, settings: MassSettings) -> Mass | None:
    """The scale's gross weight less container and truck; both are ranges where they were not declared."""
    if weight is None or not weight.settled or weight.net:
        return None
    least, most = weight.kg, weight.kg
    for known, assumed in (
        (consignment.tare_mass_kg, settings.container_kg),
        (consignment.vehicle_mass_kg, settings.vehicle_kg),
    ):
        low, high = assumed if known is None else (known, known)
        least, most = least - high, most - low
    margin = _MARGIN * settings.scale_kg
    return Mass((least + most) / 2, least - margin, most + margin)


def mass_agreement(
    consignment: Consignment, observed: Observed | None, weight: TruckWeight | None, settings: MassSettings
) -> CheckResult:
    """Compare every two of the three masses that there are."""
    declared = declared_mass(consignment)
    image = None if observed is None else observed.mass
    scale = scale_mass(weight, consignment, settings)
    known = {"declared": declared, "image": image, "scale": scale}
    if image is None and scale is None:
        return CheckResult(CHECK, Outcome.NOT_DONE, ("MASS_NOT_MEASURED",), _measured(known, 0.0))
    if declared is None and (image is None or scale is None):
        return CheckResult(CHECK, Outcome.NOT_DONE, ("MASS_NOT_DECLARED",), _measured(known, 0.0))
    typical = next(mass.kg for mass in (declared, scale, image) if mass is not None)
    tolerance = max(settings.least_kg, settings.share * abs(typical))
    reasons: list[str] = []
    confirmed = False
    for one, other in (("image", "declared"), ("scale", "declared"), ("image", "scale")):
        first, second = known[one], known[other]
        if first is None or second is None:
            continue
        if apart := _apart(first, second, tolerance):
            reasons.append(f"MASS_{one.upper()}_{apart}_{other.upper()}")
        confirmed |= _width(first, second) <= max(tolerance, settings.imprecise_share * abs(typical))
    outcome = Outcome.FAILED if reasons else Outcome.PASSED if confirmed else Outcome.INCONCLUSIVE
    if outcome is Outcome.INCONCLUSIVE:
        reasons.append("MASS_IMPRECISE")
    versions = {"curves": observed.curves} if observed is not None and observed.curves else {}
    return CheckResult(CHECK, outcome, tuple(reasons), _measured(known, tolerance), versions)


def _apart(one: Mass, other: Mass, tolerance: float) -> str:
    if one.least_kg > other.most_kg + tolerance:
        return "ABOVE"
    return "BELOW" if one.most_kg < other.least_kg - tolerance else ""


def _width(one: Mass, other: Mass) -> float:
    """How far the truth may be off when both agree: half of both ranges together."""
    return (one.most_kg - one.least_kg + other.most_kg - other.least_kg) / 2


def _measured(known: dict[str, Mass | None], tolerance: float) -> dict[str, Scalar]:
    found: dict[str, Scalar] = {}
    for name, mass in known.items():
        if mass is None:
            continue
        found[f"{name}_kg"] = round(mass.kg, 1)
        if name != "declared":
            found[f"{name}_least_kg"] = round(mass.least_kg, 1)
            if mass.bounded:
                found[f"{name}_most_kg"] = round(mass.most_kg, 1)
    for one, other in (("image", "declared"), ("scale", "declared"), ("image", "scale")):
        first, second = known[one], known[other]
        if first is not None and second is not None:
            found[f"{one}_minus_{other}_kg"] = round(first.kg - second.kg, 1)
    if tolerance:
        found["tolerance_kg"] = round(tolerance, 1)
    return found

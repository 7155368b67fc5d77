"""What a scanner station's policy may ask about: its checks, what each may measure, its verdicts."""

from __future__ import annotations

from types import MappingProxyType

from gate_agent.cargo.reasons import MEASURED
from gate_agent.decision import Verdict
from gate_agent.policy import CheckKind, CheckTable
from gate_agent.policy.facts import ScalarType, Verdicts


def _check(check: str, asks: str, **measured: ScalarType) -> CheckKind:
    return CheckKind(check, asks, MappingProxyType(measured))


def _declared(check: str, asks: str) -> CheckKind:
    return CheckKind(check, asks, MEASURED[check])


NII_CHECKS = CheckTable.of(
    "nii",
    Verdicts(Verdict.RELEASE, (Verdict.REVIEW, Verdict.INSPECT)),
    _check(
        "container_code",
        "Do the cameras read one container code that can be believed (ISO 6346)?",
        views=int,
        confidence=float,
        repairs=int,
        support=("views", "declared", "single", "conflict", "unreadable"),
    ),
    _check("weight", "Was the truck weighed at rest?", weight_kg=float, readings=int, difference_kg=float),
    _check(
        "radiation",
        "Did neither the portal nor our own judgement of its counts alarm?",
        gamma_sigma=float,
        contrast_sigma=float,
        neutron_probability=float,
        suppression=float,
        speed_km_h=float,
        high_window_share=float,
    ),
    _check("seal", "Is the electronic seal whole (ISO 18185)?", seals=int, battery_low=bool),
    _check(
        "scan_received", "Did a readable scan of this container arrive?", files=int, energies=int, scans=int
    ),
    _check("scan_quality", "Is the picture whole, with a container in it?", calibrated=bool, dead=float),
    _check("inspectable", "Did the beam come through everywhere?", not_inspectable=float),
    _check("construction", "Are roof, walls and floor as thick as a container's?", places=int),
    _check(
        "materials",
        "Is there no material of high atomic number, as far as materials can be told?",
        organic=float,
        mixed=float,
        metal=float,
        high_z=float,
        beyond=float,
        mass_kg=int,
        mass_at_least=bool,
    ),
    _check(
        "threats",
        "Did the threat detector find nothing where it can judge?",
        places=int,
        score=float,
        not_judged=float,
    ),
    _declared("manifest_found", "Was this container declared, recently?"),
    _declared("declared_empty", "Is it as full or empty as declared?"),
    _declared("mass_agreement", "Do picture, scale and declaration agree on the mass?"),
    _declared("seal_agreement", "Are the seals the declared ones?"),
    _declared("hs_plausibility", "Can the declared goods look like this?"),
    _declared("homogeneity", "Is the load as even as the declared goods are?"),
    _declared("lot_anomaly", "Does it look like its sister containers?"),
    _declared("radiation_declared", "Does the declaration explain the radiation?"),
    _check("policy_freshness", "Is the policy within its validity?", days_left=float),
    _check("manifest_freshness", "Are manifests still arriving?", age_days=float),
    _check("single_vehicle", "Is exactly one vehicle in the lane?", vehicles=int),
    _check("lane_integrity", "Are barriers, sensors and controller consistent?"),
    _check("hub_verdict", "Does the hub let the truck go?"),
)

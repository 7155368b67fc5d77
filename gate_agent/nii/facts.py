"""What a scanner station's policy may ask about: its checks, what each may measure, its verdicts."""

from __future__ import annotations

from gate_agent.cargo.reasons import MEASURED
from gate_agent.decision import Verdict
from gate_agent.nii.reasons import REASONS
from gate_agent.policy import CheckKind, CheckTable
from gate_agent.policy.facts import Verdicts

of = CheckKind.of


def _declared(check: str, asks: str) -> CheckKind:
    return CheckKind(check, asks, MEASURED[check])


NII_CHECKS = CheckTable.of(
    "nii",
    Verdicts(Verdict.RELEASE, (Verdict.REVIEW, Verdict.INSPECT)),
    (
        of(
            "container_code",
            "Do the cameras read one container code that can be believed (ISO 6346)?",
            views=int,
            confidence=float,
            repairs=int,
            codes=int,
            support=("views", "declared", "single", "conflict", "unreadable"),
        ),
        of("weight", "Was the truck weighed at rest?", weight_kg=float, readings=int, difference_kg=float),
        of(
            "radiation",
            "Did neither the portal nor our own judgement of its counts alarm?",
            gamma_sigma=float,
            contrast_sigma=float,
            neutron_probability=float,
            suppression=float,
            speed_km_h=float,
        ),
        of("seal", "Is the electronic seal whole (ISO 18185)?", seals=int, battery_low=bool),
        of(
            "scan_received",
            "Did a readable scan of this container arrive?",
            files=int,
            energies=int,
            scans=int,
        ),
        of(
            "scan_quality",
            "Is the picture whole, with one container in it?",
            calibrated=bool,
            dead=float,
            outside=float,
        ),
        of("inspectable", "Did the beam come through everywhere?", not_inspectable=float),
        of("construction", "Are roof, walls and floor as thick as a container's?", places=int),
        of(
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
        of(
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
        of("policy_freshness", "Is the policy within its validity?", days_left=float),
        of("manifest_freshness", "Are manifests still arriving?", age_days=float),
        of("single_vehicle", "Is exactly one vehicle in the lane?", vehicles=int),
        of("lane_integrity", "Are barriers, sensors and controller consistent?"),
        of("hub_verdict", "Does the hub let the truck go?"),
    ),
    REASONS,
)

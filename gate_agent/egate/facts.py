"""What an e-gate's policy may ask about: its checks, what each may measure, its verdicts."""

from __future__ import annotations

from gate_agent.decision import Verdict
from gate_agent.egate.reasons import REASONS
from gate_agent.policy import CheckKind, CheckTable
from gate_agent.policy.facts import Verdicts

of = CheckKind.of

EGATE_CHECKS = CheckTable.of(
    "egate",
    Verdicts(Verdict.ADMIT, (Verdict.REFER,)),
    (
        of("mrz_read", "Was a complete machine readable zone read?", repaired=int),
        of("mrz_check_digits", "Do its check digits and field rules hold (Doc 9303-3)?"),
        of("document_expiry", "Is the document still valid today?", days_left=int),
        of(
            "chip_access",
            "Did the chip open with the key of the printed zone?",
            procedure=("BAC", "PACE", "PACE-CAM"),
        ),
        of("chip_read", "Were all needed files of the chip read?", bytes=int),
        of("passive_authentication", "Did a trusted issuer sign the chip (Doc 9303-11 §5.1)?"),
        of("dg_hashes", "Are the data groups those that were signed?"),
        of("dg1_matches_mrz", "Does the chip say the same as the printed zone?"),
        of(
            "chip_authentication",
            "Is it the chip that was issued (Doc 9303-11 §6.2, §4.4.3.5)?",
            procedure=("CA", "CAM"),
        ),
        of("active_authentication", "Did the chip sign our challenge (Doc 9303-11 §6.1)?"),
        of("terminal_authentication", "Did the chip accept this station (Doc 9303-11 §7.1)?"),
        of("watchlist", "Is neither document nor person on the watchlist?"),
        of("age", "Is the traveller old enough to pass alone?", years=int),
        of("policy_freshness", "Is the policy within its validity?", days_left=float),
        of("trust_freshness", "Are the issuer certificates recent enough?", age_days=float),
        of("watchlist_freshness", "Is the watchlist recent enough?", age_days=float),
        of("face_capture", "Was a usable picture of one face taken?", frames=int, frame_age_ms=float),
        of(
            "face_liveness",
            "Is it a live person, as far as can be told (ISO/IEC 30107-1)?",
            frames=int,
            repetition=float,
            temporal_noise=float,
            moire=float,
            turning=float,
            flatness=float,
            attack_score=float,
        ),
        of(
            "face_match",
            "Is it the person in the chip?",
            distance=float,
            threshold=float,
            fmr=float,
            comparisons=int,
        ),
        of("single_occupancy", "Is exactly one person between the doors?", persons=int),
        of("document_present", "Did the document stay on the reader while it was read?"),
        of("hub_verdict", "Does the hub let the transaction go on?"),
        of("lane_integrity", "Are doors, sensors and controller consistent?"),
    ),
    REASONS,
)

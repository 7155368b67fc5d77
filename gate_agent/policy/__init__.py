"""Signed rules over evidence, and watchlists (docs/policy.md)."""

from gate_agent.policy.facts import CheckKind, CheckTable
from gate_agent.policy.load import PolicyError, PolicySettings, load_policy
from gate_agent.policy.policy import Policy, Rule, Stage
from gate_agent.policy.signature import sign as sign_policy

__all__ = [
    "CheckKind",
    "CheckTable",
    "Policy",
    "PolicyError",
    "PolicySettings",
    "Rule",
    "Stage",
    "load_policy",
    "sign_policy",
]

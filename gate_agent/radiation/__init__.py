"""Radiation at the portal: what monitors and instruments report, and the agent's own alarm computation."""

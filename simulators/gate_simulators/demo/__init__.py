"""Demonstrations of any station: what stands around its agent, who visits it, and what is judged of it."""

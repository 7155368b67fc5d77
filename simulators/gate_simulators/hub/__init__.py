"""The simulated hub and the broker before it."""

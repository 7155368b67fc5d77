"""A simulated e-gate: lane, camera, travellers with their passports, and the officer."""

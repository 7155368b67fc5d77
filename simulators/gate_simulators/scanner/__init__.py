"""A simulated cargo scanner: physics of the beam, goods with known truth, and the wires scans travel on."""

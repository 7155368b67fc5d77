"""The simulated scanner station: cargo, the yard's instruments, its drivers, officers and demonstration."""

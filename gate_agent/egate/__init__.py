"""The e-gate station: a pure process, its checks and its conductor."""

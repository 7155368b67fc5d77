"""The NII (non-intrusive inspection) station for cargo: a pure process, its checks and its conductor."""

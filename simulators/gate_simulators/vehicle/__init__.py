"""Simulated devices of a cargo yard: scale, electronic seals, container sides."""

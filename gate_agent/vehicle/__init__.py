"""What a cargo yard's devices say about one truck: container code, weight, seal."""

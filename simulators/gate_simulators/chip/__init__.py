"""A passport chip, card side: serves an LDS over APDUs."""

"""The logical data structure (Doc 9303-10) and the machine readable zone (Doc 9303-3 to -7), as data."""

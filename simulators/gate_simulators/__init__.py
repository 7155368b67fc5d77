"""Every device of a station, spoken on the same wire as the hardware, with faults on command."""

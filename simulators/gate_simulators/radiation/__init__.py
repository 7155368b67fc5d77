"""A simulated radiation portal: sources in trucks, what four detectors count, and the monitor's own words."""

"""What every simulated device shares: wires, faults on command, controllers, sites, benches."""

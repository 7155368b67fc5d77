"""Lane controllers: doors, sensors, lights, emergency input."""

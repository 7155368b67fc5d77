"""What was decided, durably and tamper-evidently, before anything moves."""

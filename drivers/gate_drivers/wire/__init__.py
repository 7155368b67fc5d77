"""What drivers share below their devices' own words: byte lines, framing, Modbus exchanges."""

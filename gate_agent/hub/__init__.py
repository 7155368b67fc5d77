"""The link to the central hub: an outbox over MQTT, acknowledged by the hub itself."""

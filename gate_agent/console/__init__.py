"""The officer's view: a loopback web page over the read model."""

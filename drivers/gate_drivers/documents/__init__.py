"""Document readers: printed MRZ lines and chips."""

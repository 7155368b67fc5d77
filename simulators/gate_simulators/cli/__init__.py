"""``gate-sim``: one file a subject."""

"""The command line: one file a room. Rooms themselves need neither typer nor rich."""

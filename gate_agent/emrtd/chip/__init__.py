"""The protocols between terminal and chip (Doc 9303-11): access, secure messaging, authentication, files."""

"""A kiosk: the traveller lays a document on its reader and learns whether the gates will take it."""

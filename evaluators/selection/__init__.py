"""Which texts of a library classify best together."""

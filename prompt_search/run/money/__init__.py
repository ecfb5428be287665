"""Limits, what was paid, and asking within them."""

"""Prompts in the forms that other programs read: one file per consumer. No export needs this package to be used."""

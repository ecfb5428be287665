"""Sends the figures of a run to an experiment tracker, if a person asks for it: numbers, and files only if
asked for these as well."""

"""The record of a run, and all that goes through it."""

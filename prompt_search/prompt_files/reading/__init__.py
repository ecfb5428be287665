"""Prompt files of others, as they are found."""

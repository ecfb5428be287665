"""Tests of `prompt_search.data`."""

"""Labelled images of a person, read, checked, split into search, select and test, and encoded once."""

from prompt_search.data.load import DataSplits, load_splits
from prompt_search.data.report import DataReport
from prompt_search.data.sources.read import read_images
from prompt_search.data.sources.reading import Reading

__all__ = ["DataReport", "DataSplits", "Reading", "load_splits", "read_images"]

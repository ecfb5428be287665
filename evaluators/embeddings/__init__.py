"""Texts and images as vectors: encoded in batches, stored by content, averaged per class."""

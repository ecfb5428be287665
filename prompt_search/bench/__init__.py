"""Strategies compared: over image sets, numbers of images and seeds, under equal limits, every cell a run."""

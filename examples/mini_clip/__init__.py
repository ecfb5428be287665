"""Rebuilds the bundled demo model and image sets from package registries. Start with `build.py`."""

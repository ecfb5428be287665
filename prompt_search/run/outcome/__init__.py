"""From contenders to a proven winner and its files."""

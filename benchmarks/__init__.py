"""What the figures in the docs are measured with: `make bench`, `python -m benchmarks [NAME ...]`."""

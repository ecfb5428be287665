"""What the figures in the docs are measured with: `make bench`, or `python -m benchmarks NAME`."""

"""Runs the benchmarks, or the named ones: `python -m benchmarks [NAME ...]`."""

import sys
from collections.abc import Callable, Mapping

from benchmarks import testbed, text_encoding

BENCHMARKS: Mapping[str, Callable[[], None]] = {"text_encoding": text_encoding.main, "testbed": testbed.main}

unknown = set(sys.argv[1:]) - set(BENCHMARKS)
if unknown:
    sys.exit(f"no benchmark named {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
for name in sys.argv[1:] or BENCHMARKS:
    BENCHMARKS[name]()

"""A real Ray cluster of two nodes on this machine."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

__all__ = ["REAL_RAY", "two_nodes"]

REAL_RAY = [
    pytest.mark.heavy,
    pytest.mark.filterwarnings("ignore::ResourceWarning:ray"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray"),
    pytest.mark.filterwarnings("ignore::FutureWarning:ray"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
"""Marks of a file of tests; Ray's own warnings are not ours."""


@contextmanager
def two_nodes(cpus: int) -> Iterator[Any]:
    """The cluster, joined; its head has so many processors, and `second` is the other node, with one."""
    import ray
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    node = {"num_cpus": cpus, "include_dashboard": False, "object_store_memory": 150 * 2**20}
    made = Cluster(initialize_head=True, head_node_args=node)
    made.second = made.add_node(num_cpus=1, object_store_memory=150 * 2**20)
    try:
        ray.init(address=made.address, log_to_driver=False, logging_level=logging.ERROR)
        yield made
    finally:
        ray.shutdown()
        made.shutdown()

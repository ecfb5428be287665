"""What every worker of a cluster gets of its processors."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prompt_search.errors import SettingsError

__all__ = ["MOST_CPUS", "WorkerShare"]

MOST_CPUS = 4
"""Of a worker without a GPU: with more threads a tower gains little, and a second worker gains more."""


@dataclass(frozen=True, slots=True)
class WorkerShare:
    """Workers that a cluster has room for.

    Attributes:
        workers: how many; at least 1.
        cpus: processors of each.
        gpus: GPUs of each, 1 or 0.
    """

    workers: int
    cpus: int
    gpus: int

    @classmethod
    def of(cls, nodes: Iterable[Mapping[str, float]]) -> "WorkerShare":
        """One worker per GPU; where there is none, one per `MOST_CPUS` processors, or per node if one has fewer.

        Args:
            nodes: what Ray says of the resources of each living node, `CPU` and `GPU`.

        Raises:
            SettingsError: if the nodes have neither.

        >>> WorkerShare.of([{"CPU": 32.0, "GPU": 8.0}, {"CPU": 32.0, "GPU": 8.0}, {"CPU": 16.0}])
        WorkerShare(workers=16, cpus=0, gpus=1)
        >>> WorkerShare.of([{"CPU": 16.0}, {"CPU": 8.0}, {}])
        WorkerShare(workers=6, cpus=4, gpus=0)
        >>> WorkerShare.of([{"CPU": 1.0}, {"CPU": 2.0}])
        WorkerShare(workers=3, cpus=1, gpus=0)
        """
        nodes = list(nodes)
        gpus = sum(int(node.get("GPU", 0)) for node in nodes)
        if gpus:
            return cls(gpus, 0, 1)
        processors = [int(node.get("CPU", 0)) for node in nodes if node.get("CPU", 0) >= 1]
        if not processors:
            raise SettingsError("no node of the Ray cluster has a GPU or a processor to give; look at `ray status`")
        cpus = min(MOST_CPUS, *processors)
        return cls(sum(own // cpus for own in processors), cpus, 0)

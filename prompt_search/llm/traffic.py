"""What a person may see of calls under way."""

from dataclasses import dataclass

__all__ = ["Traffic"]


@dataclass(frozen=True, slots=True)
class Traffic:
    """The state of one `complete` at one moment.

    Attributes:
        in_flight: calls sent and not answered.
        waiting: samples without a reply that are not in flight: not begun, in line, or pausing after a fault.
        retried: calls made again so far, because an earlier one of the same sample failed.
        held_until: the moment of `time.monotonic` until which the server asked to be left alone, if it did.
        limit: most calls in flight that the server bears at the moment.
    """

    in_flight: int
    waiting: int
    retried: int
    limit: int
    held_until: float | None = None

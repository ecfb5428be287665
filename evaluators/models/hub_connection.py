"""Whether the Hugging Face hub can be reached, found out in seconds: its own client tries for most of a minute."""

import contextlib
import threading
from collections.abc import Iterator

__all__ = ["fault_of_hub", "hub_or_cache", "is_missing"]

SECONDS = 4.0
LOOKING_UP = 3.0
"""More, for the name of the server: no limit of a request covers that."""
ABSENT = {
    "LocalEntryNotFoundError": "is not on this machine",
    "OfflineModeIsEnabled": "is not on this machine",
    "RepositoryNotFoundError": "is not on the Hugging Face hub, or it is private and needs HF_TOKEN",
    "GatedRepoError": "needs HF_TOKEN, and its terms accepted on the Hugging Face hub",
    "EntryNotFoundError": "is on the Hugging Face hub, but without open_clip's files",
    "RemoteEntryNotFoundError": "is on the Hugging Face hub, but without open_clip's files",
}
"""What the hub's errors mean for a model, by the names of their classes."""


@contextlib.contextmanager
def hub_or_cache() -> Iterator[str]:
    """What fails at the hub, empty if nothing does; if something does, its files come from the cache until the end.

    One request is made, of a few seconds at most, the way the hub's own client makes them.
    """
    from huggingface_hub import constants

    was_offline = constants.HF_HUB_OFFLINE
    fault = "HF_HUB_OFFLINE is set" if was_offline else fault_of_hub(constants.ENDPOINT)
    constants.HF_HUB_OFFLINE = bool(fault)  # its functions look here at every call
    try:
        yield fault
    finally:
        constants.HF_HUB_OFFLINE = was_offline


def fault_of_hub(address: str, seconds: float = SECONDS) -> str:
    """Why an address can't be reached, in a few words; empty if it answers, whatever it says."""
    faults = [f"no answer in {seconds + LOOKING_UP:.0f} s"]

    def ask() -> None:
        from huggingface_hub import get_session

        try:
            get_session().head(address, timeout=seconds)
            faults.append("")
        except Exception as error:  # noqa: BLE001 - whatever proxies, certificates and name servers can make of it
            faults.append(type(error).__name__)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds + LOOKING_UP)
    return f"{address} can't be reached ({faults[-1]})" if faults[-1] else ""


def is_missing(error: BaseException | None) -> str:
    """What an error of the hub's client, or one that it caused, says of a model; empty for any other."""
    while error is not None:
        if type(error).__name__ in ABSENT:
            return ABSENT[type(error).__name__]
        error = error.__cause__ or error.__context__
    return ""

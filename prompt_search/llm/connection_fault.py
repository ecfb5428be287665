"""A connection that failed: was the request sent, and can asking again help?"""

import ssl
from collections.abc import Iterator

from prompt_search.llm.chat_fault import Refusal, TransientFault

__all__ = ["connection_fault", "fault_causes"]

NEVER_SENT = {"ConnectError", "ConnectTimeout", "PoolTimeout"}
"""What httpx, httpcore and their successors call a failure before the first byte of the request."""


def connection_fault(error: BaseException) -> TransientFault | Refusal:
    """The fault behind an exception of an HTTP client, told from the exceptions it was raised from.

    A certificate that is not accepted is a refusal with status 0: it will not be accepted the next time either.

    >>> connection_fault(OSError("broken pipe")).cause
    'lost'
    """
    causes = list(fault_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            said = cause.verify_message.rstrip(".")
            return Refusal(0, "certificate", None, f"its TLS certificate is not accepted: {said}")
    reason = str(causes[-1]) or str(error) or type(error).__name__
    if any(type(cause).__name__ in NEVER_SENT for cause in causes):
        return TransientFault(f"no connection ({reason})", "unreachable")
    return TransientFault(f"the connection broke ({reason})")


def fault_causes(error: BaseException) -> Iterator[BaseException]:
    """The exception, and every one behind it, the nearest first."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__

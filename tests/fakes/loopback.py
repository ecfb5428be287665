"""What every server on loopback does: it answers in a thread while its block lasts."""

import threading
from http.server import ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

__all__ = ["LoopbackServer", "QuietServer"]


class QuietServer(ThreadingHTTPServer):
    """Says nothing of clients that go away."""

    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away, was cut off or killed is no error here."""


class LoopbackServer:
    """A context manager around a server; `stopped` is set at its end."""

    scheme = "http"

    def __init__(self, http: QuietServer) -> None:
        self.http = http
        self.stopped = threading.Event()
        self._thread = threading.Thread(target=http.serve_forever, args=[0.02], daemon=True)

    @property
    def url(self) -> str:
        """The base URL to give to a client."""
        return f"{self.scheme}://127.0.0.1:{self.http.server_port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stopped.set()
        self.http.shutdown()
        self.http.server_close()
        self._thread.join()

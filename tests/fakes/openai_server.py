"""An OpenAI-compatible server on loopback that misbehaves as a script tells it to.

    with OpenAIServer([rate_limited(retry_after=1), reply("a cat")]) as server:
        model = OpenAICompatible("any-name", server.url)

Each request takes the next behaviour of the script; after its end all get the echo of their last message.
"""

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests.fakes.loopback import LoopbackServer, QuietServer

Behaviour = Callable[["Exchange"], None]


@dataclass(frozen=True)
class Received:
    """A request as it came in: its JSON body, headers (lower-case names) and path."""

    body: dict[str, Any]
    headers: dict[str, str]
    path: str

    @property
    def question(self) -> str:
        """The last message."""
        return str(self.body["messages"][-1]["content"])


class Exchange(BaseHTTPRequestHandler):
    """One connection; what behaviours answer through."""

    protocol_version = "HTTP/1.1"
    server: "_Server"
    received: Received

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.received = Received(json.loads(content), headers, self.path)
        self.server.owner.next_behaviour(self.received)(self)

    def send(self, status: int, body: bytes, kind: str = "application/json", **headers: str) -> None:
        """Answer with a whole body."""
        self.start(status, len(body), kind, **headers)
        self.wfile.write(body)

    def start(self, status: int, length: int, kind: str = "application/json", **headers: str) -> None:
        """Answer with the head only, announcing a length; underscores in header names become dashes."""
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def reset(self) -> None:
        """Cut the connection with a TCP reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def wait(self, seconds: float) -> bool:
        """Sleep; `True`, and at once, if the server is stopped meanwhile."""
        return self.server.owner.stopped.wait(seconds)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""


class _Server(QuietServer):
    owner: "OpenAIServer"


class OpenAIServer(LoopbackServer):
    """The server; a context manager.

    Args:
        script: behaviours in the order requests come, or a function that chooses one for each request.
        certificate: a PEM file with a key and a certificate, to speak TLS with.
    """

    def __init__(
        self, script: Iterable[Behaviour] | Callable[[Received], Behaviour] = (), certificate: Path | None = None
    ) -> None:
        self.requests: list[Received] = []
        self._choose = script if callable(script) else None
        self._script = iter(()) if callable(script) else iter(script)
        self._lock = threading.Lock()
        http = _Server(("127.0.0.1", 0), Exchange)
        http.owner = self
        super().__init__(http)
        if certificate is not None:
            self.scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            http.socket = context.wrap_socket(http.socket, server_side=True, do_handshake_on_connect=False)

    def next_behaviour(self, received: Received) -> Behaviour:
        """Record a request and choose what happens to it."""
        with self._lock:
            self.requests.append(received)
            return self._choose(received) if self._choose else next(self._script, echo)


def completion(text: Any, finish: str | None = "stop", **message: Any) -> bytes:
    """The body of a chat completion."""
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text} | message}
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    return json.dumps({"id": "x", "object": "chat.completion", "choices": [choice], "usage": usage}).encode()


def reply(text: Any, finish: str | None = "stop", **message: Any) -> Behaviour:
    """A good answer."""
    return lambda exchange: exchange.send(200, completion(text, finish, **message))


def thinking(answer: str, tokens: int, *, shown: bool = False) -> Behaviour:
    """A model that thinks for so many tokens before it answers; with a lower cap it never comes to the answer.

    The thinking is in `reasoning_content` (DeepSeek, vLLM), or, if `shown`, between `<think>` tags in the text itself.
    """
    thought = "Let me see. A template needs a place for the name."

    def behave(exchange: Exchange) -> None:
        body = exchange.received.body
        done = (body.get("max_completion_tokens") or body["max_tokens"]) > tokens
        if shown:
            text = f"<think>{thought}</think>{answer}" if done else f"<think>{thought} a photo of a {{}}."
            exchange.send(200, completion(text, "stop" if done else "length"))
        else:
            text = answer if done else ""
            exchange.send(200, completion(text, "stop" if done else "length", reasoning_content=thought))

    return behave


def echo(exchange: Exchange) -> None:
    """A good answer that repeats the question."""
    exchange.send(200, completion(f"echo: {exchange.received.question}"))


def raw(body: bytes, kind: str = "application/json", status: int = 200) -> Behaviour:
    """Any body."""
    return lambda exchange: exchange.send(status, body, kind)


def refuse(status: int, message: str, code: str | None = None, param: str | None = None, **headers: str) -> Behaviour:
    """An error in OpenAI's form."""
    body = json.dumps({"error": {"message": message, "type": "error", "code": code, "param": param}}).encode()
    return lambda exchange: exchange.send(status, body, **headers)


def rate_limited(retry_after: float | str | None = None) -> Behaviour:
    """Status 429, with a Retry-After header or without."""
    headers = {} if retry_after is None else {"retry_after": str(retry_after)}
    return refuse(429, "Rate limit reached", "rate_limit_exceeded", **headers)


def reset(exchange: Exchange) -> None:
    """A TCP reset instead of an answer."""
    exchange.reset()


def cut_off(exchange: Exchange) -> None:
    """The connection ends in the middle of the body."""
    exchange.start(200, 10_000)
    exchange.wfile.write(completion("never whole")[:40])
    exchange.close_connection = True


def drip(exchange: Exchange) -> None:
    """A body at a byte each 50 ms: never idle, never there."""
    body = completion("x" * 10_000)
    exchange.start(200, len(body))
    for position in range(len(body)):
        exchange.wfile.write(body[position : position + 1])
        exchange.wait(0.05)
        if exchange.server.owner.stopped.is_set():
            return


def after(seconds: float, behaviour: Behaviour = echo) -> Behaviour:
    """Something else, later."""

    def later(exchange: Exchange) -> None:
        exchange.wait(seconds)
        behaviour(exchange)

    return later


class Late:
    """An answer that nobody should wait for: it takes `seconds`, and is remembered.

    Attributes:
        waited_for: whether it was given, as somebody was there all the time.
    """

    seconds = 300.0

    def __init__(self) -> None:
        self.waited_for = False

    def __call__(self, exchange: Exchange) -> None:
        if not exchange.wait(self.seconds):
            self.waited_for = True
            echo(exchange)


PATIENT = 2 * Late.seconds
"""Seconds of a timeout that does not end a call before `Late` answers it."""


def without(parameter: str, otherwise: Behaviour = echo) -> Callable[[Received], Behaviour]:
    """A server that refuses one parameter in OpenAI's words: a script for `OpenAIServer`."""
    message = f"Unsupported parameter: '{parameter}' is not supported with this model."
    refusal = refuse(400, message, "unsupported_parameter", parameter)
    return lambda received: refusal if parameter in received.body else otherwise

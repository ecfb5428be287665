"""A server on loopback with OpenAI's batch API, whose batches can go wrong in every way they do.

    with BatchServer(lambda body: "a cat") as server:
        model = OpenAICompatible("any-name", server.url)

A batch is done when it was looked at `looks` times; `spoil` may then change it. Single questions get the same answers.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.loopback import LoopbackServer, QuietServer
from tests.fakes.openai_server import completion

__all__ = ["BatchServer", "Job"]


@dataclass
class Job:
    """A batch: its requests and what will be told of it."""

    id: str
    token: str
    requests: list[dict[str, Any]]
    output: list[bytes] = field(default_factory=list)
    errors: list[bytes] = field(default_factory=list)
    status: str = "in_progress"
    said: list[dict[str, Any]] = field(default_factory=list)
    looks: int = 0

    def to_json(self) -> dict[str, Any]:
        over = self.status not in ("in_progress", "finalizing")
        return {
            "id": self.id,
            "object": "batch",
            "status": self.status,
            "metadata": {"prompt_search": self.token},
            "request_counts": {"total": len(self.requests), "completed": len(self.output) * over, "failed": 0},
            "output_file_id": f"file-out-{self.id}" if over and self.output else None,
            "error_file_id": f"file-err-{self.id}" if over and self.errors else None,
            "errors": {"data": self.said} if self.said else None,
        }


class BatchServer(LoopbackServer):
    """The server; a context manager.

    Args:
        answer: the text for a request's body.
        looks: after how many a batch is done.
        spoil: may change a batch that is done.
        before: sees every request to the server (method and path) and may answer itself: status, body and headers.
    """

    def __init__(
        self,
        answer: Callable[[dict[str, Any]], str],
        *,
        looks: int = 2,
        spoil: Callable[[Job], None] = lambda job: None,
        before: Callable[[str, str], tuple[int, bytes, dict[str, str]] | None] = lambda method, path: None,
    ) -> None:
        self.answer, self.looks, self.spoil, self.before = answer, looks, spoil, before
        self.jobs: list[Job] = []
        self.files: dict[str, bytes] = {}
        self.single: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.lock = threading.Lock()
        super().__init__(QuietServer(("127.0.0.1", 0), _handler(self)))

    def asked(self) -> list[str]:
        """What was asked, singly and in batches: the seeds."""
        bodies = [*self.single, *(request["body"] for job in self.jobs for request in job.requests)]
        return [f"{body['messages'][-1]['content']} {body.get('seed')}" for body in bodies]

    def handle(self, method: str, address: str, kind: str, content: bytes) -> bytes:
        """The body of a good answer."""
        path = urlsplit(address).path.removeprefix("/v1")
        if path == "/chat/completions":
            body = json.loads(content)
            self.single.append(body)
            return completion(self.answer(body))
        if (method, path) == ("POST", "/files"):
            name = f"file-in-{len(self.files)}"
            self.files[name] = _uploaded(kind, content)
            return json.dumps({"id": name}).encode()
        if (method, path) == ("POST", "/batches"):
            return json.dumps(self._made(json.loads(content)).to_json()).encode()
        if path == "/batches":
            return self._listed(parse_qs(urlsplit(address).query).get("after", [""])[0])
        if path.startswith("/batches/"):
            return json.dumps(self._looked_at(path.rpartition("/")[2]).to_json()).encode()
        _, _, file, _ = path.split("/")
        job = next(job for job in self.jobs if file.endswith(job.id))
        return b"\n".join(job.output if "-out-" in file else job.errors) + b"\n"

    def _made(self, body: dict[str, Any]) -> Job:
        assert body["endpoint"] == "/v1/chat/completions"
        requests = [json.loads(line) for line in self.files[body["input_file_id"]].splitlines()]
        job = Job(f"batch_{len(self.jobs)}", body["metadata"]["prompt_search"], requests)
        self.jobs.append(job)
        return job

    def _looked_at(self, name: str) -> Job:
        job = next(job for job in self.jobs if job.id == name)
        job.looks += 1
        if job.looks == self.looks:
            job.status = "completed"
            for request in job.requests:
                body = json.loads(completion(self.answer(request["body"])))
                job.output.append(answered(request["custom_id"], 200, body))
            self.spoil(job)
        return job

    def _listed(self, after: str) -> bytes:
        names = [job.id for job in self.jobs]
        start = names.index(after) + 1 if after else 0
        return json.dumps(
            {"data": [job.to_json() for job in self.jobs[start : start + 1]], "has_more": start + 1 < len(names)}
        ).encode()


def answered(custom_id: str, status: int, body: object) -> bytes:
    """A line of an output file."""
    response = {"status_code": status, "request_id": "r", "body": body}
    return json.dumps({"id": "x", "custom_id": custom_id, "response": response, "error": None}).encode()


def _uploaded(kind: str, content: bytes) -> bytes:
    message = BytesParser().parsebytes(b"content-type: " + kind.encode() + b"\r\n\r\n" + content)
    named = {part.get_param("name", header="content-disposition"): part for part in message.walk()}
    purpose, file = (named[name].get_payload(decode=True) for name in ("purpose", "file"))
    assert isinstance(purpose, bytes)
    assert isinstance(file, bytes)
    assert purpose.strip() == b"batch"
    return file


def _handler(owner: BatchServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self._handle(self.rfile.read(int(self.headers["content-length"])))

        def do_GET(self) -> None:
            self._handle(b"")

        def _handle(self, content: bytes) -> None:
            with owner.lock:
                owner.headers.append({name.lower(): value for name, value in self.headers.items()})
                own = owner.before(self.command, self.path)
                if own is None:
                    body = owner.handle(self.command, self.path, self.headers.get("content-type", ""), content)
                    own = 200, body, {}
            status, body, headers = own
            self.send_response(status)
            for name, value in (
                {"content-type": "application/json", "content-length": str(len(body))} | headers
            ).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Silent."""

    return Handler

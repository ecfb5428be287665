"""The batch API of an OpenAI-compatible server: files go up, a batch is made of one, files come down."""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from optimizers.errors import LanguageModelRejected, LanguageModelUnavailable
from prompt_search.llm.api.answer_body import redirect_refusal, unpacked
from prompt_search.llm.api.batch_lines import URL
from prompt_search.llm.api.chat_call import CONNECT_TIMEOUT
from prompt_search.llm.api.chat_fault import Refusal, TransientFault, connection_fault, refusal_of
from prompt_search.llm.api.chat_reply import LONGEST_BODY, UnusableBody

if TYPE_CHECKING:
    import httpx

__all__ = ["BatchPatience", "BatchServer", "BatchState"]

OVER = ("completed", "expired", "failed", "cancelled")
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}")
"""What an id may look like that becomes part of an address."""
PAGES = 20
NAME = "prompt_search"
"""Of our token among a batch's metadata."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BatchPatience:
    """How often to look at a batch, and when to give up on a server that fails.

    Attributes:
        first: seconds until the second look; each wait is half as long again as the one before.
        longest: most seconds between two looks.
        attempts: calls after which a failure counts, with growing waits between them.
        timeout: seconds without a byte, for a call.
    """

    first: float = 2.0
    longest: float = 60.0
    attempts: int = 8
    timeout: float = 120.0


@dataclass(frozen=True, slots=True)
class BatchState:
    """How a batch stands.

    Attributes:
        status: in OpenAI's words.
        done, total: requests that are through, failed ones among them, and all.
        files: ids of its output and error file, as far as there are any.
        said: what the provider complains about, with lines.
    """

    status: str
    done: int
    total: int
    files: tuple[str, ...]
    said: str

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.status in OVER

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> "BatchState":
        """From what the server says of a batch."""
        counts = content.get("request_counts")
        known = counts if isinstance(counts, dict) else {}
        done, failed, total = (_count(known.get(name)) for name in ("completed", "failed", "total"))
        files = [content.get(name) for name in ("output_file_id", "error_file_id")]
        return cls(
            str(content.get("status")),
            done + failed,
            total,
            tuple(_checked_id(file) for file in files if file),
            _complaint(content.get("errors")),
        )


class BatchServer:
    """Calls, each with attempts, bounds and no way to another host.

    Args:
        http: a client that follows no redirects.
        address, query, headers: of every call, with the key.
        place: the model and where it is, without secrets.
        quote: takes secrets out of what the server says.
        rest: is called while a call waits for its next attempt, with seconds; it sleeps.
    """

    def __init__(
        self,
        http: "httpx.Client",
        address: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        place: str,
        quote: Callable[[str], str],
        patience: BatchPatience,
        rest: Callable[[float], None] = time.sleep,
    ) -> None:
        self._http, self._address, self._query, self._headers = http, address, query, headers
        self._place, self._quote, self._patience, self._rest = place, quote, patience, rest

    def upload(self, content: bytes) -> str:
        """Send an input file; its id."""
        files = {"file": ("questions.jsonl", content, "application/jsonl")}
        return self._tried(
            lambda: _checked_id(self._json("POST", "/files", files=files, data={"purpose": "batch"}).get("id"))
        )

    def submit(self, file: str, token: str) -> str:
        """Make a batch of an input file; its id. Where an answer was lost, the batch is looked for before another try.

        Raises:
            LanguageModelRejected: if there is none, and will not be.
        """
        body = {
            "input_file_id": file,
            "endpoint": URL,
            "completion_window": "24h",
            "metadata": {NAME: token},
        }
        lost = False

        def attempt() -> str:
            nonlocal lost
            if lost and (found := self._find(token)):
                return found
            try:
                return _checked_id(self._json("POST", "/batches", json=body).get("id"))
            except TransientFault as fault:
                lost = lost or fault.cause == "lost"
                raise

        return self._tried(attempt)

    def find(self, token: str) -> str | None:
        """The id of the batch with this token; `None` if there is none."""
        return self._tried(lambda: self._find(token))

    def look(self, batch: str) -> BatchState:
        """How a batch stands."""
        return self._tried(lambda: BatchState.of(self._json("GET", f"/batches/{batch}")))

    def lines(self, file: str, most_bytes: int) -> list[bytes]:
        """The lines of a file; those longer than an answer may be are left out.

        Raises:
            LanguageModelRejected: if it is longer than all answers together may be.
        """
        return self._tried(lambda: self._lines(file, most_bytes))

    def _lines(self, file: str, most_bytes: int) -> list[bytes]:
        found, rest, size = [], b"", 0
        with self._opened("GET", f"/files/{file}/content") as response:
            for chunk in response.iter_raw():
                size += len(chunk)
                if size > most_bytes:
                    raise LanguageModelRejected(
                        f"{self._place} sends more than {most_bytes:,} bytes as the answers of a batch; nothing of "
                        "them is taken"
                    )
                *whole, rest = (rest + chunk).split(b"\n")
                found += [line for line in whole if line.strip() and len(line) <= LONGEST_BODY]
                rest = rest[: LONGEST_BODY + 1]
        return found + ([rest] if rest.strip() and len(rest) <= LONGEST_BODY else [])

    def _find(self, token: str) -> str | None:
        after: dict[str, str] = {}
        for _ in range(PAGES):
            listed = self._json("GET", "/batches", params={"limit": "100"} | after)
            batches = [each for each in listed.get("data") or () if isinstance(each, dict)]
            for each in batches:
                told = each.get("metadata")
                if isinstance(told, dict) and told.get(NAME) == token:
                    return _checked_id(each.get("id"))
            if not listed.get("has_more") or not batches:
                break
            after = {"after": _checked_id(batches[-1].get("id"))}
        return None

    def _json(self, method: str, path: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - httpx's own arguments
        with self._opened(method, path, **more) as response:
            body = _body(response)
        try:
            content = json.loads(body)
        except (ValueError, RecursionError):
            raise TransientFault("a body that is not JSON") from None
        if not isinstance(content, dict):
            raise TransientFault("a body that is not a JSON object")
        return content

    @contextmanager
    def _opened(self, method: str, path: str, **more: Any) -> "Iterator[httpx.Response]":  # noqa: ANN401
        """The answer to a call, if its status is one of success."""
        import httpx

        limits = httpx.Timeout(self._patience.timeout, connect=CONNECT_TIMEOUT)
        query = {**self._query, **more.pop("params", {})}
        address = self._address + path
        try:
            with self._http.stream(
                method, address, params=query, headers=dict(self._headers), timeout=limits, **more
            ) as response:
                self._refuse_errors(response)
                yield response
        except httpx.HTTPError as error:
            fault = connection_fault(error)
        except UnusableBody as error:
            fault = TransientFault(str(error))
        else:
            return
        if isinstance(fault, Refusal):
            raise self._rejected(fault)
        raise fault

    def _refuse_errors(self, response: "httpx.Response") -> None:
        redirected = redirect_refusal(response)
        if redirected is not None:
            raise self._rejected(redirected)
        if not response.is_success:
            refusal = refusal_of(response.status_code, _body(response), response.reason_phrase)
            outcome = refusal.unless_transient(response.headers)
            raise self._rejected(outcome) if isinstance(outcome, Refusal) else outcome

    def _rejected(self, refusal: Refusal) -> LanguageModelRejected:
        status = f" with status {refusal.status}" if refusal.status else ""
        hint = " Does it have a batch API? Without --batch questions are sent singly." if refusal.status != 401 else ""
        return LanguageModelRejected(
            f"{self._place} refused a call for a batch{status}: {self._quote(refusal.message)}.{hint} Finished replies "
            "are kept: run the same command again."
        )

    def _tried(self, call: Callable[[], T]) -> T:
        pause = min(1.0, self._patience.first)
        for left in range(self._patience.attempts - 1, -1, -1):
            try:
                return call()
            except TransientFault as fault:
                said, asked = str(fault), fault.wait
            if left:
                self._rest(max(pause, asked or 0.0))
                pause = min(2 * pause, self._patience.longest)
        raise LanguageModelUnavailable(
            f"{self._place} kept failing in calls for a batch; the last time with {self._quote(said)}. "
            "A batch that was submitted goes on there: run the same command again to fetch its answers."
        )


def _body(response: "httpx.Response") -> bytes:
    received = bytearray()
    for chunk in response.iter_raw():
        received += chunk
        if len(received) > LONGEST_BODY:
            break
    return unpacked(
        bytes(received[: LONGEST_BODY + 1]), response.headers.get("content-encoding", "identity").strip().lower()
    )


def _checked_id(value: object) -> str:
    if not isinstance(value, str) or not ID.fullmatch(value):
        raise TransientFault("an answer without an id")
    return value


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _complaint(errors: object) -> str:
    """What `errors` of a batch says, the first few lines of it."""
    data = errors.get("data") if isinstance(errors, dict) else None
    said = []
    for each in data if isinstance(data, list) else ():
        if isinstance(each, dict):
            place = f"line {each['line']}: " if isinstance(each.get("line"), int) else ""
            said.append(f"{place}{each.get('message') or each.get('code')}")
    return "; ".join(said[:3])

"""Calls to a server that answers after a second, many in flight: the clock against the least there can be.

The server is a process of its own on the loopback interface; the client is the model that `--base-url` names, without
the cache of replies. Importing its packages is not counted: a call comes before.
"""

import asyncio
import json
import math
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.measure import Figure
from optimizers.language_model import Message, Reply, Request, Sample
from prompt_search.llm.api.openai_compatible import OpenAICompatible

__all__ = ["measure", "server", "timed"]

CALLS, IN_FLIGHT, DELAY = 256, 32, 1.0
MOST_TIMES = 1.1


def measure(device: str) -> list[Figure]:
    """The better of two times."""
    with server(DELAY) as address:
        model = OpenAICompatible("any", address, concurrency=IN_FLIGHT)
        timed(model, 1)
        seconds, processor = min(timed(model, CALLS) for _ in range(2))
    ideal = math.ceil(CALLS / IN_FLIGHT) * DELAY
    claim = f"{CALLS} calls of {DELAY:g} s each, {IN_FLIGHT} in flight"
    return [
        Figure(
            "calls in flight: the clock",
            f"{claim}: {seconds:.2f} s, where {ideal:g} s is the least there can be",
            seconds / ideal,
            "times the least",
            at_most=MOST_TIMES,
        ),
        Figure("calls in flight: processor", f"{claim}: what a call costs the client", 1000 * processor / CALLS, "ms"),
    ]


def timed(model: OpenAICompatible, calls: int) -> tuple[float, float]:
    """Seconds by the clock, and of a processor, that so many calls take.

    Raises:
        RuntimeError: if a reply is missing or wrong.
    """
    samples = [Sample(Request((Message("user", f"Say {i}."),)), run_seed=0, occurrence=0) for i in range(calls)]
    replies: dict[int, Reply] = {}
    started, at_start = time.perf_counter(), time.process_time()
    model.complete(samples, replies.__setitem__)
    seconds, processor = time.perf_counter() - started, time.process_time() - at_start
    if any(replies[i].text != f"Say {i}." for i in range(calls)):
        raise RuntimeError("the server's replies are not those to these questions")
    return seconds, processor


@contextmanager
def server(delay: float) -> Iterator[str]:
    """The address of a server that repeats every question after so many seconds."""
    command = [sys.executable, "-m", "benchmarks.calls_in_flight", str(delay)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


async def _serve(delay: float) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
            except asyncio.IncompleteReadError:  # the client has gone
                break
            length = int(head.partition(b"content-length:")[2].partition(b"\r")[0])
            question = json.loads(await reader.readexactly(length))["messages"][-1]["content"]
            await asyncio.sleep(delay)
            body = _completion(question)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
            writer.write(b"content-length: %d\r\n\r\n%s" % (len(body), body))
            await writer.drain()
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=1024)
    print(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1", flush=True)
    await listening.serve_forever()


def _completion(text: str) -> bytes:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    return json.dumps({"id": "x", "object": "chat.completion", "choices": [choice], "usage": usage}).encode()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1])))

"""Samples asked for in batches: submitted, waited for, and their answers sorted; whatever was begun is taken up."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from optimizers.errors import LanguageModelRejected, LanguageModelUnavailable
from optimizers.language_model import Reply, Sample, Traffic
from prompt_search.llm.api.batch_lines import custom_id, parts, read_answer
from prompt_search.llm.api.batch_server import BatchPatience, BatchServer, BatchState
from prompt_search.llm.api.chat_fault import Refusal
from prompt_search.llm.api.chat_request import ChatDialect
from prompt_search.llm.batch_log import BatchLog, OpenBatch

__all__ = ["BatchRun"]

BYTES_PER_LINE = 20_000
BYTES_PER_TOKEN = 64
"""More than a line of an output file has around an answer, and for each token of it, escapes included."""
SLICE = 1.0
"""Seconds after which who watches is told again: there may be a limit of time to keep."""


class BatchRun:
    """One question's samples on their way through batches, in the calling thread.

    Args:
        server: where they go.
        name: of the model, for the bodies of requests.
        dialect: what is known of the parameters the server takes.
        log: keeps every step before the next is made.
        finished: makes of a reply, as it came, what is handed over.
        watch: told how many are open; it may raise, and the batch goes on at the provider.
    """

    def __init__(
        self,
        server: BatchServer,
        name: str,
        dialect: ChatDialect,
        log: BatchLog,
        patience: BatchPatience,
        finished: Callable[[Sample, Reply | Refusal], Reply | None],
        watch: Callable[[Traffic], None] | None,
    ) -> None:
        self._server, self._name, self._dialect, self._log = server, name, dialect, log
        self._patience, self._finished, self._watch = patience, finished, watch
        self.billable: dict[int, int] = {}
        """By index, samples that no line tells of: they may have been paid for."""

    def replies(self, samples: Sequence[Sample]) -> Iterator[tuple[int, Reply]]:
        """Replies as batches come to their end; those that failed, or that no line tells of, are left out.

        Raises:
            LanguageModelRejected: if the server takes no batch, or found this one invalid.
            LanguageModelUnavailable: if it keeps failing, or the batch was cancelled.
        """
        self._find_lost()
        within = {key for each in self._log.open.values() for key in each.samples}
        rest = [sample for sample in samples if custom_id(sample) not in within]
        if rest and self._log.wanted:
            for own, content in parts(rest, lambda sample: self._dialect.body(self._name, sample)):
                self._submit(own, content)
        places = {custom_id(sample): (index, sample) for index, sample in enumerate(samples)}
        for batch in list(self._log.open.values()):
            yield from self._collected(batch, self._waited_for(batch), places)

    def _find_lost(self) -> None:
        """Batches of which it is not known whether they were submitted before the program was ended."""
        for batch in list(self._log.open.values()):
            if batch.batch is None:
                found = self._server.find(batch.token)
                if found:
                    self._log.submitted(batch.token, found)
                else:
                    self._log.over(batch.token, batch.samples)

    def _submit(self, samples: Sequence[Sample], content: bytes) -> None:
        file = self._server.upload(content)
        keys = [custom_id(sample) for sample in samples]
        token = self._log.begun(keys)
        try:
            batch = self._server.submit(file, token)
        except LanguageModelRejected:
            self._log.over(token, keys)
            raise
        self._log.submitted(token, batch)

    def _waited_for(self, batch: OpenBatch) -> BatchState:
        assert batch.batch is not None
        pause = self._patience.first
        while True:
            state = self._server.look(batch.batch)
            total = state.total or len(batch.samples)
            if state.over:
                return state
            self._log.tell(
                f"batch {batch.batch}: {state.status.replace('_', ' ')}, {state.done} of {total} answered, "
                f"looking again in {pause:.0f} s"
            )
            self._rest(pause, total - state.done)
            pause = min(1.5 * pause, self._patience.longest)

    def _rest(self, seconds: float, open_: int) -> None:
        end = time.monotonic() + seconds
        while True:
            if self._watch is not None:
                self._watch(Traffic(in_flight=open_, waiting=0, retried=0, limit=open_))
            left = end - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, SLICE))

    def _collected(
        self, batch: OpenBatch, state: BatchState, places: Mapping[str, tuple[int, Sample]]
    ) -> Iterator[tuple[int, Reply]]:
        """The replies of a batch that is over, whatever came of it; then it is closed."""
        tokens = sum(sample.request.max_tokens for _, sample in places.values())
        most = BYTES_PER_LINE * max(len(batch.samples), len(places)) + BYTES_PER_TOKEN * tokens
        told: set[str] = set()
        answered: set[str] = set()
        for file in state.files:
            for line in self._server.lines(file, most):
                answer = read_answer(line)
                if answer is None or answer.custom_id in answered or answer.custom_id not in batch.samples:
                    continue
                told.add(answer.custom_id)
                place = places.get(answer.custom_id)
                if isinstance(answer.outcome, str):
                    continue
                if place is None:  # it is kept already: the start before was ended while it took in answers
                    answered.add(answer.custom_id)
                    continue
                reply = self._finished(place[1], answer.outcome)
                if reply is not None:
                    answered.add(answer.custom_id)
                    yield place[0], reply
        if state.status == "completed":
            self.billable |= {places[key][0]: 1 for key in batch.samples if key in places and key not in told}
        self._log.over(batch.token, [key for key in batch.samples if key not in answered])
        self._tell_of_end(batch, state, len(answered))

    def _tell_of_end(self, batch: OpenBatch, state: BatchState, answered: int) -> None:
        of = f"{answered} of {len(batch.samples)} questions were answered"
        if state.status == "failed":
            raise LanguageModelRejected(
                f"the provider found batch {batch.batch} invalid: {state.said or 'it does not say why'}; {of}. "
                "Mend that, or leave --batch out, and give the same command again"
            )
        if state.status == "cancelled":
            raise LanguageModelUnavailable(
                f"batch {batch.batch} was cancelled at the provider; {of}, and those answers are kept. "
                "Give the same command again to ask for the others in another batch"
            )
        if answered < len(batch.samples):
            self._log.tell(f"batch {batch.batch}: {state.status}; {of}, the others are asked for again")

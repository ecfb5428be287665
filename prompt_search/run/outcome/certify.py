"""The certificate: how likely the winner's prompts were before any image was seen, and what follows from it.

The prior over prompt sets, in nats (minus its logarithm), is a code that whoever has never seen the images can read:

- whether all texts come from templates, or classes have some of their own: ln 2;
- how many texts there are in a list of k: (k + 1) ln 2, less ln k!, for their order says nothing;
- each text: ln 2 for whether it is a general template (then which of them), or the language model's own line after
  `optimizers.likelihood.opening`: its tokens and the end of the line.
"""

import math
from collections.abc import Sequence

from evaluators import PHOTO_TEMPLATE, PLACEHOLDER, PairwisePrompts, PromptSet, fill, general_templates
from evaluators.printable import printable
from optimizers.likelihood import STAND_IN, likelihood_request, opening, template_as_text, tokens_in
from prompt_search.errors import BudgetReached
from prompt_search.report.certificate import Certificate
from prompt_search.run.journal.events import Certified
from prompt_search.run.journal.journaled_search import JournaledSearch
from prompt_search.run.outcome.choice import Contender

__all__ = ["certify", "prior_nats"]

Line = tuple[str, str]
"""What a text is about, and the text."""


def certify(winner: Contender, search: JournaledSearch, identity: str) -> Certificate | None:
    """The certificate of the winner; `None`, with a note, if the language model can't price its prompts.

    Args:
        search: asks the language model under the run's limits.
        identity: the language model's.
    """
    candidate = winner.searched.candidate
    prompts = candidate.compiled()

    def read() -> Certified:
        scores = [each.score([prompts])[0] for each in (search.evaluators.search, search.evaluators.select)]
        return Certified(n=sum(score.n for score in scores), wrong=sum(score.n - score.correct for score in scores))

    search.enter_phase("certificate")
    counted = search.journal.event(Certified, prompts.fingerprint, read)
    try:
        nats = prior_nats(prompts, _priced(prompts, search))
    except BudgetReached as limit:
        search.notes.append(f"no certificate: {limit}")
        return None
    if nats is None:
        search.notes.append("no certificate: the language model did not tell how likely each of the prompts is")
        return None
    texts = len(prompts.templates) + sum(map(len, prompts.texts))
    compiled = isinstance(candidate, PairwisePrompts)
    model, classes = printable(identity.partition("@")[0]), len(prompts.classes)
    return Certificate(counted.n, counted.wrong, round(nats, 6), texts, model, classes, compiled)


def prior_nats(prompts: PromptSet, priced: dict[Line, float]) -> float | None:
    """Minus the logarithm of the prior of a prompt set; `None` if the price of a text is not known.

    Args:
        priced: nats of each line that is no general template, under the language model.
    """
    lists = [_template_lines(prompts)] + ([] if prompts.shared_only else _text_lines(prompts))
    total = math.log(2)
    for name, lines in zip([None, *(label.name for label in prompts.classes)], lists, strict=False):
        total += (len(lines) + 1) * math.log(2) - math.lgamma(len(lines) + 1)
        known = _known(name)
        for line in lines:
            nats = math.log(len(known)) if line[1] in known else priced.get(line)
            if nats is None:
                return None
            total += math.log(2) + nats
    return total


def _priced(prompts: PromptSet, search: JournaledSearch) -> dict[Line, float]:
    """What the language model says of each line that is no general template."""
    asked = [line for line in _template_lines(prompts) if line[1] not in _known(None)]
    for label, lines in zip(prompts.classes, [] if prompts.shared_only else _text_lines(prompts), strict=False):
        asked += [line for line in lines if line[1] not in _known(label.name)]
    # A line that is broken is none that the model can have written.
    asked = [line for line in dict.fromkeys(asked) if len(line[1].splitlines()) == 1]
    requests = [likelihood_request(opening(name), text + "\n") for name, text in asked]
    replies = search.ask(requests, lambda _, text: bool(tokens_in(text))) if requests else []
    found = {line: tokens_in(reply.text) for line, reply in zip(asked, replies, strict=True)}
    return {line: -sum(value for _, value in tokens) for line, tokens in found.items() if tokens}


def _template_lines(prompts: PromptSet) -> list[Line]:
    return [(STAND_IN, template_as_text(template)) for template in prompts.templates]


def _text_lines(prompts: PromptSet) -> list[list[Line]]:
    return [
        [(label.name, text) for text in dict.fromkeys(own)]
        for label, own in zip(prompts.classes, prompts.texts, strict=True)
    ]


def _known(name: str | None) -> frozenset[str]:
    """The general templates about a class, or themselves."""
    general: Sequence[str] = (*general_templates(), PHOTO_TEMPLATE, PLACEHOLDER)
    return frozenset(template_as_text(each) if name is None else fill(each, name) for each in general)

"""Run folders with damaged files: an error that names the place and the way out, whatever the damage."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from optimizers import Message, Reply
from optimizers.language_model import Sample
from prompt_search.errors import PromptError, RunError, RunMissing
from prompt_search.llm.prices import Price
from prompt_search.prompt_files.prompts_json import read_prompts_json
from prompt_search.run.folder import ARGUMENTS, read_arguments
from prompt_search.run.journal.event_lines import as_line, read_line
from prompt_search.run.journal.events import KINDS
from prompt_search.run.journal.journal import JOURNAL, read_records
from prompt_search.run.journal.json_shape import ShapeError
from prompt_search.run.money.budget import Budget
from prompt_search.run.money.ledger import LEDGER, Ledger
from prompt_search.run.resources import Resources
from prompt_search.run.run import Run
from tests.prompt_search.conftest import World

WRONG: tuple[object, ...] = (
    None,
    True,
    "x",
    -1,
    1.5,
    float("nan"),
    float("inf"),
    10**60,
    [],
    ["x"],
    [None],
    {},
    {"a": 1},
)
NESTED = b"[" * 100_000
RAW = (
    b"5",
    b"[1, 2]",
    b"null",
    b"nonsense",
    b"[]",
    b'{"event": 3, "key": ""}',
    b'{"key": ""}',
    b'{"event": "log"}',
    b'{"event": "other", "key": ""}',
    b'{"event": "log", "key": "", "message": []}',
    b"\xff\xfe",
    b"9" * 5000,
    NESTED,
    b'{"event": "log", "key": "", "message": ' + NESTED,
)


def events_of(folder: Path) -> dict[str, dict[str, Any]]:
    """An event of each kind in a journal, as JSON."""
    return {event["event"]: event for event in map(json.loads, (folder / JOURNAL).read_bytes().splitlines())}


SCORE = {"n": 4, "top1": 0.5, "top5": None, "cross_entropy": 0.6, "fitted_cross_entropy": 0.5, "fitted_scale": 30.0,
         "margin": 0.1, "prediction_entropy": 0.4, "marginal_entropy": 0.6, "redundancy": 1.0, "recall": [1.0, 0.0],
         "class_cross_entropy": [0.2, 1.0], "confusions": [[1, 0, 2]]}  # fmt: skip
LIMIT = {"reached": "max_cost", "limit": 0.5, "needed": 0.02}
REPLY = {"text": "", "finish": "budget", "prompt_tokens": 0, "completion_tokens": 0, "error": None, "form": None,
         "shortened": False}  # fmt: skip
STEERED = {"messages": [{"role": "user", "content": "hi"}], "temperature": 1.0, "top_p": 1.0, "max_tokens": 9,
           "json_schema": None, "steering": {"towards": "a", "away": "b", "alpha": 1.0, "layer": None},
           "times": 1}  # fmt: skip
RARE: tuple[dict[str, Any], ...] = (
    {"event": "ask", "refused": 1, **LIMIT, "samples": ["s"], "requests": [STEERED], "replies": [REPLY], "usd": 0.1},
    {"event": "captions", "refused": 1, **LIMIT, "samples": ["s"], "pictures": ["p"], "replies": [REPLY], "usd": None},
    {"event": "batch", "state": "over", "token": "t", "batch": "b", "samples": ["s"], "unanswered": ["s"]},
    {"event": "budget", **LIMIT},
    {"event": "reopened", "budget": {"max_calls": 9, "max_total_tokens": None, "max_cost": 1.5, "max_time": None}},
    {"event": "top classes", "classes": [[1, 0], [0, 1]]},
    {"event": "class cross-entropies", "cross_entropies": [0.5, None]},
    {"event": "class clusters", "clusters": [0, 1]},
    {"event": "selection", "chosen": [[0, 2], [1]], "hold": 3.0, "held_out": [[3.0, 0.5]], "plain": 0.6,
     "costly": [[1, 0, 0.25]]},
    {"event": "refit", "chosen": [[0], [1]], "search": SCORE, "select": SCORE},
    {"event": "searched placebos", "chosen": [[[0], [1]]]},
    {"event": "new classes", "scores": [SCORE]},
    {"event": "certificate", "n": 8, "wrong": 3},
    {"event": "test", "read": 1, "fallback": 0.25, "scores": [SCORE, SCORE], "heads": ["linear probe"],
     "only_winner": [1], "only_other": [0], "calibration": [0.1, 0.05]},
)  # fmt: skip
"""Events that a plain run has none of."""


def places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Paths to every part of a JSON value; of a list its first entry stands for all."""
    if path:
        yield path
    parts: Iterable[tuple[str | int, object]] = ()
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = list(enumerate(value))[:1]
    for name, part in parts:
        yield from places(part, (*path, name))


def changed(value: dict[str, Any], path: tuple[str | int, ...], change: Callable[[Any, Any], None]) -> dict[str, Any]:
    copy = json.loads(json.dumps(value))
    *outer, last = path
    inside = copy
    for name in outer:
        inside = inside[name]
    change(inside, last)
    return copy  # type: ignore[no-any-return]


def test_an_event_reads_back_to_the_same_bytes(world: World) -> None:
    result = world.run()
    lines = (result.folder / JOURNAL).read_bytes().splitlines(keepends=True)
    records = read_records(result.folder / JOURNAL)
    for line, record in zip(lines, records, strict=True):
        assert as_line(record.key, record.event, json.loads(line)["time"]) == line


def test_every_part_of_an_event_that_is_missing_or_of_another_type_is_named_or_kept_as_it_is(world: World) -> None:
    plain = events_of(world.run().folder)
    rare = [{"event": event["event"], "key": ""} | event | {"time": ""} for event in RARE]
    assert {event["event"] for event in rare} | plain.keys() == KINDS.keys()
    for event in (*plain.values(), *rare):
        whole = json.dumps(event, separators=(",", ":")).encode()
        assert read_and_written(whole, event["time"]) == (None, whole + b"\n")
        for path in places({name: part for name, part in event.items() if name != "time"}):
            for each in damaged_copies(event, path):
                line = json.dumps(each, separators=(",", ":")).encode()
                told, again = read_and_written(line, each["time"])
                named = told is not None and (told.place or not isinstance(each.get("event"), str))
                if path[0] == "budget" and told is None:  # a limit that is absent is none
                    each["budget"] = asdict(Budget(**each["budget"]))
                assert named or again == json.dumps(each, separators=(",", ":")).encode() + b"\n", (path, line[:300])


def put(wrong: object) -> Callable[[Any, Any], None]:
    return lambda inside, name: inside.__setitem__(name, wrong)


def take_out(inside: Any, name: Any) -> None:
    del inside[name]


def damaged_copies(event: dict[str, Any], path: tuple[str | int, ...]) -> Iterator[dict[str, Any]]:
    yield from (changed(event, path, put(wrong)) for wrong in WRONG)
    yield changed(event, path, take_out)


def read_and_written(line: bytes, time: str) -> tuple[ShapeError | None, bytes]:
    try:
        record = read_line(line, 1, None)
    except ShapeError as error:
        return error, b""
    return None, as_line(record.key, record.event, time)


def test_a_line_of_another_shape_is_an_error_with_file_line_and_way_out(world: World) -> None:
    path = world.run().folder / JOURNAL
    lines = path.read_bytes().splitlines()
    for damaged in RAW:
        path.write_bytes(b"\n".join([*lines[:2], damaged, *lines[3:], b""]))
        with pytest.raises(RunError) as caught:
            read_records(path)
        said = str(caught.value)
        assert said.startswith(f"{path}, line 3 is damaged: "), damaged[:80]
        assert "start again in another run folder" in said
        assert len(said) < 600, damaged[:80]


DAMAGE: dict[str, tuple[str, Callable[[dict[str, Any]], object], str]] = {
    "replies missing": ("ask", lambda e: e.pop("replies"), "'replies' is missing"),
    "replies null": ("ask", lambda e: e.update(replies=None), "'replies' is null, not a list"),
    "replies too few": ("ask", lambda e: e["replies"].pop(), "'replies' is not as long as 'samples'"),
    "reply of unknown shape": (
        "ask",
        lambda e: e["replies"].__setitem__(0, {"words": 1}),
        "'replies[0].words' is not known",
    ),
    "reply a list": ("ask", lambda e: e["replies"].__setitem__(0, []), "'replies[0]' is a list, not an object"),
    "reply without a finish": ("ask", lambda e: e["replies"][0].pop("finish"), "'replies[0].finish' is missing"),
    "unknown finish": (
        "ask",
        lambda e: e["replies"][0].update(finish="so"),
        "'replies[0].finish' is a text and not one of stop",
    ),
    "tokens below 0": (
        "ask",
        lambda e: e["replies"][0].update(prompt_tokens=-1),
        "'replies[0].prompt_tokens' is below 0",
    ),
    "refused without a limit": (
        "ask",
        lambda e: (e.update(refused=1), e["replies"][0].update(finish="budget")),
        "'reached' or 'limit' is null",
    ),
    "more refused than replies": ("ask", lambda e: e.update(refused=9), "'refused' is not the number"),
    "both shortened": ("ask", lambda e: (e["samples"].pop(), e["replies"].pop()), "'requests' asks for another number"),
    "scores missing": ("score", lambda e: e.pop("scores"), "'scores' is missing"),
    "scores null": ("score", lambda e: e.update(scores=None), "'scores' is null"),
    "scores too few": ("score", lambda e: e["scores"].pop(), "'scores' is not as long as 'candidates'"),
    "both too few": (
        "score",
        lambda e: (e["scores"].pop(), e["candidates"].pop()),
        "'scores' of 'score' does not fit this run",
    ),
    "score of unknown shape": (
        "score",
        lambda e: e["scores"].__setitem__(0, 5),
        "'scores[0]' is a number, not an object",
    ),
    "score of no images": ("score", lambda e: e["scores"][0].update(n=0), "'scores[0]' is no score: n is below 1"),
    "score not finite": (
        "score",
        lambda e: e["scores"][0].update(margin=float("nan")),
        "'scores[0].margin' is not finite",
    ),
    "number too large": (
        "score",
        lambda e: e["scores"][0]["recall"].__setitem__(0, 10**400),
        "'scores[0].recall[0]' is not finite or too large",
    ),
    "accuracy above 1": ("score", lambda e: e["scores"][0].update(top1=1.5), "a share is not between 0 and 1"),
    "recall of other classes": ("score", lambda e: e["scores"][0]["recall"].pop(), "has not one entry per class"),
    "confusion of no class": (
        "score",
        lambda e: e["scores"][0].update(confusions=[[99, 0, 1]]),
        "confusions name an unknown class",
    ),
    "identity a list": ("run", lambda e: e.update(identity=[]), "'identity' is a list, not an object"),
    "identity without a model": ("run", lambda e: e["identity"].update(model=[]), "'identity.model' does not end"),
    "class without a name": ("run", lambda e: e["classes"][0].pop("name"), "'classes[0].name' is missing"),
    "class of an empty name": ("run", lambda e: e["classes"][0].update(name=" "), "'classes[0]' can't be"),
    "label of no class": ("run", lambda e: e["labels"].__setitem__(0, 99), "'labels' has a label of no class"),
    "no sizes": ("run", lambda e: e.update(sizes={}), "'sizes' does not give"),
    "baselines a list": ("run", lambda e: e.update(baselines=[]), "'baselines' is a list"),
    "start of no prompts": ("run", lambda e: e.update(start=[{}]), "'start[0]' can't be used"),
    "another field": ("winner", lambda e: e.update(more=1), "'more' is not known to this version"),
    "select too few": ("select", lambda e: e["scores"].pop(), "'scores' of 'select' does not fit this run"),
    "baselines too few": ("baselines on select", lambda e: e["scores"].pop(), "does not fit this run"),
    "placebos null": ("placebos", lambda e: e.update(search=None), "'search' is null"),
    "placebos too few": (
        "placebos",
        lambda e: e["select"]["scores"].pop(),
        "'select' of 'placebos' does not fit this run",
    ),
    "message a list": ("log", lambda e: e.update(message=[]), "'message' is a list, not a text"),
    "test never read": ("test", lambda e: e.update(read=0), "'read' is below 1"),
    "test too few": (
        "test",
        lambda e: (e["scores"].pop(), e["only_winner"].pop(), e["only_other"].pop()),
        "does not fit this run",
    ),
    "test without counts": ("test", lambda e: e["only_winner"].pop(), "'only_winner' is not as long"),
    "impossible counts": (
        "test",
        lambda e: e["only_winner"].__setitem__(0, 10**9),
        "'only_winner[0]' and its counterpart",
    ),
    "heads of no score": ("test", lambda e: e.update(heads=["x"] * 99), "'heads' has more entries"),
    "chance of no candidates": ("chance", lambda e: e.update(candidates=0), "'candidates' is below 1"),
    "test without a share": ("test", lambda e: e.update(calibration=[0.1, 7.0]), "'calibration' is no two shares"),
    "phase without a name": ("phase", lambda e: e.pop("name"), "'name' is missing"),
    "worth of a text": ("worth", lambda e: e.update(texts=[["much"]]), "'texts[0][0]' is a text"),
    "worth of another prompt set": (
        "worth",
        lambda e: e.update(texts=[[]]),
        "'texts' of 'worth' does not fit this run",
    ),
    "winner a number": ("winner", lambda e: e.update(name=5), "'name' is a number, not a text"),
    "end without a winner": ("end", lambda e: e.pop("winner"), "'winner' is missing"),
}


def test_a_run_and_a_replay_over_a_damaged_event_end_in_an_error_that_names_it(world: World, tiny_clip: str) -> None:
    folder = world.run().folder
    arguments = json.loads((folder / ARGUMENTS).read_bytes())
    arguments["arguments"]["model"] = tiny_clip
    path, sound = folder / JOURNAL, (folder / JOURNAL).read_bytes()
    lines = sound.splitlines()
    for name, (kind, damage, told) in DAMAGE.items():
        place = next(i for i, line in enumerate(lines) if json.loads(line)["event"] == kind)
        event = json.loads(lines[place])
        damage(event)
        path.write_bytes(b"\n".join([*lines[:place], json.dumps(event).encode(), *lines[place + 1 :], b""]))
        (folder / ARGUMENTS).write_text(json.dumps(arguments))
        recorded = Run.open(folder, resources=Resources(cache_dir=world.folder / "cache"))
        for start in (world.run, partial(recorded.replay, world.folder / name)):
            with pytest.raises(RunError) as caught:
                start()
            assert told in str(caught.value), name
            assert f"{JOURNAL}, line {place + 1} is damaged" in str(caught.value), name
            assert "start again in another run folder" in str(caught.value), name


def test_a_journal_that_begins_with_another_event_is_an_error(world: World) -> None:
    path = world.run().folder / JOURNAL
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[1:]))
    with pytest.raises(RunError, match="line 1 is damaged: a journal begins with 'run'"):
        world.run()


BAD_ENTRIES = (
    b"5",
    b"[1,2]",
    b"null",
    b'{"used": 3}',
    b'{"used": [1]}',
    b'{"used": [1, 2, 3]}',
    b'{"used": [1, null]}',
    b'{"used": [1.5, 2]}',
    b'{"used": [NaN, 2]}',
    b'{"used": null}x',
    b'{"lost": [1, 2]}',
    b'{"used": [1e999, 0]}',
    b'{"used": [1, ' + b"9" * 200 + b"]}",
    b"",
    NESTED,
)


def test_a_damaged_line_of_the_ledger_is_named(tmp_path: Path) -> None:
    path = tmp_path / LEDGER
    for line in BAD_ENTRIES:
        path.write_bytes(b'{"reserved": [5, 0]}\n' + line + b'\n{"used": [1, 0]}\n')
        with pytest.raises(RunError) as caught:
            Ledger(path, Price(1.0, 1.0))
        assert str(caught.value).startswith(f"{path}, line 2 is damaged: "), line[:60]
        assert "another run folder" in str(caught.value), line[:60]


def test_the_ledger_mends_what_a_power_cut_left_at_its_end(tmp_path: Path) -> None:
    from optimizers import Request

    path, asked = tmp_path / LEDGER, Sample(Request((Message("user", "Describe a cat."),)), 0, 0)
    for left in (b"\0" * 30, b"\0\n", b"\n\n", b'{"used": [9', b'{"us\0\0'):
        path.write_bytes(b'{"used": [7, 0]}\n' + left)
        ledger = Ledger(path, None)
        assert ledger.tokens == 7, left
        ledger.admit([asked], Budget())
        ledger.settle(0, asked, Reply("a cat", prompt_tokens=2, completion_tokens=1))
        assert Ledger(path, None).tokens == 10, left


def test_a_damaged_run_json_is_named_with_its_field(world: World) -> None:
    path = world.run().folder / ARGUMENTS
    sound = json.loads(path.read_bytes())
    arguments = sound["arguments"]

    def changed(part: str, **values: Any) -> dict[str, Any]:
        return {"arguments": arguments | {part: arguments[part] | values}}

    damage = {
        "it is not JSON": NESTED,
        "is null, not an object": b"null",
        "'arguments' is missing": b"{}",
        "'arguments.data' is a number, not an object": {"arguments": arguments | {"data": 5}},
        "'arguments.data.source' is a number, not a text": changed("data", source=5),
        "'arguments.search.domain' is a text, not a list": changed("search", domain="x"),
        "'arguments.precision' is a text and not one of": {"arguments": arguments | {"precision": "x"}},
        "'arguments.seed' is a number, not a whole number": {"arguments": arguments | {"seed": 1.5}},
        "'arguments.search.strategies[0]' is a number": changed("search", strategies=[5]),
        "'arguments.data.shots' is a number, not a whole number": changed("data", shots=float("nan")),
        "'arguments.search' can't be: captions": changed("search", captions=-1),
        "'arguments.other' is not known": {"arguments": arguments | {"other": 1}},
        "'arguments.llm.price.output' is missing": changed("llm", price={"input": 1}),
        "'budget' is a list": {"budget": []},
        "'budget.max_calls' is a text": {"budget": {"max_calls": "many"}},
        "'budget' can't be": {"budget": {"max_calls": -1}},
    }
    for told, content in damage.items():
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(sound | content).encode())
        with pytest.raises(RunMissing) as caught:
            read_arguments(path.parent)
        assert told in str(caught.value), told
        assert "with the same run folder" in str(caught.value), told
    path.write_text(json.dumps(sound))
    assert read_arguments(path.parent)[0].data.source == arguments["data"]["source"]


def test_a_damaged_prompts_json_is_a_prompt_error_that_names_the_file(world: World) -> None:
    path = world.run().folder / "prompts.json"
    sound = json.loads(path.read_bytes())
    contents = [NESTED, b"null", b"5", b"[1]", b"", b"9" * 5000]
    for place in places(
        {name: sound[name] for name in ("format", "version", "classes", "templates", "texts", "model")}
    ):
        wrong = (None, 5, [None], {"a": None}, float("inf"))
        contents += [json.dumps(changed(sound, place, put(each))).encode() for each in wrong]
    run = (
        {"stored_as": 5},
        {"base_to_new": "x"},
        {"turn_by_exif": 1},
        {"decode": "quick"},
        {"seed": None},
        {"shots": "x"},
        {"data": 5},
    )
    contents += [json.dumps(sound | {"run": sound["run"] | part}).encode() for part in run]
    pairwise: tuple[dict[str, Any], ...] = (
        {"k": float("inf"), "pairs": []},
        {"k": 1, "pairs": 5},
        {"k": 1, "pairs": [{"classes": 5}]},
        {"k": [], "pairs": []},
    )
    contents += [json.dumps(sound | part).encode() for part in pairwise]
    told = [refusal(path, content) for content in contents]
    assert [
        content[-300:] for content, said in zip(contents, told, strict=True) if said and str(path) not in said
    ] == []
    assert len(told) - told.count(None) > len(told) // 2


def refusal(path: Path, content: bytes) -> str | None:
    path.write_bytes(content)
    try:
        read_prompts_json(path)
    except PromptError as error:
        return str(error)
    return None


def test_the_corpus_of_damage_knows_every_kind_that_a_plain_run_records(world: World) -> None:
    recorded = events_of(world.run().folder).keys()
    assert recorded <= KINDS.keys()
    assert recorded <= {kind for kind, _, _ in DAMAGE.values()}


def test_a_journal_of_another_version_is_said_to_be_one(world: World) -> None:
    path = world.run().folder / JOURNAL
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    lines[0]["identity"]["scores"] = 2
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert read_records(path)
    for line in lines:
        line.pop("texts", None)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(RunError, match=r"written by another version.*'texts' is missing.*another folder"):
        read_records(path)

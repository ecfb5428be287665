"""Pairwise prompts in files: ours, FuDD's, and the forms that can only hold the compiled form."""

import json
from pathlib import Path

import pytest

from evaluators import ClassLabel, ClassPair, Difference, ImageTextModel, PairwisePrompts, PromptSet, class_weights
from prompt_search.errors import PromptError
from prompt_search.exports.export import export
from prompt_search.prompt_files.classifier import read_classifier, write_classifier
from prompt_search.prompt_files.prompts_json import PromptFile, read_prompts_json, write_prompts_json
from prompt_search.prompt_files.reading.read import read_prompts

CLASSES = (ClassLabel("n01", "tabby cat"), ClassLabel("n02", "{0} dog"), ClassLabel("n03", "Ovenbird"))
BASE = PromptSet.of(CLASSES, ["a photo of a {}."])
PAIRS = (
    ClassPair("n01", "n02", (Difference("ears", 'pointed "ears"', "floppy {} ears"),), images=4),
    ClassPair(
        "n02", "n03", (Difference("", "four legs", "two legs 🐦"), Difference("size", "large", "small")), images=2
    ),
)
PROMPTS = PairwisePrompts(BASE, PAIRS, k=2, compile_pairs=1)
MODEL = {"name": "m", "fingerprint": "f", "precision": "fp32"}
RUN = {"seed": 0, "shots": None, "select_shots": None, "data": {"fingerprint": "d"}}
PAIR = {"classes": [0, 1], "prompt_pairs": [{"attr_type": "a", "prompt_pair": ["x", "y"]}]}
NAMES = [label.name for label in CLASSES]


def fudd(folder: Path, pairs: object, names: object = NAMES) -> Path:
    if names is not None:
        (folder / "my_class_names.json").write_text(json.dumps(names))
    path = folder / "my_prompt_pairs.json"
    path.write_text(json.dumps(pairs))
    return path


def test_prompts_json_reads_back_equal_and_as_the_same_bytes(tmp_path: Path) -> None:
    path = tmp_path / "prompts.json"
    content = PromptFile(PROMPTS, MODEL, RUN, {"rows": []})
    write_prompts_json(path, content)
    assert read_prompts_json(path) == content
    first = path.read_bytes()
    write_prompts_json(path, read_prompts_json(path))
    assert path.read_bytes() == first
    assert read_prompts(path, CLASSES) == PROMPTS


def test_prompts_json_is_matched_to_data_with_other_ids_by_name(tmp_path: Path) -> None:
    path = tmp_path / "prompts.json"
    write_prompts_json(path, PromptFile(PROMPTS, MODEL, RUN, {}))
    elsewhere = tuple(ClassLabel(i, c.name) for i, c in zip(("z", "y", "x"), CLASSES, strict=True))
    read = read_prompts(path, elsewhere)
    assert isinstance(read, PairwisePrompts)
    assert {pair.ids: (pair.texts(pair.first), pair.images) for pair in read.pairs} == {
        ("y", "z"): (("floppy {} ears",), 4),
        ("x", "y"): (("two legs 🐦", "small"), 2),
    }
    assert (read.k, read.compile_pairs) == (2, 1)


@pytest.mark.parametrize(
    "broken", [{"pairs": 3}, {"k": 0}, {"pairs": [{"classes": ["n01", "n09"], "differences": []}]}]
)
def test_a_broken_prompts_json_is_refused_with_its_path(tmp_path: Path, broken: dict[str, object]) -> None:
    path = tmp_path / "prompts.json"
    path.write_text(json.dumps(PromptFile(PROMPTS, MODEL, RUN, {}).to_json() | broken))
    with pytest.raises(PromptError, match=r"prompts\.json"):
        read_prompts_json(path)


def written(prompts: PairwisePrompts | PromptSet, form: str, folder: Path) -> list[Path]:
    write_prompts_json(folder / "prompts.json", PromptFile(prompts, MODEL, RUN, {}))
    return export(folder, [form], folder)


def test_fudd_files_are_read_back_equal_but_for_what_they_have_no_place_for(tmp_path: Path) -> None:
    pairs, names = written(PROMPTS, "fudd", tmp_path)
    assert json.loads(names.read_text()) == NAMES
    assert json.loads(pairs.read_text())["0_1"] == {
        "classes": [0, 1],
        "prompt_pairs": [{"attr_type": "ears", "prompt_pair": ['pointed "ears"', "floppy {} ears"]}],
    }
    read = read_prompts(pairs, CLASSES)
    assert isinstance(read, PairwisePrompts)
    assert (read.base, read.k) == (BASE, 10)
    assert [(p.ids, p.differences) for p in read.pairs] == [(p.ids, p.differences) for p in PAIRS]


def test_fudd_files_of_classes_that_share_a_name_are_read_back(tmp_path: Path) -> None:
    twins = (ClassLabel("n01", "crane"), ClassLabel("n02", "crane"), ClassLabel("n03", "owl"))
    prompts = PairwisePrompts(PromptSet.of(twins, ["a photo of a {}."]), PAIRS)
    read = read_prompts(written(prompts, "fudd", tmp_path)[0], twins)
    assert read.fingerprint == prompts.fingerprint
    renamed = (ClassLabel("n01", "bird"), *twins[1:])
    with pytest.raises(PromptError, match="several classes are called 'crane'"):
        read_prompts(tmp_path / "fudd_prompt_pairs.json", renamed)


def test_the_indices_of_a_fudd_file_count_its_own_list_of_names(tmp_path: Path) -> None:
    told = {"0_1": {"classes": [1, 0], "prompt_pairs": [{"attr_type": "a", "prompt_pair": ["for 1", "for 0"]}]}}
    path = fudd(tmp_path, told, ["ovenbird", "tabby_cat", "{0} dog"])
    (pair,) = read_prompts(path, CLASSES).pairs  # type: ignore[union-attr]
    assert pair.ids == ("n01", "n03")
    assert (pair.texts("n01"), pair.texts("n03")) == (("for 1",), ("for 0",))


def test_a_pair_without_texts_counts_as_missing(tmp_path: Path) -> None:
    read = read_prompts(
        fudd(tmp_path, {"0_1": {"classes": [0, 1], "prompt_pairs": []}, "0_2": {**PAIR, "classes": [0, 2]}}), CLASSES
    )
    assert [pair.ids for pair in read.pairs] == [("n01", "n03")]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("pairs", "names", "complaint"),
    [
        ({"0_1": PAIR}, None, "put the list of their names beside it"),
        ({"0_1": PAIR}, {"a": 1}, "not a list of class names"),
        ({"0_1": PAIR}, ["tabby cat", "{0} dog"], "in the data but not in the file: 'n03'"),
        ({"0_1": PAIR}, [*NAMES, "wolf"], "in the file but not in the data: 'wolf'"),
        ({"0_1": {**PAIR, "classes": [0, 2]}}, NAMES, "'0_1' is not the key of the classes 0 and 2"),
        ({"0_9": {**PAIR, "classes": [0, 9]}}, NAMES, "not in FuDD's form"),
        ({"0_0": {**PAIR, "classes": [0, 0]}}, NAMES, "two ids in order"),
        ({"0_1": {**PAIR, "classes": [0]}}, NAMES, "not in FuDD's form"),
        ({"0_1": {**PAIR, "prompt_pairs": [{"prompt_pair": ["x"]}]}}, NAMES, "not in FuDD's form"),
        ({"0_1": {**PAIR, "prompt_pairs": [{"prompt_pair": ["x", 3]}]}}, NAMES, "'3' is not a text"),
        ({"0_1": {**PAIR, "prompt_pairs": [{"prompt_pair": ["x", " "]}]}}, NAMES, "a caption for each"),
        ({"0_1": {**PAIR, "prompt_pairs": 3}}, NAMES, "not in FuDD's form"),
    ],
)
def test_a_fudd_file_that_does_not_fit_is_refused_saying_why(
    tmp_path: Path, pairs: object, names: object, complaint: str
) -> None:
    with pytest.raises(PromptError, match=complaint):
        read_prompts(fudd(tmp_path, pairs, names), CLASSES)


def test_other_forms_hold_the_compiled_form(tmp_path: Path) -> None:
    (path,) = written(PROMPTS, "cupl", tmp_path)
    texts = {c.name: list(own) for c, own in zip(CLASSES, PROMPTS.compiled().rendered, strict=True)}
    assert json.loads(path.read_text()) == texts
    with pytest.raises(PromptError, match="texts of each class's own"):
        written(PROMPTS, "open_clip", tmp_path)
    with pytest.raises(PromptError, match="no texts for pairs"):
        written(BASE, "fudd", tmp_path)


def test_the_classifier_of_pairwise_prompts_is_their_compiled_form_and_says_so(
    tmp_path: Path, tiny_model: ImageTextModel
) -> None:
    weights = class_weights(PROMPTS.compiled(), tiny_model)
    write_classifier(tmp_path / "a", weights, 14.2, PROMPTS, MODEL)
    write_classifier(tmp_path / "b", weights, 14.2, PROMPTS.compiled(), MODEL)
    read, _, provenance = read_classifier(tmp_path / "a")
    assert (read == weights).all()
    assert provenance["pairwise"] == "compiled"
    assert provenance == read_classifier(tmp_path / "b")[2] | {"pairwise": "compiled"}


def test_the_published_pairs_are_read() -> None:
    folder = Path(__file__).parents[4] / "shared" / "reference" / "fudd"
    if not folder.exists():
        pytest.skip("the published files are not part of the project")
    names = json.loads((folder / "eurosat_class_names.json").read_text())
    classes = tuple(sorted(ClassLabel(f"c{9 - i}", name) for i, name in enumerate(names)))
    read = read_prompts(folder / "eurosat_prompt_pairs.json", classes)
    assert isinstance(read, PairwisePrompts)
    assert len(read.pairs) == 45
    of_names = {c.id: c.name for c in classes}
    pasture = next(p for p in read.pairs if {of_names[i] for i in p.ids} == {"pasture land", "permanent crop land"})
    side = next(i for i in pasture.ids if of_names[i] == "pasture land")
    assert all("pasture land" in text for text in pasture.texts(side))

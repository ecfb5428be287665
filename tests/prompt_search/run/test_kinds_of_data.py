"""The same pictures lie in folders, lists, tars, tables, objects and features: a run comes to the same with each."""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
from PIL import Image

import prompt_search
from evaluators import ImageTextModel
from optimizers import Cupl
from prompt_search import Features, Resources, Run, RunConfig
from prompt_search.errors import DataError
from prompt_search.report.result import Result
from tests.fakes.scripted_model import ScriptedModel
from tests.prompt_search.conftest import World, plausible

Pictures = list[tuple[Path, str]]


def pictures(world: World) -> Pictures:
    return [(file, file.parent.name) for file in sorted(world.images.glob("*/*.png"))]


def as_list(world: World) -> Path:
    rows = [f"{file.relative_to(world.folder)},{label}" for file, label in pictures(world)]
    path = world.folder / "list.csv"
    path.write_text("\n".join(["path,label", *rows, "gone.png,red_ball", ",blue_sky"]))
    return path


def as_coop(world: World) -> Path:
    names = sorted({label for _, label in pictures(world)})
    rows = [[str(file.relative_to(world.images)), names.index(label), label] for file, label in pictures(world)]
    path = world.folder / "split_zhou_Things.json"
    path.write_text(json.dumps({"train": rows}))
    return path


def as_tar(world: World) -> Path:
    path = world.folder / "all.tar"
    with tarfile.open(path, "w") as opened:
        for i, (file, label) in enumerate(pictures(world)):
            for ending, data in (("png", file.read_bytes()), ("cls", label.encode())):
                member = tarfile.TarInfo(f"{i:04}.{ending}")
                member.size = len(data)
                opened.addfile(member, io.BytesIO(data))
    return path


def as_table(world: World) -> Any:
    rows = pictures(world)
    data = {"picture": [file.read_bytes() for file, _ in rows], "kind": [label for _, label in rows]}
    return datasets.Dataset.from_dict(data)


def as_saved(world: World) -> Path:
    path = world.folder / "saved"
    datasets.disable_progress_bars()
    as_table(world).save_to_disk(path)
    datasets.enable_progress_bars()
    return path


def run(world: World, data: object, out: str, **stated: Any) -> Result:
    return prompt_search.optimize(
        data,  # type: ignore[arg-type]
        model=world.model,
        llm=ScriptedModel(plausible),
        strategy=Cupl(samples=2),
        out=world.folder / out,
        config=RunConfig.of(**stated),
        resources=Resources(cache_dir=world.folder / f"cache-{out}"),
    )


COLUMNS = {"image_column": "picture", "label_column": "kind"}


@pytest.mark.parametrize(
    ("kind", "stated"),
    [(as_list, {}), (as_coop, {}), (as_tar, {}), (as_table, COLUMNS), (as_saved, COLUMNS)],
    ids=["list", "coop", "tar", "table", "saved"],
)
def test_every_kind_of_pictures_comes_to_the_result_of_folders(
    world: World, kind: Callable[[World], object], stated: dict[str, Any]
) -> None:
    folders = run(world, world.images, "folders")
    other = run(world, kind(world), "other", **stated)
    assert other.prompts.fingerprint == folders.prompts.fingerprint
    assert [row.test.top1 for row in other.rows] == [row.test.top1 for row in folders.rows]


def test_pictures_in_memory_and_their_features_go_the_whole_way(world: World) -> None:
    pairs = [(Image.open(file), label) for file, label in pictures(world)]
    in_memory = run(world, pairs, "pairs")
    assert in_memory.winner.test.n == 9
    found = world.model.encode_images([Image.open(file).convert("RGB") for file, _ in pictures(world)])
    features = Features(found, [label for _, label in pictures(world)], image_ids=[str(f) for f, _ in pictures(world)])
    of_features = run(world, features, "features")
    assert any("only their width can be checked" in note for note in of_features.notes)
    again = run(world, features, "features")
    assert again.prompts == of_features.prompts
    for picture, _ in pairs:
        picture.close()


def test_features_of_another_model_and_captions_of_features_are_refused(
    world: World, tiny_model: ImageTextModel
) -> None:
    wrong = Features(np.ones((9, tiny_model.width + 1)), [*"abc"] * 3)
    with pytest.raises(DataError, match="name the model that they were made with"):
        run(world, wrong, "wrong")


def test_a_run_on_an_object_is_continued_with_the_object_only(world: World) -> None:
    table = as_table(world)
    run(world, table, "own", **COLUMNS)
    resources = Resources(cache_dir=world.folder / "cache-own")
    with pytest.raises(DataError, match=r"data of your own, Dataset: run your script again"):
        Run.open(world.folder / "own", resources=resources, model=world.model, llm=ScriptedModel(plausible)).execute()
    opened = Run.open(
        world.folder / "own", resources=resources, model=world.model, llm=ScriptedModel(plausible), data=table
    )
    assert opened.execute().winner.test.n == 9
    assert opened.score().same_data is True
    plan = opened.plan()
    assert plan.images == {"search": 9, "select": 9, "test": 9}


def test_the_description_of_a_published_data_set_is_taken_and_recorded(world: World) -> None:
    stated = Run(RunConfig.of(str(world.images), preset="eurosat"), world.folder / "run")
    assert stated.config.search.description.startswith("Satellite photos")
    assert stated.config.search.domain == ("satellite photo", "aerial photo")
    own = Run(RunConfig.of(str(world.images), preset="eurosat", description="Mine."), world.folder / "run")
    assert own.config.search.description == "Mine."
    with pytest.raises(DataError, match="no data set 'eurosta' is known; did you mean 'eurosat'"):
        Run(RunConfig.of(str(world.images), preset="eurosta"), world.folder / "run").plan()

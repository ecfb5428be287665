"""What multiplies the model's matrices is told by run and prompt file, and prompts are used with any."""

import json

import numpy as np
import pytest

import prompt_search
from evaluators.models import onednn
from evaluators.models.onednn import why_not
from prompt_search.cluster.worker_model import WorkerModel
from prompt_search.errors import ModelError, RunMismatch
from prompt_search.models import backbone_warning, describe_model, has_weights_of, load_model, load_prompt_model
from prompt_search.prompt_files.prompts_json import read_prompts_json
from prompt_search.run.run import Run
from tests.prompt_search.conftest import World


@pytest.fixture
def own_model(world: World, tiny_clip: str) -> World:
    """The world with a model that the run loads by itself."""
    world.model = tiny_clip  # type: ignore[assignment]
    return world


def refused_here(world: World) -> bool:
    """Whether such products can't be had here; then the run was refused, and left nothing."""
    reason = why_not("cpu", "fp32")
    if reason:
        with pytest.raises(ModelError) as refused:
            world.run(products="onednn", device="cpu")
        assert str(refused.value) == reason
        assert not (world.folder / "run" / "journal.jsonl").exists()
    return bool(reason)


def test_a_run_with_other_products_says_so_and_is_another_run(own_model: World) -> None:
    if refused_here(own_model):
        return
    result = own_model.run(products="onednn", device="cpu")
    assert json.loads(result.prompts_file.read_text())["model"]["products"] == "onednn"
    assert json.loads((result.folder / "run.json").read_text())["arguments"]["products"] == "onednn"
    with pytest.raises(RunMismatch, match=r"model: .*products onednn.* recorded, "):
        own_model.run(device="cpu")
    again = own_model.run(products="onednn", device="cpu")
    assert again.test_reads == 1


def test_a_run_with_torchs_products_goes_on_with_no_others(own_model: World) -> None:
    result = own_model.run(device="cpu")
    assert "products" not in json.loads(result.prompts_file.read_text())["model"]
    if refused_here(own_model):
        return
    with pytest.raises(RunMismatch, match=r"model: .* recorded, .*products onednn"):
        own_model.run(products="onednn", device="cpu")


def test_features_of_both_are_stored_apart(own_model: World) -> None:
    if refused_here(own_model):
        return
    cache = own_model.folder / "cache"
    stores = []
    for out, products in (("one", "torch"), ("two", "onednn"), ("three", "onednn")):
        own_model.run(out, products=products, device="cpu", cache_dir=cache)
        stores.append({path.name for path in (cache / "embeddings").iterdir() if path.is_dir()})
    assert stores[0] < stores[1] == stores[2]
    for kind in ("texts", "images"):
        assert len([name for name in stores[1] - stores[0] if name.startswith(kind)]) == 1


def test_a_resumed_run_has_the_products_it_was_begun_with(own_model: World) -> None:
    if refused_here(own_model):
        return
    result = own_model.run(products="onednn", device="cpu")
    assert Run.open(result.folder).config.products == "onednn"


def test_prompts_found_with_onednn_are_used_where_it_can_not_be_had(
    own_model: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    if refused_here(own_model):
        return
    file = own_model.run(products="onednn", device="cpu").prompts_file
    described = read_prompts_json(file).model
    pictures = sorted(own_model.images.glob("*/*.png"))
    with_onednn = prompt_search.load(file, device="cpu").decision_function(pictures)
    assert load_prompt_model(described, device="cpu").products == "onednn"  # type: ignore[attr-defined]
    monkeypatch.setattr(onednn, "why_not", lambda *_: "not here")
    plain = load_prompt_model(described, device="cpu")
    assert plain.products == "torch"  # type: ignore[attr-defined]
    np.testing.assert_allclose(
        prompt_search.load(file, device="cpu").decision_function(pictures), with_onednn, atol=1e-4
    )


def test_other_products_are_no_other_model(tiny_clip: str) -> None:
    if why_not("cpu", "fp32"):
        with pytest.raises(ModelError, match="choose products torch"):
            load_model(tiny_clip, device="cpu", products="onednn")
        return
    plain, other = (load_model(tiny_clip, device=device, products="onednn") for device in ("cpu", "cpu,cpu"))
    described = describe_model(tiny_clip, "fp32", plain)
    assert described["products"] == "onednn"
    for model in (plain, other, load_model(tiny_clip, device="cpu")):
        assert has_weights_of(described, model)
        assert backbone_warning(described, model) is None
    assert other.fingerprint == plain.fingerprint


def test_a_worker_loads_the_model_with_the_same_products(tiny_clip: str) -> None:
    if why_not("cpu", "fp32"):
        with pytest.raises(ModelError, match="choose products torch"):
            WorkerModel(tiny_clip, "fp32", "onednn", "").load("cpu")
        return
    here = load_model(tiny_clip, device="cpu", products="onednn")
    assert WorkerModel.of(here).load("cpu").fingerprint == here.fingerprint

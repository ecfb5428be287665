"""SmolLM2 through transformers: deterministic, steered by exactly what was asked for, and unharmed afterwards."""

import copy
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from optimizers.errors import LanguageModelRejected
from optimizers.language_model import Message, Picture, Request, Sample, Steering, abilities
from optimizers.likelihood import likelihood_request, opening, tokens_in
from prompt_search.llm.hf.model import HuggingFaceModel
from prompt_search.llm.hf.steering import decoder_layers, default_layer
from prompt_search.llm.local.model import LocalModel
from tests.prompt_search.llm.samples import replies, sample
from tests.prompt_search.llm.smollm2 import smollm2

STEERING = Steering("a blurry photo of a {}.", "the {} in a painting")
ASKED = [sample(f"What does a {animal} look like?", max_tokens=8) for animal in ("cat", "dog", "cat")]


@pytest.fixture(scope="module")
def model() -> HuggingFaceModel:
    """It takes half a minute to load, most of it to unpack the weights."""
    model = HuggingFaceModel(str(smollm2()), device="cpu")
    assert model.network is not None
    assert model.tokenizer is not None
    return model


@pytest.fixture(scope="module")
def folder(model: HuggingFaceModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model as transformers saves one."""
    path = tmp_path_factory.mktemp("saved") / "smollm2"
    config = copy.deepcopy(model.network.config)
    del config.quantization_config
    plain = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    plain.load_state_dict(model.network.state_dict())
    plain.generation_config.update(repetition_penalty=5.0, top_k=1, do_sample=True)  # habits that no request asked for
    plain.save_pretrained(path)
    model.tokenizer.save_pretrained(path)
    return path


def steered(asked: Sample, steering: Steering | None) -> Sample:
    return replace(asked, request=replace(asked.request, steering=steering))


def hidden_states(model: HuggingFaceModel, token_ids: torch.Tensor) -> list[torch.Tensor]:
    """What comes out of each layer [1, T, D]."""
    seen: list[torch.Tensor] = []
    hooks = [layer.register_forward_hook(lambda m, i, out: seen.append(out)) for layer in model.layers]
    with torch.inference_mode():
        model.network(input_ids=token_ids)
    for hook in hooks:
        hook.remove()
    return seen


def test_the_same_sample_gives_the_same_text_in_any_order_and_leaves_the_global_generator_alone(
    model: HuggingFaceModel,
) -> None:
    before, pythons = torch.get_rng_state(), random.getstate()
    forward = replies(model, ASKED)
    assert replies(model, ASKED[::-1])[::-1] == forward
    assert forward[0] == forward[2] != forward[1]
    assert all(reply.text and reply.finish == "length" and reply.completion_tokens == 8 for reply in forward)
    assert forward[0].prompt_tokens > 20
    assert torch.equal(torch.get_rng_state(), before)
    assert random.getstate() == pythons


def test_it_says_the_same_as_llama_cpp_when_nothing_is_left_to_chance(model: HuggingFaceModel) -> None:
    (found,) = replies(model, [sample("What is the capital of France?", temperature=0, max_tokens=20)])
    assert "Paris" in found.text
    assert found.finish == "stop"
    assert "<|" not in found.text


def test_a_schema_is_told_and_not_enforced(model: HuggingFaceModel) -> None:
    schema = '{"type": "object"}'
    plain, told = replies(model, [sample(max_tokens=1), sample(max_tokens=1, json_schema=schema)])
    assert (plain.form, told.form) == (None, "text")
    assert told.prompt_tokens > plain.prompt_tokens


def test_a_long_conversation_loses_its_oldest_turns_and_a_long_question_is_an_error(model: HuggingFaceModel) -> None:
    long = Message("user", "cat " * 9000)
    turns = (long, Message("assistant", "A cat."), Message("user", "Describe a cat."))
    both = [Sample(Request(turns, max_tokens=2), 0, 0), Sample(Request((long,), max_tokens=2), 0, 0)]
    kept, lost = replies(model, both)
    (short,) = replies(model, [sample("Describe a cat.", max_tokens=2)])
    assert kept.shortened
    assert kept.prompt_tokens == short.prompt_tokens
    assert (lost.finish, lost.text) == ("error", "")
    assert "8192" in str(lost.error)


def test_pictures_are_refused(model: HuggingFaceModel) -> None:
    seen = Message("user", "What is this?", Picture(b"png", "image/png"))
    with pytest.raises(LanguageModelRejected, match="pictures"):
        replies(model, [Sample(Request((seen,)), 0, 0)])


def test_its_identity_holds_the_name_and_a_digest(model: HuggingFaceModel, tmp_path: Path) -> None:
    other = tmp_path / smollm2().name
    content = bytearray(smollm2().read_bytes())
    content[-1] ^= 1
    other.write_bytes(content)
    same_name = HuggingFaceModel(str(other))
    assert model.identity.startswith("hf:SmolLM2-135M-Instruct.Q4_1@")
    assert same_name.name == model.name
    assert same_name.identity != model.identity


def test_a_folder_as_transformers_saves_it_gives_the_same_text(model: HuggingFaceModel, folder: Path) -> None:
    from_folder = HuggingFaceModel(str(folder), device="cpu")
    assert from_folder.identity.startswith("hf:smollm2@")
    assert replies(from_folder, ASKED[:2]) == replies(model, ASKED[:2])


def test_it_can_be_steered_and_says_so(model: HuggingFaceModel) -> None:
    assert abilities(model) == {"likelihood", "steering"}


def test_with_alpha_0_the_output_is_the_unsteered_one_token_for_token(model: HuggingFaceModel) -> None:
    still = [steered(asked, replace(STEERING, alpha=0.0)) for asked in ASKED[:1]]
    # Another request is another draw, so both are decoded with one seed.
    first, second = replies(model, [DrawnAs(each.request, ASKED[0].seed) for each in (*still, ASKED[0])])
    assert first == second


def test_steering_changes_what_is_said(model: HuggingFaceModel) -> None:
    asked = steered(sample("Describe a cat.", temperature=0, max_tokens=8), replace(STEERING, alpha=4.0))
    assert replies(model, [asked])[0].text != replies(model, [steered(asked, None)])[0].text


@pytest.mark.parametrize("layer", [None, 0, 29])
def test_the_hidden_state_moves_by_exactly_alpha_v_at_that_layer_and_the_last_position_only(
    model: HuggingFaceModel, layer: int | None
) -> None:
    steering = replace(STEERING, alpha=2.5, layer=layer)
    at, shift = model.layer(steering), 2.5 * model.direction(steering)
    ids = torch.tensor([[504, 2644, 314, 253]])
    before = hidden_states(model, ids)
    with model._steered(steering):
        after = hidden_states(model, ids)
    assert shift.norm() > 0
    assert all(torch.equal(now, then) for now, then in zip(after[:at], before[:at], strict=True))
    assert torch.equal(after[at][0, :-1], before[at][0, :-1])
    assert torch.equal(after[at][0, -1], before[at][0, -1] + shift)


def test_every_decoding_step_is_shifted(model: HuggingFaceModel) -> None:
    shifted: list[int] = []
    steering = replace(STEERING, alpha=1e-3)
    layer = model.layers[model.layer(steering)]
    with model._steered(steering):
        hook = layer.register_forward_hook(lambda module, inputs, output: shifted.append(output.shape[1]))
        replies(model, [sample(max_tokens=3)])
        hook.remove()
    prompt = shifted[0]
    assert prompt > 1
    assert shifted == [prompt, 1, 1]


def test_the_direction_is_the_difference_of_means_over_the_texts_own_tokens(model: HuggingFaceModel) -> None:
    means = []
    for text in (STEERING.towards, STEERING.away):
        ids = torch.tensor([model.tokenizer(text, add_special_tokens=False)["input_ids"]])
        means.append(hidden_states(model, ids)[16][0].mean(dim=0))
    torch.testing.assert_close(model.direction(STEERING), means[0] - means[1])
    assert model.direction(STEERING) is model.direction(replace(STEERING, alpha=3.0, layer=16))


def test_by_default_it_steers_at_the_depth_of_the_reference(model: HuggingFaceModel) -> None:
    assert len(decoder_layers(model.network)) == 30
    assert model.layer(STEERING) == default_layer(30) == 16


def test_the_hook_is_gone_afterwards_even_after_a_failure(model: HuggingFaceModel) -> None:
    def hooks() -> int:
        return sum(len(module._forward_hooks) for module in model.network.modules())

    def interrupted() -> None:
        with model._steered(STEERING):
            assert hooks() == 1
            raise KeyboardInterrupt

    replies(model, [steered(ASKED[0], STEERING)])
    assert hooks() == 0
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert hooks() == 0


@pytest.mark.parametrize(
    ("steering", "said"),
    [(replace(STEERING, layer=30), "layers 0 to 29"), (replace(STEERING, away=""), "not empty")],
)
def test_steering_that_can_not_be_is_refused(model: HuggingFaceModel, steering: Steering, said: str) -> None:
    with pytest.raises(LanguageModelRejected, match=said):
        replies(model, [steered(ASKED[0], steering)])


def test_a_fresh_process_gives_the_same_text_and_prints_nothing_else(model: HuggingFaceModel, folder: Path) -> None:
    program = (
        "import sys; from prompt_search.llm.hf.model import HuggingFaceModel;"
        "from tests.prompt_search.llm.samples import replies; from tests.prompt_search.llm.hf.test_model import ASKED;"
        "sys.stdout.write(replies(HuggingFaceModel(sys.argv[1], 'cpu'), ASKED[:1])[0].text)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(folder)], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == replies(model, ASKED[:1])[0].text


def test_temperature_and_top_p_are_the_request_s(model: HuggingFaceModel) -> None:
    likeliest, nucleus, free, hot = replies(
        model,
        [
            sample(temperature=0, max_tokens=8),
            sample(temperature=1.5, top_p=1e-6, max_tokens=8),
            sample(temperature=1.5, max_tokens=8),
            sample(temperature=1.5, max_tokens=8, seed=1),
        ],
    )
    assert nucleus.text == likeliest.text
    assert len({likeliest.text, free.text, hot.text}) == 3


class DrawnAs(Sample):
    """A sample with the seed of another."""

    def __init__(self, request: Request, seed: int) -> None:
        super().__init__(request, 0, 0)
        object.__setattr__(self, "_seed", seed)

    @property
    def seed(self) -> int:
        return int(self._seed)  # type: ignore[attr-defined]


def test_it_tells_how_likely_tokens_are_as_llama_cpp_does_up_to_its_rounding(model: HuggingFaceModel) -> None:
    asked = [
        Sample(likelihood_request(opening("cat"), "a photo of a cat with a hat.\n"), 0, 0),
        Sample(likelihood_request(f"{opening('cat')}a photo of a", top=5), 0, 0),
    ]
    ours, theirs = (
        [tokens_in(reply.text) for reply in replies(each, asked)] for each in (model, LocalModel(smollm2()))
    )
    assert [token for token, _ in ours[0]] == [token for token, _ in theirs[0]]
    assert sum(value for _, value in ours[0]) == pytest.approx(sum(value for _, value in theirs[0]), abs=2)
    assert ours[1][0][0] == theirs[1][0][0]
    assert len(ours[1]) == 5

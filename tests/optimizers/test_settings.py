"""Settings from the command line: typed, checked, with a hint for typos."""

from dataclasses import dataclass, fields
from typing import Annotated, ClassVar

import pytest

from optimizers import STRATEGIES, Cupl, HillClimbing, Settings, allowed_values, configure, strategy_class
from optimizers.errors import SettingsError
from optimizers.settings import Range


def test_texts_become_the_types_of_the_settings() -> None:
    climbing = configure(HillClimbing, {"iterations": "7", "temperature": "0.5", "feedback": "random"})
    assert climbing == HillClimbing(iterations=7, temperature=0.5, feedback="random")


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("YES", True), ("1", True), ("false", False), ("no", False), ("0", False)]
)
def test_switches_take_the_usual_words(text: str, value: bool) -> None:
    assert configure(HillClimbing, {"conversation": text}).conversation is value


def test_a_tuple_takes_one_text_per_line() -> None:
    parsed = configure(Cupl, {"questions": "Where does a {} live?\n\n  What does a {} eat? "})
    assert parsed.questions == ("Where does a {} live?", "What does a {} eat?")


def test_dashes_are_underscores() -> None:
    assert configure(Cupl, {"max-tokens": "9"}).max_tokens == 9


def test_nothing_given_means_the_defaults() -> None:
    assert configure(Cupl, {}) == Cupl()


@pytest.mark.parametrize(
    ("name", "hint"), [("iteration", "did you mean 'iterations'"), ("feed-back", "'feedback'"), ("zzz", "known are ")]
)
def test_an_unknown_setting_gets_a_hint(name: str, hint: str) -> None:
    with pytest.raises(SettingsError, match=hint) as refused:
        configure(HillClimbing, {name: "3"})
    assert f"hill-climb has no setting {name!r}" in str(refused.value)
    assert "known are iterations, " in str(refused.value)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("iterations", "a whole number"), ("temperature", "a number"), ("conversation", "true or false")],
)
def test_a_value_of_the_wrong_kind_is_told_what_it_must_be(name: str, kind: str) -> None:
    with pytest.raises(SettingsError, match=f"the setting {name} can't be 'abc'; it must be {kind}$"):
        configure(HillClimbing, {name: "abc"})


@pytest.mark.parametrize(
    "values",
    [
        {"iterations": "many"},
        {"iterations": "2.5"},
        {"iterations": ""},
        {"iterations": "0"},
        {"k": "-1"},
        {"pool": "0"},
        {"restarts": "0"},
        {"resets": "0"},
        {"temperature": "hot"},
        {"temperature": "nan"},
        {"temperature": "2.1"},
        {"temperature": "-0.1"},
        {"feedback": "Positive"},
        {"conversation": "maybe"},
    ],
)
def test_a_value_that_is_no_good_is_refused_and_named(values: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=next(iter(values))):
        configure(HillClimbing, values)


@pytest.mark.parametrize("values", [{"samples": "0"}, {"max_tokens": "0"}, {"temperature": "inf"}, {"combine": "all"}])
def test_cupl_refuses_values_out_of_range(values: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=next(iter(values))):
        configure(Cupl, values)


def test_a_literal_lists_its_choices() -> None:
    with pytest.raises(SettingsError, match="choose one of none, templates"):
        configure(Cupl, {"combine": "both"})


def test_a_bad_literal_is_refused_from_python_too() -> None:
    with pytest.raises(SettingsError, match="feedback must be one of"):
        HillClimbing(feedback="worst")  # type: ignore[arg-type]


def test_every_strategy_is_found_by_its_name_and_has_defaults() -> None:
    for name, kind in STRATEGIES.items():
        assert strategy_class(name) is kind
        assert configure(kind, {}) == kind()


def test_an_unknown_strategy_gets_a_hint() -> None:
    with pytest.raises(SettingsError, match=r"did you mean 'hill-climb'\? there are .*cupl, "):
        strategy_class("hillclimb")
    with pytest.raises(SettingsError, match=r"did you mean 'ensemble-selection'\?"):
        strategy_class("ensmble")
    with pytest.raises(SettingsError, match=r"'genetic'; there are .*cupl, "):
        strategy_class("genetic")


@dataclass(frozen=True, slots=True)
class Own(Settings):
    """A strategy's settings, by someone else."""

    called: ClassVar[str] = "own"

    share: Annotated[float, Range(above=0, most=1)] = 0.5
    free: int = 7


def test_a_range_is_said_once_beside_the_field_and_holds_for_all() -> None:
    assert Own(share=1, free=-3).free == -3
    assert allowed_values(Own) == {"share": "in (0, 1]"}
    for share in (0.0, 1.01, float("nan")):
        with pytest.raises(SettingsError, match=r"^own: share must be in \(0, 1\], got "):
            Own(share=share)
    with pytest.raises(SettingsError, match="own: share"):
        configure(Own, {"share": "0"})


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_number_of_a_strategy_has_a_range_or_needs_none(name: str) -> None:
    kind = STRATEGIES[name]
    numbers = {f.name for f in fields(kind) if type(f.default) in (int, float)}  # type: ignore[arg-type]
    assert numbers - allowed_values(kind).keys() <= {"alpha"}
    assert kind.called == name  # type: ignore[attr-defined]

"""Templates and names of the shapes that papers publish, in our words: the loose schemas and the readers admit them."""

import json
import re
from pathlib import Path

import pytest

from optimizers.meta_prompts import TEMPLATE_SCHEMA, phrase_schema, sentence_schema
from optimizers.replies import phrases, templates

LIKE_GLOV = """
A high-resolution picture of a {}, taken outdoors, with a clear view of its markings and colours.
A close-up of the {}, a type of animal, with its fur and eyes in sharp focus.
An image of a {}: a kind of vehicle seen from the side, with its wheels and windows visible.
Picture a {} in its natural surroundings, showing the shape of its leaves and the colour of its petals.
A photo that captures what sets a {} apart from other breeds, such as its ears, snout and tail.
The {}'s pattern, texture and colour, photographed from above in even, natural light.
A photo of a {}, a type of pet.
A satellite photo of {}, with roads, fields and buildings seen from above.
A vivid, detailed depiction of a {} - a dish served on a plate - with its main ingredients on show.
A {} (a kind of aircraft) on the runway; seen from the side.
A well-lit, 4K photo of a "{}" against a plain background.
A person doing {}, caught mid-movement, with the equipment and the place in view.
"""

LIKE_PROAPO = """
a photo of my wild animal: {}.
a close-up photo of a {}, a type of everyday thing.
a low resolution real scene of the {}.
a jpeg corrupted car photo of a {}, a type of vehicle.
a centered aerial photo of {}.
the embroidered {}, a type of garment.
itap of a {}.
{}, a type of flower.
"""

NAMES = """
Boeing 747-400
F-16A/B Fighting Falcon
A320neo
McDonnell Douglas MD-80
Spitfire Mk. IX
Chevrolet Silverado 1500 Hybrid Crew Cab 2012
Audi TT RS Coupe 2012
Rolls-Royce Phantom Drophead Coupé
forget-me-not
bird's-foot trefoil
St. Bernard
soft-coated wheaten terrier
four-leaf clover
"""


def lines(text: str) -> list[str]:
    return text.strip().splitlines()


def admitted(schema: dict[str, object], text: str) -> bool:
    """Whether a string is of a schema for one, by the keywords that ours use."""
    least, most, pattern = (schema.get(key) for key in ("minLength", "maxLength", "pattern"))
    return (
        (not isinstance(least, int) or len(text) >= least)
        and (not isinstance(most, int) or len(text) <= most)
        and (not isinstance(pattern, str) or re.search(pattern, text) is not None)
    )


@pytest.mark.parametrize("published", [LIKE_GLOV, LIKE_PROAPO])
def test_templates_of_published_shapes_are_admitted_and_read(published: str) -> None:
    schema = json.loads(TEMPLATE_SCHEMA)["properties"]["template"]
    for template in lines(published):
        assert admitted(schema, template), template
        assert templates(json.dumps({"template": template}), fits=lambda _: True) == [template]
        assert templates(template, fits=lambda _: True) == [template]


def test_names_with_digits_hyphens_and_many_capitals_are_admitted_and_read() -> None:
    schema = json.loads(phrase_schema(3))["properties"]["list"]["items"]
    for name in lines(NAMES):
        assert admitted(schema, name), name
        assert phrases(json.dumps({"list": [name]})) == [name]


def test_sentences_are_still_no_names() -> None:
    assert phrases("It often has a long tail\nHere we see many of them") == []


REFERENCE = Path(__file__).parents[3] / "shared" / "reference"
ENOUGH = 0.95


def strings(value: object) -> list[str]:
    """All texts of a published file, each once."""
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return list(dict.fromkeys(text for part in parts for text in strings(part)))


def published(name: str) -> list[str]:
    path = REFERENCE / name
    if not path.exists():
        pytest.skip("the published files are not part of the project")
    return strings(json.loads(path.read_text()))


@pytest.mark.parametrize("name", ["proapo/ProAPO_template.json", "proapo/imagenet_80.json", "fudd/clip_templates.json"])
def test_published_templates_get_through_schema_and_reader(name: str) -> None:
    schema = json.loads(TEMPLATE_SCHEMA)["properties"]["template"]
    given = [template for template in published(name) if "{}" in template]
    through = [
        template
        for template in given
        if admitted(schema, template)
        and templates(json.dumps({"template": template}), fits=lambda _: True) == [" ".join(template.split())]
    ]
    assert len(through) >= ENOUGH * len(given), sorted(set(given) - set(through))[:10]


def test_published_names_get_through_schema_and_reader() -> None:
    """All but a few of five words and more, which a reader of lists can't tell from sentences."""
    schema = json.loads(phrase_schema(1))["properties"]["list"]["items"]
    given = published("proapo/euro_sat/synonyms.json") + published("proapo/oxford_pets/synonyms.json")
    through = [each for each in given if admitted(schema, each) and phrases(json.dumps({"list": [each]})) == [each]]
    assert len(through) >= ENOUGH * len(given), sorted(set(given) - set(through))[:10]


@pytest.mark.parametrize("name", ["cupl/cifar10_prompts_full.json", "proapo/euro_sat/DCLIP.json"])
def test_published_descriptions_get_through_schema(name: str) -> None:
    schema = json.loads(sentence_schema(1))["properties"]["list"]["items"]
    given = published(name)
    assert sum(admitted(schema, each.strip()) for each in given) >= ENOUGH * len(given)

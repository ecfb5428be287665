"""ProAPO where the best answer is known: it finds it within its default budget, among what else it is offered."""

from pathlib import Path

from evaluators import PromptSet
from optimizers import ProApo, Request
from prompt_search.testing.oracle_world import oracle_world

VISIBLE = {
    "badger": "badger striped muzzle burrow",
    "cat": "cat whiskers sofa purring",
    "heron": "heron reeds beak wading",
    "owl": "owl branch night feathers",
}
NOISE = ("It is a very odd thing.", "It has grey plates there.", "It likes blue plastic chairs.", "It can't be seen.")


def librarian(request: Request) -> str:
    """One good domain word, one good description of every class, and noise."""
    question = request.messages[-1].content
    if "kind of image" in question:
        return "Sure! Here you go:\n1. blorp\n2. satellite"
    if "other names" in question:
        return "I'm sorry, I don't know any. zorp, quux"
    name = next(name for name in VISIBLE if f'"{name}"' in question)
    return "\n".join([*NOISE[:2], f"It shows {VISIBLE[name].removeprefix(name)}.", *NOISE[2:]])


def test_it_finds_the_best_template_of_a_library_widened_by_a_domain_word(tmp_path: Path) -> None:
    world = oracle_world(tmp_path, best="a close-up satellite of a {}.")
    search = world.search(lambda request: librarian(request) if "kind of image" in str(request) else "")
    shortlist = ProApo().run(search)
    assert shortlist[0].templates == (world.best,)


def test_it_finds_the_best_description_of_every_class(tmp_path: Path) -> None:
    world = oracle_world(tmp_path, best="{}", visible=VISIBLE, per_class=8)
    search = world.search(librarian)
    (winner, *_) = ProApo(generations=2, domain_words=0).run(search)
    for name, own in zip(sorted(VISIBLE), winner.rendered, strict=True):
        assert any(VISIBLE[name].split()[1] in text for text in own), f"{name}: {own}"
    names_only = PromptSet.of(world.task.classes, ["{}"])
    found, plain = search.score([winner, names_only])
    assert found.fitness > plain.fitness + 0.2

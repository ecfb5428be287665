"""The English words that decide how a descriptor is joined, and what tells English from other languages."""

import re

__all__ = [
    "ADJECTIVE",
    "ADJECTIVES",
    "ADVERBS",
    "DETERMINERS",
    "ENGLISH",
    "FINITE",
    "FOREIGN",
    "IN_SOME_WAY",
    "KINDS",
    "PARTS",
    "PICTURE",
    "PRONOUNS",
    "RELATIVES",
    "STATES",
    "SUBJECTS",
    "TYPICAL",
    "VERBS",
]


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


VERBS = _set(
    "is are was were has have had can could may might must will would looks appears seems contains features includes "
    "comes consists grows lives makes shows resembles varies tends wears stands sits flies swims uses eats feeds"
)
"""Those that descriptors begin with."""
FINITE = VERBS - _set("features will might must can uses stands flies feeds")
"""Those that are hardly ever nouns: they make a sentence of what they stand in."""
ADVERBS = _set(
    "often typically usually sometimes generally commonly frequently mostly mainly rarely always never also normally"
)
PRONOUNS = _set("it they he she this these that those which who")
SUBJECTS = _set("it they he she")
RELATIVES = _set("that which who where when and or")
STATES = _set(
    "used made found known shaped covered located seen divided surrounded built designed composed arranged native "
    "able in on at of near from like under over between for"
)
"""Participles and prepositions: what they begin is a state."""
ADJECTIVES = _set(
    "black white grey gray brown red orange yellow green blue purple pink gold golden silver beige cream tan "
    "transparent large small big tiny huge long short tall wide narrow thin thick round flat square rectangular oval "
    "circular triangular curved straight pointed smooth rough soft hard shiny dark light bright furry hairy hairless "
    "fluffy wet dry"
)
ADJECTIVE = re.compile(r".+(?:less|ful|ous|ish|shaped|colou?red|sized|like|legged|limbed|haired|able)$")
KINDS = _set(
    "animal cat dog bird insect fish mammal reptile amphibian primate plant flower tree vehicle car truck aircraft "
    "boat device instrument machine tool object structure building food dish fruit vegetable garment furniture breed "
    "type kind sort species form variety member piece feline canine rodent predator carnivore herbivore omnivore "
    "hunter climber swimmer pet wildcat raptor songbird shrub herb dessert snack drink beverage airplane aeroplane "
    "jet ship vessel motorcycle bicycle gadget appliance toy weapon container"
)
"""What a thing is, rather than what it has."""
PARTS = _set(
    "activity antenna area back bark beak beard belly bill blade body border branch brow build button cap chest claw "
    "coat coloration coloring colouring collar color colour condition crest crown crust door ear edge engine evidence "
    "expression eye eyebrow face feather feature feet fin finger foot fur grass hair handle head horn jaw leaf "
    "leaves leg level limb line look mane mark marking mouth muzzle neck nose paw pattern petal plumage roof root row "
    "scale screen seat shape shell size skin snout spot stem stripe structure surface system tail teeth texture tip "
    "toe tone tongue tooth trunk tusk vegetation wheel whisker window wing"
)
"""What things have, in the singular; what is said of them begins with "has"."""
DETERMINERS = _set(
    "a an the its their his her one two three four five six eight many several some no little few both different "
    "various multiple numerous"
)
PICTURE = re.compile(
    r"(?:an?\s|the\s|this\s)?(?:[\w-]+\s){0,3}?"
    r"(?:photo|photograph|picture|image|drawing|sketch|painting|illustration|portrait|close-?up|view|shot|render(?:ing)?)s?"
    r"\s(?:of|showing)\b",
    re.IGNORECASE,
)
"""How a whole prompt begins."""
IN_SOME_WAY = re.compile(r"\bin (?:colou?r|shape|size|appearance|texture|pattern)$")
ENGLISH = _set("a an the of with and or in on is are has have that which it to for from by")
FOREIGN = _set(
    "ein eine einen der die das mit und von im ist hat un une le les des avec et du est una el los las con y de di e "
    "il la gli che é em uma os as um het een van met"
)
"""Common words of German, French, Spanish, Italian, Portuguese and Dutch."""
TYPICAL = (
    _set("the of with and or are has have that which for from by") | KINDS | PARTS | (ADJECTIVES - _set("gold orange"))
)
"""Words that texts in other languages hardly have."""

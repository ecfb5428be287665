"""The bundled emoji sample `emoji.parquet`: which drawings go where, and their backgrounds, turns and blurs.

A drawing is in one split only: each split is one studio's style that the model never saw. Search has several
variants of each drawing, as a user has several photos of a thing; test has each drawing once, so that an
interval over test pictures counts drawings.
"""

import random
from pathlib import Path

from datasets import Dataset, Features, Value
from datasets import Image as ImageFeature
from PIL import Image, ImageFilter

from examples.mini_clip.emoji_sets import Concept, draw, has_drawing, read_concepts
from examples.mini_clip.photos import encode_png

STYLES = ("emojione", "fluent-emoji", "fluent-emoji-flat", "twemoji")
TUNING_STYLE = "twemoji"
SPLITS = {"search": ("noto", 8), "select": ("noto-v1", 2), "test": ("fxemoji", 1)}
NEW_SHARE = 0.2
SEED = 30
PIXELS = 96
COLOURS = 128
NAMES = """
monkey dog cat tiger horse cow pig ram elephant mouse chipmunk bear koala rooster bird penguin frog crocodile
turtle snake whale dolphin octopus snail ant honeybee lady_beetle spider spider_web bouquet cherry_blossom rose
hibiscus sunflower tulip seedling deciduous_tree palm_tree cactus four_leaf_clover maple_leaf mushroom grapes
watermelon tangerine lemon banana pineapple red_apple pear peach cherries strawberry tomato bread poultry_leg
hamburger french_fries spaghetti sushi fried_shrimp soft_ice_cream doughnut cookie birthday_cake chocolate_bar
candy lollipop honey_pot baby_bottle hot_beverage wine_glass cocktail_glass beer_mug fork_and_knife volcano
hospital church fountain circus_tent ferris_wheel bus ambulance fire_engine police_car taxi automobile
delivery_truck tractor motorcycle bicycle anchor sailboat ship airplane helicopter rocket watch alarm_clock
crescent_moon thermometer star cloud tornado rainbow umbrella snowflake fire jack_o_lantern Christmas_tree
fireworks balloon trophy soccer_ball baseball american_football bowling crystal_ball video_game game_die
artist_palette glasses jeans dress bikini handbag crown top_hat graduation_cap lipstick ring bell musical_note
microphone headphone radio saxophone trumpet guitar violin battery television camera candle light_bulb books
newspaper envelope package pencil briefcase key hammer bomb microscope telescope syringe toilet
"""


def bundled_concepts(work: Path) -> list[Concept]:
    """The concepts of the sample: plain things, no two of which are hard to tell apart by their names."""
    wanted = set(NAMES.lower().split())
    concepts = [concept for concept in read_concepts(work) if concept.id in wanted]
    styles = [style for style, _ in SPLITS.values()]
    return [concept for concept in concepts if all(has_drawing(work, style, concept) for style in styles)]


def new_concepts(work: Path) -> set[str]:
    """Ids of the bundled concepts kept out of all training, for the base-to-new protocol."""
    ids = sorted(concept.id for concept in bundled_concepts(work))
    return set(random.Random(SEED).sample(ids, round(NEW_SHARE * len(ids))))


def training_concepts(work: Path) -> list[Concept]:
    """All other emoji. One whose name has a new concept's name in it ("oncoming taxi") is left out as well."""
    new = [set(slug.split("_")) for slug in new_concepts(work)]
    return [concept for concept in read_concepts(work)
            if not any(words <= set(concept.slug.split("-")) for words in new)]  # fmt: skip


def background(rng: random.Random) -> Image.Image:
    """A plain or two-tone background, pale more often than not, as behind stickers and icons."""
    low = rng.choice((0, 150, 200))
    first, second = (tuple(rng.randint(low, 255) for _ in range(3)) for _ in range(2))
    plain = Image.new("RGB", (PIXELS, PIXELS), first)
    ramp = Image.linear_gradient("L").resize((PIXELS, PIXELS)).rotate(90 * rng.randrange(4))
    return Image.composite(Image.new("RGB", (PIXELS, PIXELS), second), plain, ramp) if rng.random() < 0.5 else plain


def variant(drawing: Image.Image, rng: random.Random) -> Image.Image:
    """The drawing turned, scaled, moved, on a background, a little blurred."""
    size = rng.randint(PIXELS // 2, PIXELS)
    turned = drawing.rotate(rng.uniform(-30, 30), Image.Resampling.BICUBIC, expand=True).resize((size, size))
    picture = background(rng)
    picture.paste(turned, (rng.randint(0, PIXELS - size), rng.randint(0, PIXELS - size)), turned)
    return picture.filter(ImageFilter.GaussianBlur(rng.choice((0, 0.5, 1.0, 1.5))))


def plain(drawing: Image.Image) -> Image.Image:
    """The drawing as it is, on white."""
    picture = Image.new("RGB", (PIXELS, PIXELS), "white")
    small = drawing.resize((PIXELS, PIXELS))
    picture.paste(small, (0, 0), small)
    return picture


def emoji_rows(work: Path, split: str) -> list[dict[str, object]]:
    """The rows of one split. Pictures keep at most `COLOURS` colours: half the bytes, no difference to see."""
    style, variants = SPLITS[split]
    rows: list[dict[str, object]] = []
    for concept in bundled_concepts(work):
        drawing = draw(work, style, concept)
        for number in range(variants):
            rng = random.Random(f"{SEED} {split} {concept.slug} {number}")
            picture = variant(drawing, rng) if variants > 1 else plain(drawing)
            small = picture.quantize(COLOURS, dither=Image.Dither.NONE)
            image = {"bytes": encode_png(small), "path": f"{split}/{concept.id}/{style}-{number}.png"}
            rows.append({"image": image, "label": concept.id, "name": concept.name, "split": split, "style": style})
    return rows


def write_emoji(work: Path, target: Path) -> None:
    """Write `emoji.parquet`."""
    columns = {name: Value("string") for name in ("label", "name", "split", "style")}
    rows = [row for split in SPLITS for row in emoji_rows(work, split)]
    Dataset.from_list(rows, features=Features({"image": ImageFeature()} | columns)).to_parquet(target)

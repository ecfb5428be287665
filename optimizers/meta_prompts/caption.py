"""What a multimodal model is asked about a sample image (IPO); without the class, which it is not to repeat."""

from optimizers.language_model import Message, Picture
from optimizers.meta_prompts.as_data import LONGEST_DESCRIPTION, quoted

__all__ = ["caption_turn"]


def caption_turn(picture: Picture, description: str) -> Message:
    """One sentence about one image."""
    described = quoted(description, LONGEST_DESCRIPTION) if description.strip() else ""
    about = f" The images as a whole are described as {described}." if described else ""
    return Message(
        "user", f"Describe this image in one sentence: what it shows, and what kind of picture it is.{about}", picture
    )

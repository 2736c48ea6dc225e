"""Settings of a user's own images: what is taken of the pictures, and how they are laid out."""

from aepipe.datasets.layouts.settings import LayoutSettings
from aepipe.datasets.picture_settings import PictureSettings


class OwnSettings(PictureSettings, LayoutSettings):
    """What a run may choose about its own images."""

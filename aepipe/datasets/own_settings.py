"""Settings of a data set of one's own: its name, what is taken of its pictures, and how they are laid out."""

from pydantic import Field

from aepipe.datasets.layouts.settings import LayoutSettings
from aepipe.datasets.picture_settings import PictureSettings


class OwnSettings(PictureSettings, LayoutSettings):
    """What a run may choose about images that its data set depends on."""

    name: str | None = Field(
        None,
        pattern="^[A-Za-z0-9][A-Za-z0-9._-]*$",
        max_length=40,
        title="Name",
        description="What one's own data set is called; by default as its folder is. Its indices go by it.",
    )

    @property
    def own(self) -> "OwnSettings":
        """These settings alone, without those of whatever inherits them."""
        return OwnSettings(**{name: getattr(self, name) for name in OwnSettings.model_fields})

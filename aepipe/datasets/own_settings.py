"""Settings of a data set of one's own: its name, what is taken of its pictures, and how they are laid out."""

from pydantic import Field, field_validator

from aepipe.datasets.layouts.settings import LayoutSettings
from aepipe.datasets.picture_settings import PictureSettings
from aepipe.errors import ParameterError
from aepipe.io.urls import without_secrets


class OwnSettings(PictureSettings, LayoutSettings):
    """What a run may choose about images that its data set depends on."""

    name: str | None = Field(
        None,
        pattern="^[A-Za-z0-9][A-Za-z0-9._-]*$",
        max_length=40,
        title="Name",
        description="What one's own data set is called; by default as its folder is. Its indices go by it.",
    )

    clean: str | None = Field(
        None,
        min_length=1,
        title="Clean pictures",
        description="Where the clean pictures lie that noisy ones are to become, as images: takes a place; each has "
        "the path of its noisy one, whatever the ending.",
    )

    mask: str | None = Field(
        None,
        min_length=1,
        title="Mask",
        description="One picture of the shape of the others: white where pixels count. What is black there is made "
        "black in each picture, in training and in use; errors are still means over all pixels.",
    )

    def of_clean(self, size: str) -> "OwnSettings":
        """Return what is chosen of the clean pictures: the same of their pixels, and nothing of how they lie there.

        Args:
            size: What the noisy ones are brought to.
        """
        return OwnSettings(size=size, fit=self.fit, color=self.color, pages=self.pages, layout="flat")

    def check_built_in(self, data_set: str) -> None:
        """Check that nothing was chosen for a known data set that only pictures in files can have.

        Raises:
            ParameterError: something was.
        """
        self.check_unused(data_set)
        if self.clean is not None:
            raise ParameterError(
                "Clean pictures go with noisy ones of your own.",
                "Name those as the data set: images:/path/to/noisy.",
                data_set=data_set,
                clean=without_secrets(self.clean),
            )
        if self.mask is not None:
            raise ParameterError(
                "A mask goes with pictures of your own.",
                "Leave data.mask out, or name those as the data set: images:/path/to/them.",
                data_set=data_set,
                mask=without_secrets(self.mask),
            )

    @field_validator("clean")
    @classmethod
    def _is_a_place(cls, clean: str | None) -> str | None:
        # The word before it is that of a data set; whoever writes it means the place.
        return None if clean is None else clean.removeprefix("images:")

    @property
    def own(self) -> "OwnSettings":
        """These settings alone, without those of whatever inherits them."""
        return OwnSettings(**{name: getattr(self, name) for name in OwnSettings.model_fields})

"""Settings of pictures: the size, shape, colour and pages that a run takes of a data set."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from aepipe.datasets.formats.fitting import Fit, Size

AUTO = "auto"
MIN_SIDE, MAX_SIDE = 4, 1024
SIZE_PATTERN = r"^(auto|\d{1,4}|\d{1,4}x\d{1,4})$"

Color = Literal["keep", "grey", "rgb"]
Pages = Literal["first", "all"]


def parse_size(text: str) -> Size | None:
    """Return the (height, width) that a text such as 64 or 96x128 names; None for auto."""
    if text == AUTO:
        return None
    height, _, width = text.partition("x")
    return int(height), int(width or height)


def size_text(size: Size) -> str:
    """Return a (height, width) as it is written: HEIGHTxWIDTH."""
    return f"{size[0]}x{size[1]}"


def _as_text(value: object) -> object:
    return str(value).strip().lower() if isinstance(value, str | int) and not isinstance(value, bool) else value


def _bounded(text: str) -> str:
    size = parse_size(text)
    if size is None:
        return text
    if not MIN_SIDE <= min(size) <= max(size) <= MAX_SIDE:
        raise ValueError(f"a side has {MIN_SIDE} to {MAX_SIDE} pixels")
    return size_text(size)


def _as_classes(value: object) -> object:
    """Return names with commas between them as a list; classes may be numbers."""
    if isinstance(value, str | int) and not isinstance(value, bool):
        value = str(value).split(",")
    return [str(name).strip() for name in value] if isinstance(value, list | tuple) else value


def _once_each(names: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(sorted(set(names)))


SizeText = Annotated[str, BeforeValidator(_as_text), Field(pattern=SIZE_PATTERN), AfterValidator(_bounded)]
Classes = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...] | None, BeforeValidator(_as_classes), AfterValidator(_once_each)
]


class PictureSettings(BaseModel):
    """What a run may choose about the pictures of a data set."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, serialize_by_alias=True)

    size: SizeText = Field(
        AUTO,
        title="Size",
        description="Pixels of a side, or HEIGHTxWIDTH; auto: what most pictures have, up to 128, or the data set's.",
    )
    fit: Fit = Field(
        "crop",
        title="Fit",
        description="Where shapes differ: crop takes the centre, pad adds borders, stretch gives up the shape.",
    )
    color: Color = Field(
        "keep", title="Color", description="keep: grey where all pictures are; grey or rgb makes all of them so."
    )
    pages: Pages = Field(
        "all", title="Pages", description="Of stacks and animations: each page is a picture, or the first one alone."
    )
    class_name: str | None = Field(
        None,
        alias="class",
        title="Class",
        description="Only the images of this class.",
    )
    classes: Classes = Field(
        None,
        min_length=1,
        title="Classes",
        description="The classes that are normal; images of any other never train, and are anomalous where they are "
        "held out.",
    )

    @property
    def chosen_size(self) -> Size | None:
        """The (height, width) that was chosen; None where the pictures decide."""
        return parse_size(self.size)

    @model_validator(mode="after")
    def _one_choice_of_classes(self) -> Self:
        if self.class_name is not None and self.classes is not None:
            raise ValueError("data.class takes the images of one class alone, so data.classes can't name normal ones")
        return self

    @property
    def pictures(self) -> "PictureSettings":
        """These settings alone, without those of whatever inherits them."""
        return PictureSettings(**{name: getattr(self, name) for name in PictureSettings.model_fields})

"""The account of a user's own images: what was seen, taken and left out, and what reading them took away."""

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, Field

from aepipe.datasets.tally import LeftOut, num_expected
from aepipe.errors import DataError
from aepipe.notation import counted

MAX_SHOWN = 6


class Losses(BaseModel):
    """What reading the images took away from them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    num_cropped: int = Field(0, description="Images of which only the centre is seen.")
    share_cropped: float = Field(0, description="Mean share of their area that is cut away.")
    num_reduced: int = Field(0, description="Images that became smaller.")
    num_enlarged: int = Field(0, description="Images that became larger.")
    num_deep: int = Field(0, description="Images of 16 bits a pixel.")
    deep_bits: int | None = Field(None, description="Bits that those use: white is the largest value of so many.")
    bulk_bits: int | None = Field(None, description="Bits that nearly all of their pixels need.")
    num_deep_color: int = Field(0, description="Images of 16 bits a channel of which the upper 8 bits are read.")
    deep_color_bits: int | None = Field(None, description="Bits that those use.")
    num_negative: int = Field(0, description="Images in whose file white is 0; they are turned.")
    num_transparent: int = Field(0, description="Images whose transparent parts became white.")
    num_made_color: int = Field(0, description="Grey images that became three equal channels.")


class Account(BaseModel):
    """One data set of a user's own, as it was when it was read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    num_files: int = Field(description="Files that were seen, whatever they are.")
    num_taken: int = Field(description="Files that images were taken from.")
    num_images: int = Field(description="Images; a file with frames has several.")
    num_with_frames: int = Field(0, description="Files with several frames, each of which is an image.")
    image_shape: tuple[int, int, int] = Field(description="(height, width, channels) of every image.")
    left_out: tuple[LeftOut, ...] = Field((), description="What was not taken, by reason.")
    sizes: dict[str, int] = Field({}, description="The commonest height x width of the files, and how many have it.")
    modes: dict[str, int] = Field({}, description="How the files keep pixels, in Pillow's words.")
    losses: Losses = Field(Losses(), description="What was taken away.")
    num_duplicates: int = Field(0, description="Images whose pixels another image before them has.")
    duplicates: tuple[str, ...] = Field((), description="A few of those, each with the one that it equals.")
    classes: dict[str, int] = Field({}, description="Images of each class, the largest first.")
    num_classes: int = Field(0, description="Classes in all.")
    parts: dict[str, int] = Field({}, description="Images of each part that the user's folders name.")
    notes: tuple[str, ...] = Field((), description="How the folders were understood.")

    @property
    def left_out_share(self) -> float:
        """Share of the files that look like pictures that gave none."""
        missing = num_expected(self.left_out)
        return missing / max(1, missing + self.num_taken)

    def check_share(self, most: float, location: str) -> None:
        """Refuse a data set of which too much was left out.

        Raises:
            DataError: more than this share of the files that look like pictures gave none.
        """
        if self.left_out_share > most:
            raise DataError(
                f"At most {most:.0%} of the files that look like pictures may be left out.",
                "Mend or remove them, or allow more: data.most_left_out=1, or --most-left-out 1.",
                location=location,
                left_out=f"{self.left_out_share:.0%}",
                reasons=[one.line for one in self.left_out if one.is_expected],
            )

    def lines(self) -> Iterator[str]:
        """Yield what a person should know before anything trains, one line each."""
        height, width, channels = self.image_shape
        kind = "grey" if channels == 1 else "color"
        files = f"{self.num_taken} of {counted(self.num_files, 'file')}"
        yield f"{counted(self.num_images, 'image')} of {height} x {width}, {kind}, from {files}"
        yield f"classes: {_several(self.classes, self.num_classes) or 'none'}"
        if self.parts:
            yield f"parts by the user's own folders: {_several(self.parts)}"
        yield from self._notes()
        yield from (one.line for one in self.left_out)
        yield from self._losses()
        yield from self._duplicates()

    def remarks(self) -> Iterator[str]:
        """Yield the lines that are more than counts: how the folders were understood, and what reading took away."""
        yield from self._notes()
        yield from self._losses()
        yield from self._duplicates()

    def _notes(self) -> Iterator[str]:
        yield from self.notes
        if self.num_with_frames:
            files = counted(self.num_with_frames, "file has", "files have")
            yield f"{files} several frames: each is an image of its own, called file#number; {self._frames_parts}"

    def _duplicates(self) -> Iterator[str]:
        if self.num_duplicates:
            images = counted(self.num_duplicates, "image has", "images have")
            yield f"{images} the pixels of another one: {'; '.join(self.duplicates)}"

    @property
    def _frames_parts(self) -> str:
        if self.num_taken > 1:
            return "all of a file share a part"
        return "as it is the only file, held-out frames are neighbours of those that are trained on"

    def counts(self) -> Iterator[tuple[str, str]]:
        """Yield what was counted, a name and a few words each."""
        yield "Files", f"{self.num_taken:,} of {counted(self.num_files, 'file')}"
        yield "Left out", "; ".join(one.line for one in self.left_out) or "none"
        yield "Sizes of the files", _several(self.sizes)
        yield "Modes", _several(self.modes)
        yield "Classes", _several(self.classes, self.num_classes) or "none"
        if self.parts:
            yield "Parts by the user's own folders", _several(self.parts)
        losses = self.losses
        cut = f"{counted(losses.num_cropped, 'image')}, {losses.share_cropped:.0%} of their area on average"
        resized = f"{losses.num_reduced:,} reduced, {losses.num_enlarged:,} enlarged"
        yield "Cropped", cut if losses.num_cropped else "none"
        yield "Resized", resized if losses.num_reduced or losses.num_enlarged else "none"

    def _losses(self) -> Iterator[str]:
        losses, found = self.losses, _several(self.sizes)
        if losses.num_cropped:
            cut = f"{losses.share_cropped:.0%} of their area on average"
            images = counted(losses.num_cropped, "image is", "images are")
            yield f"{images} of another shape: {cut} is cut away, at the edges; data.fit=pad keeps all (files: {found})"
        if losses.num_reduced or losses.num_enlarged:
            images = counted(losses.num_reduced, "image is", "images are")
            size = f"{self.image_shape[0]}x{self.image_shape[1]}"
            yield f"{images} reduced and {losses.num_enlarged} enlarged to {size}; data.size chooses (files: {found})"
        if losses.num_deep:
            white = f"white is {2 ** (losses.deep_bits or 16) - 1}"
            images = counted(losses.num_deep, "image of a 16-bit file uses", "images of 16-bit files use")
            yield f"{images} {losses.deep_bits} bits, {white}"
            if losses.bulk_bits and losses.deep_bits and losses.bulk_bits < losses.deep_bits:
                yield f"nearly all pixels of those need {losses.bulk_bits} bits only: they come out dark"
        if losses.num_deep_color:
            yield (
                f"{counted(losses.num_deep_color, 'color image')} of 16 bits a channel: the upper 8 bits are read, "
                f"of {losses.deep_color_bits} that are used"
            )
        if losses.num_negative:
            yield f"{counted(losses.num_negative, 'image')} with white as 0 in the file: turned"
        if losses.num_transparent:
            images = counted(losses.num_transparent, "image is", "images are")
            yield f"{images} transparent in places, which became white"
        if losses.num_made_color:
            images = counted(losses.num_made_color, "grey image is", "grey images are")
            yield f"{images} among color ones, with three equal channels"


def _several(counts: dict[str, int], total: int | None = None) -> str:
    shown = ", ".join(f"{name} {count}" for name, count in list(counts.items())[:MAX_SHOWN])
    total = len(counts) if total is None else total
    return f"{shown}, and {total - MAX_SHOWN} more" if total > MAX_SHOWN else shown

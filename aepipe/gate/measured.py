"""Errors of published models that were measured anew, on the held-out images of a run."""

from dataclasses import dataclass

from aepipe.gate.comparison import Comparison

NOT_FAIR = "no fair comparison: "
# On fewer images, chance decides which of two good models is the better one.
MIN_TELLING = 10


@dataclass(frozen=True)
class Measured:
    """A published model's error on the run's held-out images, measured now.

    Attributes:
        release: The release that it is in.
        error: MSE per pixel; NaN where there is none.
        problem: Why there is none.
        candidate_error: That of the run's own model on the same images; None where it is on all of them.
        num_images: On how many images; None where it is all of them.
        num_held_out: How many are held out in all.
        comparison: How the run's own model compares with it; None where that was not asked, or can't be told.
    """

    release: str
    error: float
    problem: str = ""
    candidate_error: float | None = None
    num_images: int | None = None
    num_held_out: int | None = None
    comparison: Comparison | None = None

    @property
    def on_which(self) -> str:
        """On how many of the held-out images it was measured, in words; empty where it was all of them."""
        if self.num_images is None:
            return ""
        few = ", too few to rely on" if self.num_images < MIN_TELLING else ""
        return (
            f"{self.num_images} of {self.num_held_out} held-out images, those that neither model has learned from{few}"
        )

    @property
    def compared(self) -> str:
        """A sentence about what came of the comparison; empty where there is nothing to say."""
        if self.comparison is None:
            return f"Compared on {self.on_which}." if self.on_which else ""
        on_which = f" on {self.on_which}" if self.on_which else ""
        return f"Compared with the model of {self.release}{on_which}: {self.comparison}: {self.comparison.conclusion}."

"""Facts: what each stage says about its work in a few words and numbers, beside its files.

A field that an older version did not have is None. Stored JSON has the fields that the work has set, and no others.
"""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from aepipe.datasets.account import Account
from aepipe.datasets.picture_settings import PictureSettings
from aepipe.evaluation.intervals import Interval
from aepipe.evaluation.seeds import SeedSpread
from aepipe.noise import NoiseBaseline
from aepipe.part_counts import PartCounts
from aepipe.preprocess import Preprocessing
from aepipe.splits import SplitSettings


class Facts(BaseModel):
    """What a stage says about its work."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def as_stored(self) -> dict[str, JsonValue]:
        """Return the facts as a manifest has them: those that were set, a newer version's among them."""
        found: dict[str, JsonValue] = self.model_dump(mode="json") | (self.model_extra or {})
        return {name: value for name, value in found.items() if name in self.model_fields_set}


class DataFacts(Facts):
    """What is known of the images."""

    name: str = Field(description="The data set's name.")
    data_set: str | None = Field(None, description="The data set's name, or images:PATH.")
    preprocessing: Preprocessing = Field(Preprocessing(), description="What was done before the split.")
    pictures: PictureSettings | None = Field(None, description="What a run chose of the pictures.")
    num_images: int = Field(description="Number of images.")
    image_shape: tuple[int, int, int] = Field(description="(height, width, channels).")
    dtype: str | None = Field(None, description="NumPy's name for the type of a pixel.")
    pixel_range: tuple[float, float] = Field(description="The source's values that become 0 and 1.")
    label_names: tuple[str, ...] = Field((), description="A name for each class.")
    num_official_train: int | None = Field(None, description="How many the source has to train; they come first.")
    has_persons: bool = Field(False, description="Each image has a person.")
    images_sha256: str | None = Field(None, description="Digest of the images.")
    sample_bits: int | None = Field(None, description="Bits that picture files of 16 bits a pixel used.")
    account: Account | None = Field(None, description="What was taken of a user's own images.")
    identity: str | None = Field(None, description="Digest of the source.")
    clean: str | None = Field(
        None, description="Where the clean pictures lie that the images are to become; None where they are targets."
    )

    @property
    def has_official_parts(self) -> bool:
        """Whether the source says which images train and which are held out."""
        return self.num_official_train is not None


class SplitFacts(Facts, PartCounts):
    """What is known of the three parts."""

    name: str = Field(description="Data set and split.")
    settings: SplitSettings = Field(SplitSettings(), description="How the images were divided.")
    test_sha256: str = Field(description="Digest of the rows that are held out.")


class NoiseFacts(Facts):
    """What is known of a noisy-input test set."""

    name: str = Field(description="Data set and split.")
    num_images: int = Field(description="Number of images.")
    baselines: tuple[NoiseBaseline, ...] = Field((), description="What there is to beat, for each kind and level.")


class BaselineFacts(Facts):
    """What was chosen about the baselines at a code size."""

    chosen: dict[str, str] = Field(description="In words, by the baseline's name.")


class TrainedFacts(Facts):
    """What a training came to."""

    recipe: str | None = Field(None, description="The recipe's name.")
    setting: str | None = Field(None, description="Which of its settings.")
    figure_name: str | None = Field(None, description="What figures call the model.")
    collapsed: bool | None = Field(None, description="The code is the same for all images.")
    num_parameters: int = Field(description="Number of weights.")
    code_size: int | None = Field(None, description="Number of values in the code.")
    num_epochs: int = Field(description="The last epoch.")
    kept_epoch: int = Field(description="The epoch whose weights are kept.")
    train_mse: float | None = Field(None, description="MSE per pixel of the training part in that epoch.")
    validation_mse: float | None = Field(None, description="That of the validation part; None where it is empty.")
    training_seconds: float = Field(description="How long the epochs took.")
    ended_by: str | None = Field(None, description="What ended it.")
    batch_parts: int | None = Field(
        None, description="In how many parts a batch was computed; more than one where the memory had no room for it."
    )
    images_a_second: float | None = Field(None, description="Of the median epoch, compiled steps alone.")
    compile_seconds: float | None = Field(None, description="What the first steps took, which are compiled before.")
    peak_memory_mb: float | None = Field(None, description="The most memory that the process had had by its end.")
    gpu_peak_memory_mb: float | None = Field(None, description="The same of a GPU; None where it had none.")
    gpu_utilisation: float | None = Field(
        None, description="In which share of the time its GPUs computed; None where no driver says it."
    )
    resumed_at_step: int | None = Field(None, description="The checkpoint's step that it went on from.")
    precision: str | None = Field(None, description="float32, bfloat16 or float16.")
    hardware: str = Field(description="What it computed on, in words.")

    def title(self, data_set: str) -> str:
        """Return what figures call the model, with the data set."""
        return f"{self.figure_name or self.recipe} on {data_set}"


class EvaluationFacts(Facts):
    """What a model comes to on held-out images. Metrics beyond those that are named here are kept, too."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, float | None]

    mse_per_pixel: float = Field(description="MSE for pixels in [0, 1].")
    mean_image_mse_per_pixel: float = Field(description="That of the mean training image.")
    mse_in_source_unit: float | None = Field(None, description="MSE for pixels in the unit of the source's numbers.")
    source_unit: float | None = Field(None, description="The value of white in the source's printed numbers.")
    psnr_db: float | None = Field(None, description="Peak signal to noise ratio.")
    ssim: float | None = Field(None, description="Structural similarity.")
    pca_mse_per_pixel: float | None = Field(None, description="MSE of PCA with as many values as the code.")
    patch_pca_mse_per_pixel: float | None = Field(None, description="That of PCA of patches.")
    patch_pca_chosen: str | None = Field(None, description="Which patches.")
    dct_mse_per_pixel: float | None = Field(None, description="That of a low-pass filter.")
    dct_chosen: str | None = Field(None, description="Which filter.")
    mse_median: float | None = Field(None, description="MSE per pixel of the median image.")
    mse_95th_percentile: float | None = Field(None, description="The worst 5% of the images have at least this.")
    num_test_images: int = Field(description="Number of held-out images.")
    code_size: int = Field(description="Number of values in the code.")
    numbered_classes: str | None = Field(None, description="Which class has which number in the figures.")
    compression_ratio: float = Field(description="Values of an image for each value of its code.")
    collapsed: bool = Field(description="The code is the same for all images.")
    code_mean: float | None = Field(None, description="Mean of all code values.")
    code_standard_deviation: float = Field(description="Mean over the code's values of how much each varies.")
    code_sparsity: float | None = Field(None, description="Share near 0; older versions said so.")
    code_zero_share: float | None = Field(None, description="Share of code values that are 0.")
    code_dead_share: float | None = Field(None, description="Share of the code's values that never vary.")
    code_silhouette: float | None = Field(None, description="How well the classes are apart in the code, up to 1.")
    probe_accuracy: float | None = Field(None, description="Share of images whose class is read off the code.")
    pca_probe_accuracy: float | None = Field(None, description="Share of images whose class is read off PCA's code.")
    neighbours_of_class: float | None = Field(None, description="Share of the 10 nearest codes that are of its class.")
    pca_neighbours_of_class: float | None = Field(None, description="Share of the 10 nearest of PCA's codes.")
    denoised_mse_per_pixel: float | None = Field(None, description="A denoiser's MSE on noise of its level.")
    linear_mse_per_pixel: float | None = Field(None, description="That of the best linear map.")
    noisy_mse_per_pixel: float | None = Field(None, description="That of doing nothing.")
    noisy_psnr_db: float | None = Field(None, description="PSNR of the noisy images of pairs, as they are.")
    hidden_mse_per_pixel: float | None = Field(
        None, description="MSE of hidden pixels, by a model that learned from noisy images alone."
    )
    neighbours_mse_per_pixel: float | None = Field(None, description="That of the mean of their neighbours.")
    intervals: dict[str, Interval] = Field(
        {}, description="By metric, the 95% interval of what is a mean over held-out images."
    )

    @property
    def metrics(self) -> Mapping[str, float | None]:
        """Every number that was measured, by its name; what was not is None or is not there."""
        return {name: value for name, value in self if not isinstance(value, str | bool | dict)}


class CalibrationFacts(Facts):
    """What the scores of a model come to on normal pictures."""

    num_calibration: int = Field(description="Number of held-out normal pictures.")
    score: str = Field(description="The score that verdicts are by where nobody names another.")
    why: str | None = Field(None, description="Why that one.")
    num_anomalous: int = Field(0, description="Number of held-out pictures that are not normal.")
    num_masks: int = Field(0, description="How many of them have a mask.")
    detection: dict[str, float] = Field({}, description="What they are told from normal ones by, by metric.")


class GenerationFacts(Facts):
    """What a model's new images come to, beside those of the baseline and real ones. Every metric is kept."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, float | None]

    num_test_images: int = Field(description="Number of held-out images that it was measured on.")
    num_components: int = Field(description="Normal distributions that the mixture of its codes has.")

    @property
    def metrics(self) -> Mapping[str, float | None]:
        """Every number that was measured, by the name that the catalogue has."""
        return self.model_extra or {}


class ExportCheck(BaseModel):
    """How far a file's outputs are from the Keras model's, and how good they are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_abs_difference: float = Field(description="Largest difference of a pixel.")
    mse_to_keras: float | None = Field(None, description="MSE per pixel to the Keras model's outputs.")
    mse_per_pixel: float | None = Field(None, description="MSE per pixel to what it is to make of the images.")


class HalfCheck(BaseModel):
    """How far the outputs of an encoder's or a decoder's file are from the Keras model's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_abs_difference: float = Field(description="Largest difference of a value.")
    max_abs_value: float = Field(description="The largest value that Keras gives.")


class ExportFacts(Facts):
    """What the exported files came to."""

    num_test_images: int | None = Field(None, description="On how many held-out images.")
    formats: dict[str, ExportCheck] = Field(description="By format, the training's own among them.")
    halves: dict[str, HalfCheck] = Field({}, description="By file, those of encoder and decoder.")


class SweepFacts(Facts):
    """What a sweep came to."""

    num_trainings: int = Field(description="Number of trainings.")
    best: str = Field(description="The best and the worst, in a few words.")
    seed_spreads: dict[str, SeedSpread] = Field(
        {}, description="How much seeds changed the error, by a digest of what was trained with several."
    )


class SearchFacts(Facts):
    """What a search came to."""

    study: str = Field(description="The search's name.")
    num_trials: int = Field(description="Number of candidates.")
    best: str = Field(description="The best, in a few words.")

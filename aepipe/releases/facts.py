"""What readers of a manifest count on in its free parts: whoever wrote it may have put something else there."""

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from aepipe.store.names import ReleaseId


class RecipeFacts(BaseModel):
    """What readers of a manifest count on in what it says about a recipe; there may be more."""

    # Strict, as the facts stay what they are: a text that reads like a number is none to compute with.
    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    verdict: str = Field(description="What the gate decided.")
    origin: ReleaseId | None = Field(
        None, description="The release that the model comes from; None where there is no model."
    )
    setting: str | None = Field(None, description="Which of the recipe's settings.")
    data: str | None = Field(None, description="Data set and split.")
    code_size: int | None = Field(None, description="Number of values in the code.", ge=1)
    mse_per_pixel: float | None = Field(None, description="Held-out error.", ge=0)
    pca_mse_per_pixel: float | None = Field(None, description="That of PCA with as many values.", ge=0)
    patch_pca_mse_per_pixel: float | None = Field(None, description="That of PCA of patches with as many.", ge=0)
    dct_mse_per_pixel: float | None = Field(None, description="That of a low-pass with as many.", ge=0)
    images_sha256: str | None = Field(None, description="Digest of the images.")
    test_rows_sha256: str | None = Field(None, description="Digest of the held-out rows.")
    seed: int | None = Field(None, description="Seed of the training.")
    compression_ratio: float | None = Field(None, description="Values of an image for each value of its code.", gt=0)
    training_seconds: float | None = Field(None, description="How long it trained.", ge=0)
    psnr_db: float | None = Field(None, description="Peak signal to noise ratio on held-out images.")
    ssim: float | None = Field(None, description="Structural similarity on held-out images.")
    denoised_mse_per_pixel: float | None = Field(None, description="Held-out error on noisy images.", ge=0)
    linear_mse_per_pixel: float | None = Field(None, description="That of the best linear map.", ge=0)
    noisy_mse_per_pixel: float | None = Field(None, description="That of doing nothing.", ge=0)


class RunParameters(BaseModel):
    """What readers of a manifest count on in a run's parameters; there may be more."""

    model_config = ConfigDict(frozen=True, extra="allow")

    preset: str = Field("full", description="How long was trained.")
    overrides: dict[str, JsonValue] = Field({}, description="What was changed about every recipe.")
    recipe_overrides: dict[str, dict[str, JsonValue]] = Field({}, description="What was changed about one recipe.")


def like(model: type[BaseModel]) -> AfterValidator:
    """Return a check that a dictionary is as a model says; it stays a dictionary, with all that is in it."""

    def check(facts: dict[str, JsonValue]) -> dict[str, JsonValue]:
        model.model_validate(facts)
        return facts

    return AfterValidator(check)

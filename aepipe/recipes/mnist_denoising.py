"""A dense denoiser for MNIST, which all four sources name as the use of an autoencoder."""

from aepipe.models.options import DenseOptions
from aepipe.recipes.recipe import Recipe, Variant
from aepipe.splits import SplitSettings
from aepipe.training.settings import CorruptionSettings, TrainingSettings

RECIPE = Recipe(
    name="mnist-denoising",
    title="Dense denoising autoencoder on MNIST",
    source="Named by all four sources; the network is OpenGenus'",
    data_set="mnist",
    native_shape=(28, 28, 1),
    published=Variant(
        split=SplitSettings(method="official", validation_fraction=0),
        model=DenseOptions(
            hidden_widths=(392, 196),
            code_size=98,
            code_activation="relu",
            output_activation="relu",
            initializer="variance_scaling",
        ),
        training=TrainingSettings(
            batch_size=150, epochs=5, keep="last", corruption=CorruptionSettings(kind="gaussian", level=0.4)
        ),
    ),
    tuned=Variant(
        split=SplitSettings(method="official"),
        model=DenseOptions(
            hidden_widths=(1024, 512),
            code_size=98,
            activation="silu",
            output_activation="sigmoid",
            initializer="he_normal",
        ),
        training=TrainingSettings(
            schedule="cosine",
            warm_up_share=0.05,
            batch_size=150,
            epochs=25,
            patience=10,
            corruption=CorruptionSettings(kind="heteroscedastic", level=0.4),
        ),
    ),
)

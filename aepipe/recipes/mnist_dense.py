"""OpenGenus, "Autoencoder using TensorFlow": seven dense layers on MNIST.

The source reads the Kaggle file with 42,000 rows, which needs a login: `--data-set mnist-csv` takes it from a mirror
and splits it as the source does, the first 70% to train. By default the recipe uses the official idx files and split.
"""

from aepipe.models.options import DenseOptions
from aepipe.recipes.recipe import Recipe, Variant
from aepipe.splits import SplitSettings
from aepipe.training.settings import OptimizerSettings, TrainingSettings

RECIPE = Recipe(
    name="mnist-dense",
    aliases=("dense",),
    title="Dense autoencoder on MNIST",
    source='OpenGenus, "Autoencoder using TensorFlow"',
    data_set="mnist",
    native_shape=(28, 28, 1),
    source_unit=255,
    published=Variant(
        split=SplitSettings(method="official", shuffle=False, validation_fraction=0),
        model=DenseOptions(
            hidden_widths=(392, 196),
            code_size=98,
            code_activation="relu",
            output_activation="relu",
            initializer="variance_scaling",
            pixel_unit=255,
        ),
        training=TrainingSettings(batch_size=150, epochs=5, shuffle=False, keep="last", loss_unit=255),
    ),
    tuned=Variant(
        split=SplitSettings(method="official"),
        model=DenseOptions(
            hidden_widths=(512, 256),
            code_size=98,
            activation="silu",
            output_activation="sigmoid",
            initializer="he_normal",
        ),
        # docs/studies/muon.csv: validation MSE .00164; .00191 by Adam in more time.
        training=TrainingSettings(
            optimizer=OptimizerSettings(name="muon"),
            learning_rate=0.015,
            schedule="cosine",
            warm_up_share=0.05,
            batch_size=600,
            epochs=16,
        ),
    ),
)

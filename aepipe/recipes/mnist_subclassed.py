"""Senti AI (Agarap), "Implementing an Autoencoder in TensorFlow 2.0": subclassed encoder, decoder and model."""

from aepipe.models.options import SubclassedOptions
from aepipe.recipes.recipe import Recipe, Variant
from aepipe.splits import SplitSettings
from aepipe.training.settings import OptimizerSettings, TrainingSettings

RECIPE = Recipe(
    name="mnist-subclassed",
    aliases=("subclassed",),
    title="Subclassed autoencoder on MNIST",
    source='Senti AI, "Implementing an Autoencoder in TensorFlow 2.0"',
    data_set="mnist",
    native_shape=(28, 28, 1),
    published=Variant(
        split=SplitSettings(method="official", validation_fraction=0),
        model=SubclassedOptions(hidden_widths=(128,), code_size=64, code_activation="sigmoid"),
        training=TrainingSettings(learning_rate=1e-2, batch_size=128, epochs=10, keep="last"),
    ),
    tuned=Variant(
        split=SplitSettings(method="official"),
        model=SubclassedOptions(
            hidden_widths=(512,),
            code_size=64,
            activation="silu",
            output_activation="sigmoid",
            initializer="he_normal",
        ),
        # docs/studies/muon.csv: validation MSE .00203; .00236 by Adam in more time.
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

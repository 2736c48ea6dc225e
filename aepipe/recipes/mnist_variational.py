"""A variational autoencoder on MNIST, named by Guru99 for generating new images (Kingma and Welling, 2014)."""

from aepipe.models.options import VariationalOptions
from aepipe.recipes.recipe import Recipe, Variant
from aepipe.splits import SplitSettings
from aepipe.training.settings import OptimizerSettings, TrainingSettings

RECIPE = Recipe(
    name="mnist-variational",
    aliases=("variational",),
    title="Variational autoencoder on MNIST",
    source="Named by Guru99; Kingma and Welling, 2014",
    data_set="mnist",
    native_shape=(28, 28, 1),
    published=Variant(
        split=SplitSettings(method="official", validation_fraction=0),
        model=VariationalOptions(
            hidden_widths=(500,), code_size=20, activation="tanh", output_activation="sigmoid", beta=1
        ),
        training=TrainingSettings(loss="bernoulli-cross-entropy", batch_size=100, epochs=10, keep="last"),
    ),
    tuned=Variant(
        split=SplitSettings(method="official"),
        model=VariationalOptions(
            hidden_widths=(512, 256),
            code_size=20,
            activation="silu",
            output_activation="sigmoid",
            initializer="he_normal",
            beta=1,
        ),
        # docs/studies/muon.csv.
        training=TrainingSettings(
            loss="bernoulli-cross-entropy",
            optimizer=OptimizerSettings(name="muon"),
            learning_rate=0.015,
            schedule="cosine",
            warm_up_share=0.05,
            batch_size=600,
            epochs=14,
        ),
    ),
)

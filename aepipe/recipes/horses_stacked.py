"""Guru99, "TensorFlow Autoencoder": a stacked autoencoder on the grey horses of CIFAR-10.

The source declares an L2 regularizer that TensorFlow 1 never adds to the loss, so there is none here.
"""

from aepipe.models.options import DenseOptions, ResidualOptions
from aepipe.preprocess import Preprocessing
from aepipe.recipes.recipe import Recipe, Variant
from aepipe.splits import SplitSettings
from aepipe.training.settings import AugmentationSettings, TrainingSettings

RECIPE = Recipe(
    name="horses-stacked",
    aliases=("horses", "stacked"),
    title="Stacked autoencoder on the horses of CIFAR-10",
    source='Guru99, "TensorFlow Autoencoder Tutorial"',
    data_set="cifar10",
    preprocessing=Preprocessing(color="channel-mean", class_name="horse"),
    native_shape=(32, 32, 1),
    source_unit=255,
    published=Variant(
        split=SplitSettings(method="official", shuffle=False, validation_fraction=0),
        model=DenseOptions(
            hidden_widths=(300,), code_size=150, code_activation="elu", activation="elu", pixel_unit=255
        ),
        training=TrainingSettings(
            learning_rate=1e-2, batch_size=150, epochs=100, shuffle=False, keep="last", loss_unit=255
        ),
    ),
    tuned=Variant(
        split=SplitSettings(method="official"),
        model=ResidualOptions(code_size=150, decoder_filters=(32, 32, 32), initializer="he_normal"),
        training=TrainingSettings(
            schedule="cosine",
            warm_up_share=0.05,
            batch_size=50,
            epochs=30,
            augmentation=AugmentationSettings(flip=True, shift=0.5),
            keep="best-or-start",
        ),
    ),
)

"""TensorFlow as it comes, without what `aepipe` sets for it; imported before Keras."""

import os

import aepipe  # noqa: F401 - sets it

os.environ.pop("TF_ENABLE_ONEDNN_OPTS")

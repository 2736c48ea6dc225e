"""MNIST: 70,000 handwritten digits, 28 x 28 grey. LeCun, Cortes, Burges."""

from aepipe.datasets.idx_sets import idx_data_set, idx_file
from aepipe.datasets.spec import ExpectedArray

BASE_URLS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
DIGITS = tuple("0123456789")

FILES = (
    idx_file(
        "train_images",
        "train-images-idx3-ubyte.gz",
        9_912_422,
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        ExpectedArray((60_000, 28, 28), "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757"),
        BASE_URLS,
    ),
    idx_file(
        "train_labels",
        "train-labels-idx1-ubyte.gz",
        28_881,
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        ExpectedArray((60_000,), "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13", 10),
        BASE_URLS,
    ),
    idx_file(
        "test_images",
        "t10k-images-idx3-ubyte.gz",
        1_648_877,
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        ExpectedArray((10_000, 28, 28), "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161"),
        BASE_URLS,
    ),
    idx_file(
        "test_labels",
        "t10k-labels-idx1-ubyte.gz",
        4_542,
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ExpectedArray((10_000,), "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5", 10),
        BASE_URLS,
    ),
)

SPEC = idx_data_set("mnist", FILES, DIGITS, "LeCun, Cortes, Burges")
SUMMARY = SPEC.summary

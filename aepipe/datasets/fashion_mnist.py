"""Fashion-MNIST: 70,000 articles of clothing, 28 x 28 grey. Xiao, Rasul, Vollgraf; Zalando, MIT licence."""

from aepipe.datasets.idx_sets import idx_data_set, idx_file
from aepipe.datasets.spec import ExpectedArray

# Without TLS, as its publisher offers it; every byte is checked by digest.
BASE_URLS = ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",)
ARTICLES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

FILES = (
    idx_file(
        "train_images",
        "train-images-idx3-ubyte.gz",
        26_421_880,
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        ExpectedArray((60_000, 28, 28), "2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012"),
        BASE_URLS,
    ),
    idx_file(
        "train_labels",
        "train-labels-idx1-ubyte.gz",
        29_515,
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        ExpectedArray((60_000,), "657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7", 10),
        BASE_URLS,
    ),
    idx_file(
        "test_images",
        "t10k-images-idx3-ubyte.gz",
        4_422_102,
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        ExpectedArray((10_000, 28, 28), "c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a"),
        BASE_URLS,
    ),
    idx_file(
        "test_labels",
        "t10k-labels-idx1-ubyte.gz",
        5_148,
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ExpectedArray((10_000,), "3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9", 10),
        BASE_URLS,
    ),
)

SPEC = idx_data_set("fashion-mnist", FILES, ARTICLES, "Zalando: Xiao, Rasul, Vollgraf")
SUMMARY = SPEC.summary

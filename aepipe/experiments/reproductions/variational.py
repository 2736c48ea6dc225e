"""The likelihood of binarised digits under a variational autoencoder."""

from collections.abc import Iterator, Mapping

from aepipe.experiments.reproductions.case import Case, Figure, Published, Table
from aepipe.experiments.reproductions.measuring import evaluated
from aepipe.recipes import RecipeName
from aepipe.splits import evenly_spaced
from aepipe.stages.data import load_data
from aepipe.stages.request import TrainingRequest
from aepipe.stages.split import load_split
from aepipe.store import Store
from aepipe.store.local_files import local_file

NUM_IMAGES, BATCH, NUM_DRAWS, SEED = 1000, 250, 200, 0


def _nats(store: Store, request: TrainingRequest) -> Mapping[str, float | None]:
    """Return the bounds of held-out images whose pixels are drawn as black or white by their grey values."""
    # Here, because they import TensorFlow.
    import numpy as np

    from aepipe.generation.likelihood import importance_bound, lower_bound
    from aepipe.generation.measure import ImageMaker
    from aepipe.training.saving import load_model

    done = evaluated(store, request)
    parts = (load_model(local_file(store, done.trained.files[f"{part}.keras"])) for part in ("encoder", "decoder"))
    maker, test = ImageMaker.of(done.plan, *parts), load_split(store, done.split).test
    grey = load_data(store, done.data).scaled(test[evenly_spaced(len(test), NUM_IMAGES)])
    images = (np.random.default_rng(SEED).random(grey.shape) < grey).astype(np.float32)
    batches = [images[first : first + BATCH] for first in range(0, len(images), BATCH)]
    bound = lower_bound(batches, maker.encode, maker.decode, maker.pixels, SEED)
    tighter = importance_bound(batches, maker.encode, maker.decode, maker.pixels, SEED, NUM_DRAWS)
    return {"elbo": -bound.elbo, "nll": -float(tighter.mean()), "active": float(bound.num_active)}


def _cases() -> Iterator[Case]:
    published = (Published(89.9, "Rezende and Mohamed, 2015"), Published(89.78, "pythae's reproduction of it"))
    yield Case(
        row="mnist-variational, code 20",
        request=TrainingRequest(recipe=RecipeName("mnist-variational")),
        setting="mnist-variational, tuned, trained on grey digits",
        figures=(
            Figure("nll", "negative log likelihood (nats)", places=1, published=published, quick_limit=250),
            Figure("elbo", "negative ELBO (nats)", places=1),
            Figure("active", "active units", places=0, better="higher"),
        ),
        measure=_nats,
        is_quick=True,
    )


TABLE = Table(
    "variational",
    "Binarised digits under a variational model",
    f"{NUM_IMAGES:,} held-out digits of MNIST, each pixel drawn once as black or white with its grey value as "
    f"the probability; importance sampling with {NUM_DRAWS} draws (Burda and others, 2016). Published: the VAE "
    "of pythae's reproduction table, with a code of 50 values, trained on binarised digits.",
    "model",
    _cases,
)

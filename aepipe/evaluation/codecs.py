"""Codes of a given size that need no network, beside PCA of whole images: a low-pass filter, and PCA of patches.

With fewer images than code values PCA of whole images knows its training images by heart and no others. A fixed
low-pass learns nothing that it could memorise, and each image has many patches. Images are (num_images, height,
width, channels) in [0, 1].
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from aepipe.linear import PrincipalComponents
from aepipe.splits import evenly_spaced

# 50,000 of 32x32 pixels.
MAX_PATCHES, MAX_VALUES_OF_PATCHES = 50_000, 51_200_000
# Large patches are memorised as whole images are: up to 32x32 in colour.
MAX_PATCH_VALUES = 3072
GRIDS = (2, 4, 8, 16, 32, 64)
# How far a grid may reach beyond an image, as a share of it: what lies there is the image in a mirror.
MAX_BEYOND = 1 / 16
# Of a low-pass by frequency: JPEG's colour space, and the share of the code that each colour difference gets.
YCBCR = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
COLOUR_SHARE = 1 / 8


@dataclass(frozen=True)
class LowPass:
    """A discrete cosine transform of which as many coefficients are kept as the code has values.

    Attributes:
        name: How they are chosen: by zig-zag, or by variance.
        colours: (channels, channels), from a pixel's channels to those that are transformed.
        mean: (height, width, channels), what stands for a coefficient that is not kept.
        kept: (height, width, channels) booleans.
    """

    name: str
    colours: np.ndarray
    mean: np.ndarray
    kept: np.ndarray

    @classmethod
    def by_zig_zag(cls, images: np.ndarray, code_size: int) -> "LowPass":
        """Keep the lowest frequencies; the images give their shape alone, so nothing is learned."""
        _, height, width, channels = images.shape
        frequency = np.add.outer(np.arange(height) / height, np.arange(width) / width)
        place = np.argsort(np.argsort(frequency, axis=None, kind="stable"), kind="stable").reshape(height, width, 1)
        colours = YCBCR if channels == 3 else np.eye(channels)
        share = int(code_size * COLOUR_SHARE) if channels == 3 else code_size // channels
        kept = place < np.array([code_size - (channels - 1) * share, *[share] * (channels - 1)])
        return cls("zig-zag", colours, np.zeros(kept.shape), kept)

    @classmethod
    def by_variance(cls, images: np.ndarray, code_size: int) -> "LowPass":
        """Keep the coefficients that vary most among the images, in the colours that vary most."""
        pixels = images.reshape(-1, images.shape[-1])
        centred = np.asarray(pixels, np.float64) - pixels.mean(axis=0, dtype=np.float64)
        colours = np.linalg.eigh(centred.T @ centred)[1][:, ::-1].T
        coefficients = _coefficients(images, colours)
        order = np.argsort(-coefficients.var(axis=0), axis=None, kind="stable")
        kept = np.zeros(order.size, bool)
        kept[order[:code_size]] = True
        return cls("variance", colours, coefficients.mean(axis=0), kept.reshape(images.shape[1:]))

    @classmethod
    def from_arrays(cls, name: str, arrays: Mapping[str, np.ndarray]) -> "LowPass":
        """Return the one that has this name and these `arrays`."""
        return cls(name, **arrays)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All that it consists of beside its name."""
        return {"colours": self.colours, "mean": self.mean, "kept": self.kept}

    def reconstruct(self, images: np.ndarray) -> np.ndarray:
        """Return what the kept coefficients say of the images, of the same shape."""
        from scipy.fft import idctn

        coefficients = np.where(self.kept, _coefficients(images, self.colours), self.mean)
        return np.clip(idctn(coefficients, axes=(1, 2), norm="ortho") @ np.linalg.inv(self.colours).T, 0, 1)


@dataclass(frozen=True)
class PatchComponents:
    """PCA of the patches of a grid, each with its share of the code.

    Attributes:
        name: The size of a patch.
        grid: How many patches an image has in each direction.
        components: PCA of one patch, wherever it lies.
    """

    name: str
    grid: int
    components: PrincipalComponents

    @classmethod
    def fit(cls, images: np.ndarray, code_size: int, grid: int) -> "PatchComponents":
        """Fit on the patches of training images, at most 50,000 evenly spaced ones; fewer of large ones."""
        patches = _patches(images, grid)
        most = min(MAX_PATCHES, MAX_VALUES_OF_PATCHES // patches[0].size)
        patches = patches[evenly_spaced(len(patches), most)]
        name = "x".join(str(-(-length // grid)) for length in images.shape[1:3])
        return cls(name, grid, PrincipalComponents.fit(patches, code_size // grid**2))

    @classmethod
    def from_arrays(cls, name: str, arrays: Mapping[str, np.ndarray]) -> "PatchComponents":
        """Return the one that has this name and these `arrays`."""
        return cls(name, int(arrays["grid"]), PrincipalComponents(arrays["mean"], arrays["components"]))

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All that it consists of beside its name."""
        of_patches = self.components
        return {"grid": np.array(self.grid), "mean": of_patches.mean, "components": of_patches.components}

    def reconstruct(self, images: np.ndarray) -> np.ndarray:
        """Return the images with each patch projected, of the same shape."""
        patches = self.components.reconstruct(_patches(images, self.grid))
        num, height, width, channels = images.shape
        rows, columns = (-(-length // self.grid) for length in (height, width))
        tiled = patches.reshape(num, self.grid, self.grid, rows, columns, channels).transpose(0, 1, 3, 2, 4, 5)
        whole = tiled.reshape(num, self.grid * rows, self.grid * columns, channels)
        return np.clip(whole[:, :height, :width], 0, 1)


def possible_grids(image_shape: tuple[int, int, int], code_size: int) -> Iterator[int]:
    """Yield how many patches there may be in each direction: about whole ones, each with a value of the code."""
    height, width, channels = image_shape
    for grid in GRIDS:
        are_whole = all(-length % grid <= length * MAX_BEYOND and length >= 2 * grid for length in (height, width))
        if are_whole and grid**2 <= code_size and height * width * channels <= MAX_PATCH_VALUES * grid**2:
            yield grid


def _coefficients(images: np.ndarray, colours: np.ndarray) -> np.ndarray:
    # In functions, because it takes a while, and every command knows the names of the codecs.
    from scipy.fft import dctn

    return dctn(np.asarray(images, np.float64) @ colours.T, axes=(1, 2), norm="ortho")


def _patches(images: np.ndarray, grid: int) -> np.ndarray:
    """Return (num_images * grid**2, patch height, patch width, channels)."""
    beyond = [(0, -length % grid) for length in images.shape[1:3]]
    num, height, width, channels = (whole := np.pad(images, [(0, 0), *beyond, (0, 0)], mode="reflect")).shape
    tiled = whole.reshape(num, grid, height // grid, grid, width // grid, channels)
    return tiled.transpose(0, 1, 3, 2, 4, 5).reshape(-1, height // grid, width // grid, channels)

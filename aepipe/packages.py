"""Versions of installed distributions."""

from importlib import metadata

# TensorFlow without CUDA's kernels has a name of its own; on a CPU both give the same results to the last bit.
ALSO_CALLED = {"tensorflow": "tensorflow-cpu"}


def installed_version(name: str) -> str:
    """Return a distribution's version, whichever of its builds is installed.

    Raises:
        importlib.metadata.PackageNotFoundError: it is not installed.
    """
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        if name not in ALSO_CALLED:
            raise
        return metadata.version(ALSO_CALLED[name])

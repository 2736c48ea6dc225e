"""Small objects read from S3: believed where they are what their ETag says, or what they were before."""

from collections.abc import Callable

from aepipe.errors import CorruptObjectError, TransientStoreError
from aepipe.store.interface import Versioned
from aepipe.store.s3.upload import is_digest_of

# How often bytes are read that are not what their ETag says, until that is no accident on the way.
READS = 4


def read_checked(read: Callable[[], tuple[Versioned, bool]], **received: object) -> Versioned:
    """Return an object whose ETag is the digest of its bytes, or that was twice the same where the ETag is none.

    Args:
        read: Reads it once, and tells whether its ETag claims to be the digest of its bytes.
        **received: What an error says about the object.

    Raises:
        CorruptObjectError: its bytes are never what its ETag says, and always the same.
        TransientStoreError: they were others each time.
    """
    found: list[Versioned] = []
    for _ in range(READS):
        object_, claims_digest = read()
        if is_digest_of(object_.version, object_.data) or (object_ in found and not claims_digest):
            return object_
        found.append(object_)
    if all(object_ == found[0] for object_ in found):
        way_out = "Restore it from a backup, or produce it anew."
        raise CorruptObjectError("An object must have the digest that is its ETag.", way_out, **received)
    raise TransientStoreError(
        "The bytes must arrive as they were sent.", "Check the network; then run again.", **received
    )

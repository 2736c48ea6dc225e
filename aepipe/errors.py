"""Errors that a user can act on: the rule, what was received, the way out, in one line."""


def printable(text: str) -> str:
    """Return a text from outside as a terminal or a log may show it: what could steer either is escaped.

    File names, texts in stored objects and answers of servers hold whatever somebody put there: sequences that clear a
    screen or rewrite a line of it, line breaks that forge a line of a log.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class AepipeError(Exception):
    """A rule that was broken from outside: a parameter, a file, a download, the store.

    Args:
        rule: One sentence that says what must hold.
        way_out: One sentence that says what the user can do about it.
        **received: The values that broke the rule, printed as `Received: name=value`.
    """

    def __init__(self, rule: str, way_out: str = "", **received: object):
        values = ", ".join(f"{name}={value!r}" for name, value in received.items())
        self.way_out = printable(way_out)
        self.received = received
        parts = [rule, f"Received: {values}." if values else "", way_out]
        super().__init__(printable(" ".join(part for part in parts if part)))

    @property
    def problem(self) -> str:
        """The rule and what was received, without the way out."""
        return str(self).removesuffix(self.way_out).rstrip()


class ParameterError(AepipeError):
    """A parameter has a value that nothing can be done with."""


class DataError(AepipeError):
    """A data set could not be fetched, or is not what it should be."""


class BrokenFileError(DataError):
    """A file was read, and its bytes are no picture: asking again changes nothing, so the others go on without it."""


class NoPictureError(BrokenFileError):
    """Nothing in a file's bytes says that they are a picture."""


class UnreadKindError(BrokenFileError):
    """A file is a picture of a kind that is not read."""


class UnreadPixelsError(UnreadKindError):
    """A file is a picture of a kind that is read, with pixels that are not."""


class TooLargeError(BrokenFileError):
    """A file has more bytes or pixels than a picture may have."""


class ChangedDataError(DataError):
    """Files were written or removed while they were read."""


class TrainingError(AepipeError):
    """A training ended without a usable model."""


class TrainingInterruptedError(AepipeError):
    """A training was told to stop, and saved its state first."""


class TimedOutError(AepipeError):
    """Something took longer than it may."""


class StoreError(AepipeError):
    """The store did not do what was asked."""


class ObjectNotFoundError(StoreError):
    """The store holds no object under this key."""


class AccessDeniedError(StoreError):
    """The store refuses these credentials, or has no such bucket for them."""


class ConflictError(StoreError):
    """Somebody else wrote the object first; nothing was overwritten."""


class TransientStoreError(StoreError):
    """The store did not answer in time; the same call may succeed later."""


class UnknownOutcomeError(StoreError):
    """A write may or may not have taken effect, and the store can't be read to find out."""


class UnsafeStoreError(StoreError):
    """The store does not enforce what publishing depends on."""


class ModelFileError(StoreError):
    """A file holds no model, or not the one that it should."""


class UntrustedReleaseError(StoreError):
    """No key that is trusted here signed the release."""


class CorruptObjectError(StoreError):
    """The bytes in the store are not the bytes that were written."""


class NewerObjectError(StoreError):
    """A newer aepipe wrote the object, in a form that this one does not know."""

"""Errors of S3 calls: which of this project's they are, what to do about them, and whether to try again."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from botocore import exceptions
from botocore.parsers import ResponseParserError
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, stop_before_delay, wait_random_exponential
from urllib3.exceptions import HTTPError

from aepipe.errors import AccessDeniedError, ConflictError, ObjectNotFoundError, StoreError, TransientStoreError

TRIES = 5
REFUSED = "The store refuses these credentials."
CREDENTIALS = "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, to ones that may use this bucket."
PUBLIC = "To read a public bucket without any, set AEPIPE_S3_ANONYMOUS=1."
PERMISSIONS = (
    "Allow s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket there, or set AWS_PROFILE to another."
)
REGION = "Set AWS_DEFAULT_REGION to the bucket's region."
ENDPOINT = "Check that the server runs and that AWS_ENDPOINT_URL_S3 names it; then run again."
BUSY = "The store must answer without an error."

Meaning = tuple[type[StoreError], str, str]

MEANING_OF_CODE: Mapping[str, Meaning] = {
    "NoSuchBucket": (
        AccessDeniedError,
        "The bucket must exist; a store never creates one.",
        "Create it, or name another.",
    ),
    "PreconditionFailed": (ConflictError, "Somebody else wrote this object first.", "Read it again."),
    "InvalidAccessKeyId": (AccessDeniedError, REFUSED, CREDENTIALS),
    "SignatureDoesNotMatch": (AccessDeniedError, REFUSED, CREDENTIALS),
    "ExpiredToken": (AccessDeniedError, "The credentials must not have expired.", "Log in again."),
    "InvalidToken": (AccessDeniedError, REFUSED, "Set AWS_SESSION_TOKEN to the credentials' own, or remove it."),
    "RequestTimeTooSkewed": (AccessDeniedError, "This machine's clock must be right.", "Set the clock."),
    "AuthorizationHeaderMalformed": (StoreError, "The region must be the bucket's.", REGION),
    "PermanentRedirect": (StoreError, "The region must be the bucket's.", REGION),
    "IllegalLocationConstraintException": (StoreError, "The region must be the bucket's.", REGION),
    # These come with status 400 though the next try may succeed.
    "RequestTimeout": (TransientStoreError, BUSY, "Run again later."),
    **dict.fromkeys(
        (
            "BadDigest",
            "IncompleteBody",
            "InvalidChunkSizeError",
            "InvalidDigest",
            "XAmzContentChecksumMismatch",
            "XAmzContentSHA256Mismatch",
        ),
        (TransientStoreError, "The bytes must arrive as they were sent.", "Check the network; then run again."),
    ),
}
MEANING_OF_STATUS: Mapping[int, Meaning] = {
    301: (StoreError, "The region must be the bucket's.", REGION),
    401: (AccessDeniedError, REFUSED, CREDENTIALS),
    403: (AccessDeniedError, "The credentials must allow this.", PERMISSIONS),
    404: (ObjectNotFoundError, "The store must hold an object under this key.", ""),
    412: (ConflictError, "Somebody else wrote this object first.", "Read it again."),
    501: (StoreError, "The server must know the request.", "Use another server."),
    **dict.fromkeys((408, 409, 429), (TransientStoreError, BUSY, "Run again later.")),
}
NO_CREDENTIALS = (
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.CredentialRetrievalError,
    exceptions.TokenRetrievalError,
    exceptions.NoAuthTokenError,
    exceptions.ProfileNotFound,
    exceptions.SSOError,
)
# The last comes as it is when the connection breaks within an answer that boto3 reads by itself.
NO_ANSWER = (exceptions.HTTPClientError, exceptions.ConnectionError, exceptions.IncompleteReadError, HTTPError)
NEVER_SENT = (exceptions.EndpointConnectionError, exceptions.ConnectTimeoutError, exceptions.ProxyConnectionError)
# What Ceph answers, with status 500, to a conditional write that lost a race: nothing was written.
LOST_RACE = ("UnknownError",)
USER = re.compile(r"//[^\s'\"]*@")


def retrying(deadline_seconds: float) -> Retrying:
    """Return the tries around one call: what passes by itself is tried again, with full jitter, until the deadline.

    boto3's own tries share a quota within the client and end within tenths of a second; these bridge a restart.
    """
    return Retrying(
        retry=retry_if_exception_type(TransientStoreError),
        stop=stop_after_attempt(TRIES) | stop_before_delay(deadline_seconds),
        wait=wait_random_exponential(multiplier=1, max=20),
        reraise=True,
    )


@contextmanager
def s3_errors(**received: object) -> Iterator[None]:
    """Turn boto3's errors within the block into the store's; secrets and signatures never get into their text."""
    try:
        yield
    except exceptions.ClientError as error:
        kind, rule, way_out = _meaning_of_answer(error)
        raise kind(rule, way_out, **received, status=_status(error), code=_code(error)) from error
    except (exceptions.BotoCoreError, ResponseParserError, HTTPError) as error:
        kind, rule, way_out = _meaning_of_failure(error)
        _hide_secrets(error)
        raise kind(rule, way_out, **received, error=type(error).__name__) from error


def may_be_written(error: StoreError) -> bool:
    """Tell whether a failed write may have taken effect all the same."""
    cause = error.__cause__
    if isinstance(cause, exceptions.ClientError):
        return _status(cause) >= 500 and _code(cause) not in LOST_RACE
    return isinstance(error, TransientStoreError) and not isinstance(cause, NEVER_SENT)


def _hide_secrets(error: BaseException | None) -> None:
    """Take users and passwords out of the addresses that an error and its causes name: tracebacks print them, too."""
    while error is not None:
        error.args = tuple(USER.sub("//...@", text) if isinstance(text, str) else text for text in error.args)
        error = error.__cause__ or error.__context__


def _code(error: exceptions.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _status(error: exceptions.ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _meaning_of_answer(error: exceptions.ClientError) -> Meaning:
    status, code = _status(error), _code(error)
    if code in MEANING_OF_CODE:
        return MEANING_OF_CODE[code]
    if status in MEANING_OF_STATUS:
        return MEANING_OF_STATUS[status]
    if status >= 500:
        return TransientStoreError, BUSY, "Run again later."
    return StoreError, "The server must accept the request.", "Look the code up in the server's manual."


def _meaning_of_failure(error: Exception) -> Meaning:
    if isinstance(error, NO_CREDENTIALS):
        return AccessDeniedError, "The store needs credentials.", f"{CREDENTIALS} {PUBLIC}"
    if isinstance(error, exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return StoreError, "The server's certificate must be trusted.", "Set AWS_CA_BUNDLE to the file of its CA."
    if isinstance(error, NO_ANSWER):
        return TransientStoreError, "The server did not answer.", ENDPOINT
    if isinstance(error, ResponseParserError):
        return StoreError, "The server must answer as S3 does.", "Check AWS_ENDPOINT_URL_S3."
    return StoreError, "The AWS settings must be usable.", "Check the AWS_* variables and the profile."

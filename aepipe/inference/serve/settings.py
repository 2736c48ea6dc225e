"""Settings of a served model: where it listens, whom it answers, how much it takes."""

import os
import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from aepipe.errors import ParameterError
from aepipe.io.listening import THIS_MACHINE

TOKEN = "AEPIPE_SERVE_TOKEN"
MIN_TOKEN_LENGTH = 16
# What a header can carry without being quoted.
LEGAL_TOKEN = re.compile(r"[!-~]+")


class ServeSettings(BaseModel):
    """What whoever serves a model chooses."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", description="Address that it listens on; others than loopback need a token.")
    port: int = Field(8080, ge=0, le=65535, description="Its port; 0 for any that is free.")
    token: SecretStr | None = Field(None, description="What every request must carry, as Authorization: Bearer TOKEN.")
    max_bytes: int = Field(10 << 20, ge=1, le=1 << 30, description="Most bytes of a picture's file.")
    batch_ms: float = Field(5, ge=0, le=1000, description="Milliseconds that a picture waits for others.")
    batch_size: int = Field(64, ge=1, le=65536, description="Most pictures that are computed together.")
    max_waiting: int = Field(512, ge=1, le=65536, description="Most requests at a time; others are told to come again.")
    poll_seconds: float = Field(
        10, ge=0.1, le=60, description="Seconds between two looks at the channel for another release."
    )
    drain_seconds: int = Field(
        30, ge=1, le=3600, description="Most seconds that requests have to end in when it is stopped."
    )

    @property
    def is_local(self) -> bool:
        """Whether no other machine can reach it."""
        return self.host in THIS_MACHINE

    def require_token(self) -> None:
        """Check that nobody but this machine's users can reach it, or that it asks for a token.

        Raises:
            ParameterError: it listens elsewhere, and has none.
        """
        if self.token is None and not self.is_local:
            raise ParameterError(
                "What listens on more than loopback asks for a token.",
                f"Set {TOKEN}, or name a file that holds one: --token-file.",
                host=self.host,
            )


def read_token(file: Path | None) -> SecretStr | None:
    """Return the token in a file, or in the environment; None where there is neither.

    Raises:
        ParameterError: the file can't be read, or what is there is no token, or one that is soon guessed.
    """
    source, text = (f"${TOKEN}", os.environ.get(TOKEN)) if file is None else (str(file), _text_of(file))
    if text is None:
        return None
    token = text.strip()
    if len(token) < MIN_TOKEN_LENGTH or not LEGAL_TOKEN.fullmatch(token):
        raise ParameterError(
            f"A token has at least {MIN_TOKEN_LENGTH} characters: letters, digits and signs, no spaces.",
            "Make one: openssl rand -hex 32",
            source=source,
            length=len(token),
        )
    return SecretStr(token)


def _text_of(file: Path) -> str:
    try:
        return file.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError("The token's file must be readable text.", reason=str(error), file=str(file)) from error

"""References to objects in the store: what travels between stages, never arrays or models."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from aepipe.store.names import Address, Sha256, Size

Kind = Literal["data", "split", "model", "table", "figure", "document", "log"]


class Ref(BaseModel):
    """One object in the store, and the bytes that it must have."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    uri: Address = Field(description="Where it is: the store's URL, a slash, its key.")
    sha256: Sha256 = Field(description="Hex digest of its bytes.")
    size: Size = Field(description="Its length in bytes.")
    kind: Kind = Field(description="What it is good for.")

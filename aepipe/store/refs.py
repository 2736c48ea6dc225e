"""What travels between stages: references to objects in the store, never arrays or models."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["data", "split", "model", "table", "figure", "document", "log"]


class Ref(BaseModel):
    """One object in the store, and the bytes that it must have."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    uri: str = Field(description="Where it is: the store's URL, a slash, its key.")
    sha256: str = Field(description="Hex digest of its bytes.", pattern="^[0-9a-f]{64}$")
    size: int = Field(description="Its length in bytes.", ge=0)
    kind: Kind = Field(description="What it is good for.")

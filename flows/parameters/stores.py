"""Parameters of what reads and keeps a store: the store, releases, channels, what may go."""

from typing import Annotated

from pydantic import Field

from aepipe.releases import channel

Store = Annotated[str, Field(description="The store: a folder, file:///path or s3://bucket/prefix.")]
Release = Annotated[str, Field(description="The release's id, or a channel's name.")]
Channel = Annotated[str, Field(pattern="^[a-z0-9-]+$", max_length=64, description="The channel's name.")]
Why = Annotated[str, Field(min_length=1, description="The reason; it is kept in the channel's history.")]
Force = Annotated[bool, Field(description="Also where the gate held a model back.")]
Missing = Annotated[
    channel.Missing,
    Field(
        description="The channel's models that the release has none of by the same name: keep makes a release of both, "
        "drop lets them go, refuse promotes nothing where there are any."
    ),
]
Full = Annotated[bool, Field(description="Read every byte back; otherwise sizes are compared.")]
Keep = Annotated[int, Field(ge=0, description="How many of the latest stay, beside what channels name.")]
GraceHours = Annotated[float, Field(ge=0, description="Nothing younger goes; a run that takes longer may fail.")]
Days = Annotated[
    float,
    Field(
        ge=0,
        description="Runs on the server, checkpoints, curves and what a cache has stay so many days after their last "
        "use, results of models in use as long.",
    ),
]
Delete = Annotated[bool, Field(description="Remove them; otherwise they are only named.")]

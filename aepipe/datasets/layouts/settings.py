"""Settings of layouts: what a user says of their own images where looking at the folders is not enough."""

import re
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from aepipe.errors import ParameterError

AUTO: Literal["auto"] = "auto"
TABLE = "table"
MAX_EXPRESSION = 200


class LayoutSettings(BaseModel):
    """How one's own images are laid out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    layout: Literal["auto", "flat", "classes", "parts", "mvtec", "table"] = Field(
        AUTO,
        title="Layout",
        description="What the folders mean: flat, nothing; classes; parts, train and test on top; mvtec, where only "
        "normal images train; table, a CSV or Parquet file says it. By default found by looking.",
    )
    table: str | None = Field(
        None,
        min_length=1,
        title="Table",
        description="The CSV, TSV or Parquet file among the images that has a row for each, where there are several.",
    )
    group: str | None = Field(
        None,
        min_length=1,
        max_length=MAX_EXPRESSION,
        title="Group",
        description="Regular expression over an image's path; images of which its first group, or all of it, is equal "
        "are in one part, as those of a patient.",
    )

    @property
    def layouts(self) -> "LayoutSettings":
        """These settings alone, without those of whatever inherits them."""
        return LayoutSettings(**{name: getattr(self, name) for name in LayoutSettings.model_fields})

    def check_unused(self, data_set: str) -> None:
        """Check that nothing was chosen for a data set that has no files to lay out.

        Raises:
            ParameterError: something was.
        """
        chosen = self.layouts.model_dump(exclude_defaults=True)
        if chosen:
            names = ", ".join(f"data.{name}" for name in chosen)
            raise ParameterError(
                f"{names} must be for pictures in files: a folder, an archive or a prefix.", data_set=data_set, **chosen
            )

    @field_validator("group")
    @classmethod
    def _is_an_expression(cls, group: str | None) -> str | None:
        try:
            re.compile(group or "")
        except re.error as error:
            raise ValueError(f"it must be a regular expression: {error}") from None
        return group

    @model_validator(mode="after")
    def _table_is_of_its_layout(self) -> Self:
        if self.table is not None and self.layout not in (AUTO, TABLE):
            raise ValueError(f"data.table must be for the layout table, and data.layout is {self.layout}")
        return self

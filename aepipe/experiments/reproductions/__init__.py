"""The tables of the literature, by name: what others have published, and what is trained here to be held against it.

A new table is a module with a `TABLE`, and a line here.
"""

from collections.abc import Iterable, Mapping

from aepipe.errors import ParameterError
from aepipe.experiments.reproductions import (
    colour_codes,
    deep_code,
    denoising,
    one_class,
    tutorials,
    two_dimensions,
    variational,
)
from aepipe.experiments.reproductions.case import Table
from aepipe.suggestions import did_you_mean

# In the order in which they are run and printed.
TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        deep_code.TABLE,
        two_dimensions.TABLE,
        colour_codes.TABLE,
        one_class.TABLE,
        denoising.TABLE,
        variational.TABLE,
        tutorials.TABLE,
    )
}


def tables_of(names: Iterable[str]) -> list[Table]:
    """Return the tables of these names, each once; all of them where none is named.

    Raises:
        ParameterError: there is no such table.
    """
    chosen = list(dict.fromkeys(names)) or list(TABLES)
    for name in chosen:
        if name not in TABLES:
            raise ParameterError(f"A table is one of {', '.join(TABLES)}.", did_you_mean(name, TABLES), table=name)
    return [TABLES[name] for name in chosen]

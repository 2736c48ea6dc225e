"""Results of models in use: what a model said of pictures, with a manifest that is written last."""

from aepipe.results.destination import Destination, open_destination, working_folder
from aepipe.results.known import Known, find_known, known_digests
from aepipe.results.manifest import Kind, ResultsManifest, Use
from aepipe.results.reading import list_results, read_results, read_table
from aepipe.results.writing import write_results

__all__ = [
    "Destination",
    "Kind",
    "Known",
    "ResultsManifest",
    "Use",
    "find_known",
    "known_digests",
    "list_results",
    "open_destination",
    "read_results",
    "read_table",
    "working_folder",
    "write_results",
]

"""Results of models in use: what a model said of pictures, with a manifest that is written last."""

from aepipe.results.destination import Destination, open_destination, working_folder
from aepipe.results.file_digests import keep_file_digests, read_file_digests
from aepipe.results.flow_runs import find_own
from aepipe.results.known import Known, find_known, known_digests
from aepipe.results.manifest import Kind, ResultsManifest, Use, place_of
from aepipe.results.reading import latest_results, list_results, list_runs, read_results, read_table, table_file
from aepipe.results.writing import write_results

__all__ = [
    "Destination",
    "Kind",
    "Known",
    "ResultsManifest",
    "Use",
    "find_known",
    "find_own",
    "keep_file_digests",
    "known_digests",
    "latest_results",
    "list_results",
    "list_runs",
    "open_destination",
    "place_of",
    "read_file_digests",
    "read_results",
    "read_table",
    "table_file",
    "working_folder",
    "write_results",
]

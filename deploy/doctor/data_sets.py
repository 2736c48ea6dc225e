"""Checks of the data sets: in the cache, or from where they can be fetched. Nothing is downloaded."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from functools import partial
from importlib import import_module
from urllib.parse import urlsplit

from aepipe.datasets import DATA_SETS, OWN_IMAGES, module_of
from aepipe.datasets.cache import data_set_folder
from aepipe.datasets.sources import MIRROR_VARIABLE, InterruptedDownloadError, Source, list_sources, open_source
from aepipe.datasets.spec import DataSetSpec
from aepipe.deploy.doctor.finding import Finding, failure, start
from aepipe.errors import DataError, ParameterError

ANSWER_SECONDS = 10.0

# By file name.
Sources = Mapping[str, Sequence[Source]]


def check_data_sets() -> Iterator[Finding]:
    """Look for each known data set in the cache, and ask the sources of what is not there, all at once."""
    specs = [import_module(module_of(name)).SPEC for name in DATA_SETS if name != OWN_IMAGES]
    try:
        missing = {spec.name: _missing(spec) for spec in specs}
    except ParameterError as error:
        yield failure("data sets", error)
        return
    asked = [source for files in missing.values() for sources in files.values() for source in sources]
    answers = {place: start(partial(_refusal, url)) for place, url in {_place(s): s.url for s in asked}.items()}
    wait(answers.values(), ANSWER_SECONDS)
    for spec in specs:
        yield _judge(spec, missing[spec.name], answers)


def _missing(spec: DataSetSpec) -> Sources:
    folder = data_set_folder(spec, None)
    return {
        file.name: list_sources(spec.name, file.name, file.urls)
        for file in spec.files
        if not (folder / file.name).is_file()
    }


def _place(source: Source) -> str:
    """Return what one answer tells about: a publisher has all of its files, a mirror may lack some."""
    if source.is_published:
        return urlsplit(source.url).netloc
    # Each question to S3 takes a client of its own, which takes tenths of a second.
    return source.url.rpartition("/")[0] if source.url.startswith("s3:") else source.url


def _refusal(url: str) -> str:
    """Return why a file can't be fetched from there; empty where it can. Only the answer's head is read."""
    try:
        with open_source(url, 0):
            return ""
    # boto3 raises ValueError for an endpoint that is no URL.
    except (DataError, InterruptedDownloadError, ValueError) as error:
        return str(error)


def _judge(spec: DataSetSpec, missing: Sources, answers: Mapping[str, Future[str]]) -> Finding:
    subject = f"data set {spec.name}"
    if not spec.files:
        return Finding("ok", subject, spec.summary.source)
    if not missing:
        return Finding("ok", subject, "in the cache")
    refusals = {file: [(source, _answer(answers[_place(source)])) for source in missing[file]] for file in missing}
    lost = [file for file, tried in refusals.items() if all(refusal for _, refusal in tried)]
    if not lost:
        first = next(source.label for source, refusal in next(iter(refusals.values())) if not refusal)
        return Finding("ok", subject, f"can be fetched from {first.rpartition('/')[0]}")
    tried = "; ".join(f"{source.label}: {refusal}" for source, refusal in refusals[lost[0]])
    way_out = f"Set {MIRROR_VARIABLE} to a folder, http(s):// or s3:// URL that holds {spec.name}/{lost[0]}."
    text = f"{len(lost)} of {len(spec.files)} files are neither in the cache nor in reach"
    return Finding("warning", subject, f"{text}: {tried or 'no public address'}", way_out)


def _answer(future: Future[str]) -> str:
    return future.result() if future.done() else f"no answer within {ANSWER_SECONDS:g} s"

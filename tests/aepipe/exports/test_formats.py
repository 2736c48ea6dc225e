"""The table of formats holds what others rely on."""

from typing import get_args

import pytest

from aepipe.exports import check
from aepipe.exports.formats import EXPORTS, FILES, FORMATS, OF_EVERY_TRAINING, ExportFormat, Runtime, formats_of
from aepipe.stages import train
from aepipe.stages.fingerprint import source_digests
from aepipe.stages.kinds import kind_of


def test_each_format_has_its_file_its_kind_and_who_runs_it():
    assert list(EXPORTS) == list(ExportFormat)
    assert set(FORMATS) == {*OF_EVERY_TRAINING, *ExportFormat}
    assert len(FILES) == sum(len(form.files) for form in FORMATS.values())
    assert set(check.LOADERS) == {form.runtime for form in FORMATS.values()} == set(get_args(Runtime))


@pytest.mark.parametrize("file", FILES)
def test_a_stage_knows_each_file_for_a_model(file, tmp_path):
    assert kind_of(tmp_path / file) == "model"


def test_halves_have_files_beside_the_whole():
    assert FORMATS["onnx"].files == {"model": "model.onnx", "encoder": "encoder.onnx", "decoder": "decoder.onnx"}
    assert FORMATS["litert-int8"].files == {"model": "model_int8.tflite"}
    assert FILES["decoder.tflite"] == (FORMATS["litert"], "decoder")


def test_quick_runs_make_none():
    assert (formats_of("full"), formats_of("quick")) == (tuple(ExportFormat), ())


def test_another_format_has_nothing_trained_or_measured_again():
    modules = [*train.MODULES, "aepipe.stages.train", "aepipe.stages.evaluate", "aepipe.evaluation.measure"]
    assert "aepipe.exports.formats" not in source_digests(modules)
    assert "aepipe.exports.formats" in source_digests(["aepipe.stages.export"])

"""Keras as trainings use it: what other projects chose for it, and what TensorFlow prints, stay outside."""

import json
import os
import signal
import subprocess
import sys

REAL = "E0000 cuda_platform.cc:52] failed call to cuInit: UNKNOWN ERROR (303)"
BANNER = """\
WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
I0000 port.cc:153] oneDNN custom operations are on. You may see slightly different numerical results.
"""
SHOW = """
from aepipe.training.runtime import keras, tf
config = keras.config
tf.constant(1) + 1
print(config.backend(), config.floatx(), config.epsilon(), config.image_data_format(), config.dtype_policy().name)
"""


def run(code: str, **variables: str) -> subprocess.CompletedProcess:
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    return subprocess.run([sys.executable, "-c", code], env=environment | variables, capture_output=True, text=True)


def test_the_keras_file_of_a_home_changes_nothing_and_no_banner_is_printed(tmp_path):
    chosen = {"backend": "jax", "floatx": "float16", "epsilon": 0.01, "image_data_format": "channels_first"}
    (tmp_path / "keras.json").write_text(json.dumps(chosen))
    done = run(SHOW, KERAS_HOME=str(tmp_path))
    assert done.stdout == "tensorflow float32 1e-07 channels_last float32\n"
    assert done.stderr == ""


def test_what_an_import_says_before_it_fails_is_shown(tmp_path):
    text = BANNER + REAL + "\n"
    (tmp_path / "keras.py").write_text(
        f"import os\nos.write(2, {text.encode()!r})\nraise ImportError('no such library')"
    )
    done = run("import aepipe.models.backend", PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith(REAL + "\nTraceback ")
    assert "no such library" in done.stderr


def test_what_an_import_says_before_it_aborts_is_shown(tmp_path):
    text = "F0000 cpu_feature_guard.cc] compiled to use AVX instructions, but these aren't available\n"
    (tmp_path / "keras.py").write_text(f"import os\nos.write(2, {text.encode()!r})\nos.abort()")
    done = run("import aepipe.models.backend", PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stderr) == (-signal.SIGABRT, text)

PYTHON ?= python3
BIN := .venv/bin

.PHONY: run up test e2e bench bench-store lock clean

run: .venv/runtime.installed  ## every recipe on the embedded digits, quick preset, into ./store
	$(BIN)/aepipe run --preset quick --data-set digits

up: .venv/runtime.installed  ## a Prefect server, its UI, the deployments and workers, until Ctrl-C
	$(BIN)/aepipe up

test: .venv/dev.installed  ## lint and the whole test suite
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/python -m pytest -n 2 --dist loadfile

e2e: .venv/dev.installed  ## processes that are killed, servers that fail; SELECT='-m "not slow"' leaves out the longest
	$(BIN)/python -m pytest tests/e2e -n 2 --dist load --maxschedchunk 1 -rP \
	    --show-capture=stdout -o timeout=1500 $(SELECT)

bench: .venv/dev.installed  ## training speed beside Keras, and beside PyTorch and JAX where they are installed
	$(BIN)/python tests/benchmarks/bench.py

bench-store: .venv/dev.installed  ## uploads beside boto3's upload_file
	PYTHONPATH=.:tests $(BIN)/python tests/benchmarks/store.py

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	    { echo "aepipe needs Python 3.11 to 3.13. Received: PYTHON=$(PYTHON). Name another: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/%.installed: deploy/requirements/%.lock pyproject.toml | .venv/bin/python
	@echo "Installing $< into .venv: about 1 GB, some minutes"
	@# The lock is complete. Resolving it again, old pips look at newer versions of packages with extras, and refuse them.
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r $<
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

lock:  ## pin the newest versions inside pyproject's ranges; needs uv
	uv pip compile --universal --upgrade --python-version 3.11 --generate-hashes --no-header --no-annotate \
	    --quiet pyproject.toml -o deploy/requirements/runtime.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra dev \
	    --quiet pyproject.toml -c deploy/requirements/runtime.lock -o deploy/requirements/dev.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra gpu \
	    --quiet pyproject.toml -c deploy/requirements/runtime.lock -o deploy/requirements/gpu.lock

clean:
	rm -rf .venv store *.egg-info

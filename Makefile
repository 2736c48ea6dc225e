PYTHON ?= python3
BIN := .venv/bin

# What is installed: runtime, or gpu for TensorFlow with CUDA.
LOCK ?= $(if $(wildcard .venv/gpu.installed),gpu,runtime)

.PHONY: help run up test coverage lint types pictures e2e bench bench-data bench-denoising bench-gate bench-pictures bench-quality bench-releases bench-scale bench-score bench-store one-class defects bench-serve image-test lock clean clean-store

help:  ## these lines
	@sed -nE 's/^([a-z0-9-]+):.*  ## (.*)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) | \
	    while IFS='|' read -r target words; do printf '  make %-15s %s\n' "$$target" "$$words"; done

run: .venv/$(LOCK).installed  ## every recipe on the embedded digits, quick preset, into ./store
	$(BIN)/aepipe run --preset quick --data-set digits

up: .venv/$(LOCK).installed  ## a Prefect server, its UI, the deployments and workers, until Ctrl-C
	$(BIN)/aepipe up

SUITE := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test: lint types .venv/dev.installed  ## lint, types and the whole test suite
	$(SUITE)

coverage: .venv/dev.installed  ## the suite with its coverage, which must be above the floor; takes longer under Python 3.11
	$(SUITE) --cov --cov-report=

lint: .venv/dev.installed  ## ruff: rules and format
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: .venv/dev.installed  ## every annotation, by mypy
	$(BIN)/mypy

pictures: .venv/dev.installed  ## the documents' picture of the packages, drawn from the imports
	PYTHONPATH=tests $(BIN)/python tests/draw_packages.py

e2e: .venv/dev.installed  ## processes that are killed, servers that fail; SELECT='-m "not slow"' leaves out the longest
	$(BIN)/python -m pytest tests/e2e -n 2 --dist load --maxschedchunk 1 -rfEP \
	    --show-capture=stdout -o timeout=1500 $(SELECT)

bench: .venv/dev.installed  ## training speed beside Keras, and beside PyTorch and JAX where they are installed
	$(BIN)/python tests/benchmarks/bench.py

bench-data: .venv/dev.installed  ## reading of 100,000 pictures beside Pillow in a pool and tf.data
	$(BIN)/python tests/benchmarks/data.py run

bench-denoising: .venv/dev.installed  ## denoisers beside BM3D (pip install bm3d) and the best linear map, PSNR by noise level
	$(BIN)/python tests/benchmarks/denoising.py

bench-gate: .venv/dev.installed  ## how often the gate holds models that differ by their seed alone, and worse ones
	$(BIN)/python tests/benchmarks/twins.py $(SELECT)

# SELECT='/data/parts --sizes 256 --steps 1000' is a set of one's own.
bench-pictures: .venv/dev.installed  ## pictures of 64, 128 and 256 pixels beside PCA of patches, DCT and an ordinary autoencoder
	$(BIN)/python tests/benchmarks/pictures.py $(SELECT)

# SELECT='mnist-dense --share 0.25' is a part of it.
bench-quality: .venv/dev.installed  ## the tuned settings beside the best for Adam: time to its error, and the error
	$(BIN)/python tests/benchmarks/quality.py $(SELECT)

bench-releases: .venv/dev.installed  ## a store of 1,000 releases: seconds and requests of its list, table and page
	PYTHONPATH=.:tests $(BIN)/python tests/benchmarks/many_releases.py $(SELECT)

bench-scale: .venv/dev.installed  ## what a training asks of the Prefect server and the store, and what 10,000 would
	PYTHONPATH=.:tests $(BIN)/python tests/benchmarks/counts.py $(SELECT)

bench-score: .venv/dev.installed  ## scoring of 10,000 pictures beside the model's forward pass alone
	PYTHONPATH=.:tests $(BIN)/python tests/benchmarks/score.py run

bench-store: .venv/dev.installed  ## uploads beside boto3's upload_file
	PYTHONPATH=.:tests $(BIN)/python tests/benchmarks/store.py

defects: .venv/dev.installed  ## made defects on textures: what models find of them, beside PCA, and false alarms
	$(BIN)/python tests/benchmarks/defects.py

bench-serve: .venv/dev.installed  ## a served model under 200 requests at a time while its channel moves
	PYTHONPATH=.:tests $(BIN)/python tests/benchmarks/serve.py

# SELECT='--seeds 0' is a part of it. Stopped, it goes on where it was.
one-class: .venv/dev.installed  ## each class of MNIST, Fashion-MNIST and CIFAR-10 against the rest, into reproductions.csv
	$(BIN)/aepipe reproduce one-class $(SELECT)

# BASE=registry.example.org/python:3.11 is another base; BUILD_OPTIONS and RUN_OPTIONS go to docker or podman.
image-test: .venv/dev.installed  ## the image, built and run without rights by docker or podman; skipped without them
	IMAGE_BASE="$(BASE)" IMAGE_BUILD_OPTIONS="$(BUILD_OPTIONS)" IMAGE_RUN_OPTIONS="$(RUN_OPTIONS)" \
	    $(BIN)/python -m pytest tests/image -x -ra --durations=10 -o timeout=3000

# A .venv whose Python is gone, or that was made for another place, is made anew.
IDENTITY := $(BIN)/python deploy/requirements/identity.py
STALE := $(shell [ ! -e .venv/made-for ] || [ "$$(cat .venv/made-for)" = "$$($(IDENTITY) 2>&1)" ] || echo FORCE)

.venv/%.installed: deploy/requirements/%.lock pyproject.toml $(STALE)
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	    { echo "aepipe needs Python 3.11 to 3.13. Received: PYTHON=$(PYTHON). Name another: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) deploy/requirements/install.py $*

.PHONY: FORCE
FORCE:

COMPILE := uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet pyproject.toml
CPU := deploy/requirements/cpu.txt --override deploy/requirements/cpu.txt

lock:  ## pin the newest versions inside pyproject's ranges; needs uv
	$(COMPILE) $(CPU) --upgrade -o deploy/requirements/runtime.lock
	$(COMPILE) $(CPU) --extra dev -c deploy/requirements/runtime.lock -o deploy/requirements/dev.lock
	$(COMPILE) --extra gpu -c deploy/requirements/runtime.lock -o deploy/requirements/gpu.lock

clean:  ## what make made, but never results
	rm -rf .venv *.egg-info build

clean-store:  ## ./store with every release in it, for good; asks first
	@[ -d store ] || { echo "There is no ./store."; exit 1; }
	@printf 'Remove ./store with its %s releases for good? Type yes: ' "$$(ls store/releases 2>/dev/null | wc -l)"
	@read -r answer && [ "$$answer" = yes ] || { echo "Nothing was removed."; exit 1; }
	rm -rf store

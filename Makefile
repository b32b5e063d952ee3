# Two commands do all the set-up on a machine with Python 3.11+ (pip and venv), make and git:
#   make release   the environment, then the main job on seeds/
#   make test      the environment, then the whole test suite

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
STAMP := $(VENV)/.installed
WEB := src/onrecord/page/web

export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false

.DEFAULT_GOAL := help
.PHONY: help release test test-hostile test-operations test-ecosystem test-scale check format clean reference dictionary docs page bench bench-quality bench-speed bench-peers bench-lookup bench-validate bench-flow bench-incremental bench-page bench-scale

help:  ## say what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(STAMP): pyproject.toml constraints.txt
ifneq ($(UV),)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
	VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --constraint constraints.txt --editable '.[dev]'
else
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
endif
	touch $(STAMP)

release: $(STAMP)  ## build a release of seeds/ under data/
	$(BIN)/onrecord release

test: $(STAMP)  ## run the whole test suite
	$(BIN)/python -m pytest --numprocesses=auto --dist=worksteal

# Some 12 minutes on two cores. Needs strace; says how to install it where it is missing.
test-hostile: $(STAMP)  ## fault injection, hostile input and fuzzing
	$(BIN)/python -m pytest -m hostile

# Makes environments of its own below tests/ecosystem/.envs/, some 700 MB. The page is looked at in
# Chromium with axe, and its scripts are built again, where there are Chromium and npm.
test-ecosystem: $(STAMP)  ## mlcroissant, datasets, RO-Crate, DataCite, CFF; the tutorial; the page with axe
	$(if $(shell command -v npm),npm --prefix $(WEB) install --no-audit --no-fund --no-package-lock --loglevel=error)
	$(BIN)/python -m pytest -m ecosystem

# Some 4 minutes: the commands of docs/operations.md, with servers and workers on loopback.
test-operations: $(STAMP)  ## servers, workers and schedules, killed in between
	$(BIN)/python -m pytest -m operations

# In an environment of its own, because Daft does not take the newest PyArrow yet: 2 GB, of which
# Daft and Ray have some 400 MB. Some 4 minutes.
SCALE := .venv-scale
$(SCALE)/.installed: pyproject.toml constraints.txt constraints-scale.txt
	$(PYTHON) -m venv $(SCALE)
	grep -vE '^(pyarrow|tqdm)==' constraints.txt | cat - constraints-scale.txt > $(SCALE)/constraints.txt
	$(SCALE)/bin/python -m pip install --quiet --disable-pip-version-check --constraint $(SCALE)/constraints.txt --editable '.[dev,ray]'
	touch $@

test-scale: $(SCALE)/.installed  ## releases by Daft, and by Ray on loopback, beside those of threads
	$(SCALE)/bin/python -m pytest -m scale

check: $(STAMP)  ## linters and types
	$(BIN)/ruff check src flows tests bench
	$(BIN)/ruff format --check src flows tests bench
	$(BIN)/mypy

format: $(STAMP)  ## format the code
	$(BIN)/ruff format src flows tests bench
	$(BIN)/ruff check --fix src flows tests bench

reference: $(STAMP)  ## rewrite the pages of docs/ that come from the code
	$(BIN)/python -m onrecord.reference docs

dictionary: reference

docs: $(STAMP)  ## build the documentation into site/; needs no network
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

# The bundle is committed, so that nobody needs npm to make a release.
page:  ## build the scripts of the page from src/onrecord/page/web/
	npm --prefix $(WEB) install --no-audit --no-fund --no-package-lock --loglevel=error
	npm --prefix $(WEB) run build

# Benchmarks run on CORPUS=folder-or-archive; without one on the shared corpus beside the
# repository, and where that is missing on seeds/.
SEED ?= 1
BENCH := $(VENV)/.bench

$(BENCH): $(STAMP)
ifneq ($(UV),)
	VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --constraint constraints.txt --editable '.[dev,bench]'
else
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,bench]'
endif
	touch $(BENCH)

bench-quality: $(BENCH)  ## what is found and what is merged wrongly, on a labelled set: SEED=n
	$(BIN)/python -m bench.quality --seed $(SEED)
	$(BIN)/python -m bench.quality.natural

bench-speed: $(BENCH)  ## time and memory of every stage beside the floor
	$(BIN)/python -m bench.speed --sizes 10,100,1000

bench-peers: $(BENCH)  ## other tools on the same input, each in an environment of its own
	$(BIN)/python -m bench.peers

bench-lookup: $(BENCH)  ## why, diff and list on a release of a million paragraphs
	$(BIN)/python -m bench.lookup

bench-validate: $(BENCH)  ## rows per second and memory of onrecord check, beside frictionless
	$(BIN)/python -m bench.validate

bench-flow: $(BENCH)  ## a release as a Prefect flow beside the command line
	$(BIN)/python -m bench.flow

bench-incremental: $(BENCH)  ## a run with nothing to do, and one with a hundredth more
	$(BIN)/python -m bench.incremental

bench-page: $(BENCH)  ## what a browser fetches to show a record of a large release
	$(BIN)/python -m bench.page

# In the environment of test-scale, which has Daft. 10,000 MB as well: SIZES=100,1000,10000, with two
# hours and 60 GB of disk.
SIZES ?= 100,1000
$(SCALE)/.bench: $(SCALE)/.installed
	$(SCALE)/bin/python -m pip install --quiet --disable-pip-version-check --constraint $(SCALE)/constraints.txt --editable '.[dev,bench,ray]'
	touch $@

bench-scale: $(SCALE)/.bench  ## growth of cost and memory, by engine, and a forecast for more
	$(SCALE)/bin/python -m bench.scale --sizes $(SIZES)

bench: bench-quality bench-speed bench-peers bench-lookup bench-validate bench-flow bench-incremental  ## all but the page and scale; writes bench/results/

clean:  ## remove the environment and caches; data/ is yours to remove
	rm -rf $(VENV) $(SCALE) .mypy_cache .pytest_cache .ruff_cache .hypothesis

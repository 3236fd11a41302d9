# Two commands are enough: `make study` and `make test`. Each sets up what it needs.
PYTHON ?= python3
STUDY ?= notebooks/study.yml
ENV := .venv
READY := $(ENV)/.ready
RUN := $(ENV)/bin

.PHONY: study sample test lint lock clean help
.DEFAULT_GOAL := help

help:
	@echo "make study                     run the default study on invented patients; reports land in reports/"
	@echo "make study STUDY=path/to.yml   run another study file"
	@echo "make sample                    make the report that git keeps in reports/synthetic again"
	@echo "make test                      run everything that CI runs"

study: $(READY)
	@$(RUN)/azaanalysis report "$(STUDY)"

# The report that is kept in git, without its paper; commit it with the code that it was made from.
sample: $(READY)
	@$(RUN)/azaanalysis report notebooks/study.yml --no-paper
	@$(RUN)/python -m pytest -q tests/report/test_sample.py

test: $(READY)
	@$(RUN)/python -m pytest -n auto --dist loadfile --nbval --nbval-current-env --nbval-sanitize-with tests/nbval.cfg tests notebooks

lint: $(READY)
	@$(RUN)/ruff check . && $(RUN)/ruff format --check . && $(RUN)/mypy

# The environment is built anew when the lock changes.
$(READY): requirements.lock pyproject.toml
	@echo "Building the project's own environment in $(ENV) (about a minute, once) ..."
	@$(PYTHON) -m venv --clear $(ENV)
	@$(RUN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(RUN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# Only for whoever changes the dependencies; needs uv.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra test pyproject.toml --output-file requirements.lock

clean:
	rm -rf $(ENV) .pytest_cache .mypy_cache .ruff_cache

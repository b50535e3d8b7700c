# Everything runs in .venv, which is made when it is missing.
PYTHON ?= python3
EDITION ?= sample
JOBS ?= 2
ONLY ?=
ARGS ?=

PY := .venv/bin/python
INSTALLED := .venv/.installed
RUN = $(PY) -m helpers.run --edition $(EDITION) --jobs $(JOBS) $(if $(ONLY),--only $(ONLY)) $(ARGS)

.DEFAULT_GOAL := help
.PHONY: help run test data notebooks lab book bench scoreboard lint requirements clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(INSTALLED)  ## run the notebooks headless (EDITION=sample|full ONLY=03,05 JOBS=2 ARGS=...)
	$(RUN)

test: $(INSTALLED)  ## run the tests, and every notebook on the sample edition
	$(PY) -m pytest

data: $(INSTALLED)  ## get the real data of all chapters into data/ (ONLY=lastfm)
	$(PY) -m helpers.fetch $(ONLY)

notebooks: EDITION = full
notebooks: $(INSTALLED)  ## clean full run, outputs written back into notebooks/ (ONLY=03)
	$(RUN) --in-place

lab: $(INSTALLED)  ## open the notebooks in JupyterLab
	$(PY) -m jupyterlab notebooks

book: $(INSTALLED)  ## build the site from the notebooks as they are, in generated/book
	$(PY) -m sphinx -W --keep-going -q -d generated/doctrees book generated/book
	@echo "Open generated/book/index.html in a browser."

bench: $(INSTALLED)  ## compare speeds, old way beside new way; wants an idle machine
	$(PY) -m pytest tests/benchmarks -q -s -o addopts=

scoreboard: $(INSTALLED)  ## write measured figures into README.md, after notebooks or bench
	$(PY) book/scoreboard.py

lint: $(INSTALLED)  ## check style and format
	$(PY) -m ruff check helpers tests notebooks zoo book
	$(PY) -m ruff format --check helpers tests notebooks zoo book

requirements: $(INSTALLED)  ## compile requirements.in to requirements.txt
	$(PY) -m uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url \
		--no-annotate --custom-compile-command "make requirements" \
		requirements.in --output-file requirements.txt

clean:  ## remove generated/ and caches; .venv, data/ and zoo/ stay
	rm -rf generated .pytest_cache .ruff_cache
	find helpers tests notebooks \( -name __pycache__ -o -name .ipynb_checkpoints \) \
		-prune -exec rm -rf {} +

$(INSTALLED): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
		echo "The cookbook needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is: $$($(PYTHON) --version 2>&1)"; \
		echo "Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --requirement requirements.txt
	@touch $@

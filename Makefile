# Everything runs in .venv, which is made when it is missing, by the first PYTHON that will do.
PYTHON ?= python3 python3.13 python3.12 python3.11
EDITION ?= sample
JOBS ?= 2
ONLY ?=
ARGS ?=
PYTHONS ?= 3.11 3.12 3.13

PY := .venv/bin/python
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
INSTALLED := .venv/.installed
RUN = $(PY) -m helpers.run --edition $(EDITION) --jobs $(JOBS) $(if $(ONLY),--only $(ONLY)) $(ARGS)

.DEFAULT_GOAL := help
.PHONY: help install run test data pythons lowest notebooks lab book bench scoreboard lint \
	requirements clean

# The tests in an environment of their own, generated/<name>: name, Python, what to install
define TEST_APART
	$(PY) -m uv venv --quiet --clear --python $(2) generated/$(1)
	$(PY) -m uv pip install --quiet --python generated/$(1) $(3)
	generated/$(1)/bin/python -m pytest

endef

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(INSTALLED)  ## make .venv and install what the cookbook needs; the others do it too

run: $(INSTALLED)  ## run the notebooks headless (EDITION=sample|full ONLY=03,05 JOBS=2 ARGS=...)
	$(RUN)

test: $(INSTALLED)  ## run the tests, and every notebook on the sample edition
	$(PY) -m pytest --junitxml generated/tests.xml

pythons: $(INSTALLED)  ## the same on every Python that uv finds or downloads (PYTHONS="3.12 3.13")
	$(foreach version,$(PYTHONS),$(call TEST_APART,python$(version),$(version),-r requirements.txt))

lowest: $(INSTALLED)  ## the same with the lowest versions that requirements.in allows
	$(call TEST_APART,lowest,3.11,--resolution lowest-direct -r requirements.in)

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

scoreboard: $(INSTALLED)  ## write measured figures into README.md and book/, after notebooks or bench
	$(PY) book/scoreboard.py
	$(PY) book/scale.py
	$(PY) book/growth.py

lint: $(INSTALLED)  ## check style and format
	$(PY) -m ruff check helpers tests notebooks zoo book
	$(PY) -m ruff format --check helpers tests notebooks zoo book

requirements: $(INSTALLED)  ## compile requirements.in to requirements.txt
	$(PY) -m uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url \
		--no-annotate --custom-compile-command "make requirements" \
		requirements.in --output-file requirements.txt

clean:  ## remove generated/ and caches; .venv, data/ and zoo/ stay
	rm -rf .pytest_cache .ruff_cache
	find generated -mindepth 1 -maxdepth 1 ! -name README.md -exec rm -rf {} +
	find helpers tests notebooks \( -name __pycache__ -o -name .ipynb_checkpoints \) \
		-prune -exec rm -rf {} +

$(INSTALLED): requirements.txt | $(PY)
	@$(PY) -c '$(SUPPORTED)' || { \
		echo ".venv holds $$($(PY) --version): delete it, and type the same again."; exit 1; }
	$(PY) -m pip install --quiet --requirement requirements.txt
	@touch $@

$(PY):
	@for python in $(PYTHON); do \
		if $$python -c '$(SUPPORTED)' 2>/dev/null; then \
			echo "$$python -m venv .venv"; \
			$$python -m venv --clear .venv || rm -rf .venv; \
			test -x $(PY); exit; \
		fi; \
	done; \
	echo "The cookbook needs Python 3.11, 3.12 or 3.13, and none of these is one: $(PYTHON)."; \
	echo "If you have one elsewhere, name it: make $(MAKECMDGOALS) PYTHON=/path/to/python"; \
	echo "If not, uv fetches one (pipx install uv, or https://docs.astral.sh/uv). Type:"; \
	echo "    uv venv --clear --seed --python 3.13 .venv"; \
	echo "    make $(MAKECMDGOALS)"; \
	exit 1

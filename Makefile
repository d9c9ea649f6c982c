# Foursight. `make run` and `make test` each set up what they need; the rest is for working on it.
# Needs: Python 3.11 or later, npm (for the console's stylesheet). Tests also need PostgreSQL and Chromium; .ci/run installs them on Debian.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONSOLE := service/console/static/govuk/govuk-frontend.min.css
export HF_HUB_OFFLINE := 1

.PHONY: run test lint train evaluate bench faults hostile simulate clean help

help:            ## List what make can do
	@grep -E '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed -E 's/:.*## / — /'

run: $(VENV)/.serving $(CONSOLE)  ## Serve the console and the API on localhost with sample reports
	$(BIN)/foursight serve --samples

test: $(VENV)/.working $(CONSOLE) lint  ## Lint, check types, run every test
	$(BIN)/pytest -n 2 --dist loadfile

lint: $(VENV)/.working  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

train: $(VENV)/.working  ## Train the reader that ships, in its five stages from the bare encoder (two and a half to five hours on two cores)
	$(BIN)/foursight train --final

evaluate: $(VENV)/.working  ## Measure the shipped bundle on the test split beside the baselines
	$(BIN)/foursight evaluate

bench: $(VENV)/.working $(CONSOLE)  ## Speed and memory of command line and API beside TF-IDF; a queue of 100,000 reports and 10,000 mixed requests on both databases
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench_console

faults: $(VENV)/.working $(CONSOLE)  ## Kills, a full disk, a database that stops and more, done to the real server, with a verdict for each
	$(BIN)/python -m tests.load.faults

hostile: $(VENV)/.working $(CONSOLE)  ## The whole API under schemathesis in each role; 50,000 fuzzed texts
	$(BIN)/python -m tests.load.hostile

simulate: $(VENV)/.serving  ## Put the estimators of samples to the test and publish the table in docs/sampling.md
	$(BIN)/foursight sample simulate --publish docs/sampling.md

clean:           ## Remove what make built
	rm -rf $(VENV) node_modules service/console/static/govuk service/console/static/swagger

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Foursight needs Python 3.11 or later; name one with make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.serving: $(BIN)/python pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.working: $(BIN)/python pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[train,dev,export]'
	@touch $@ $(VENV)/.serving

$(CONSOLE): package.json package-lock.json service/console/build.mjs
	@command -v npm >/dev/null || { echo "Foursight needs npm for the console's stylesheet: install Node.js 20 or later"; exit 1; }
	npm ci --no-audit --no-fund --loglevel=error
	npm run --silent build
	@touch $@

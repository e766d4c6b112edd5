# Everything is set up on first use: a virtual environment in .venv with what requirements.lock names.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
MANAGE := $(BIN)/python backend/manage.py
READY := .venv/ready

.PHONY: run test check fix lock schema bench

run: $(READY)  ## PORT=8000, EMPTY=1 without the demo, DATABASE_URL= another PostgreSQL
	@$(BIN)/python -m backend.run

test: $(READY)  ## ARGS="-k referral" and the like go to pytest
	$(BIN)/pytest -n 2 $(ARGS)

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MANAGE) makemigrations --check --dry-run
	@mkdir -p var && $(MANAGE) spectacular --validate --fail-on-warn --file var/openapi.yaml
	diff -u openapi/openapi.yaml var/openapi.yaml

fix: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(READY)
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
		--no-annotate --no-header --no-emit-find-links --no-emit-index-url --quiet --output-file requirements.lock

schema: $(READY)
	$(MANAGE) spectacular --validate --fail-on-warn --file openapi/openapi.yaml

bench: $(READY)
	$(BIN)/python -m backend.bench

$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Trialogue needs Python 3.11 or newer; name one with: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Installing the dependencies into .venv (once; a minute or two)."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

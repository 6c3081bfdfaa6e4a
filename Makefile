# Everything a person or CI needs; each target installs what it needs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: run test lint format bench hostile fuzz mutation chaos cookbooks conformance e2e install clean debian-test

install: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# Start the gateway on sample data, send real messages through it, show where each went. ARGS=--once stops after the table.
run: install
	@$(BIN)/vsb-gateway demo $(ARGS)

# The programs that some tests talk with: a Java client, xmlsec1, curl, PostgreSQL, NATS, sshd, a token, a clock that can be set, a browser.
debian-test:
	@sh .ci/debian libwss4j-java default-jdk-headless xmlsec1 curl postgresql nats-server openssh-server softhsm2 faketime prometheus systemd chromium

test: install debian-test
	@rm -f .coverage .coverage.*
	$(BIN)/python -m coverage run -m pytest $(ARGS)
	@$(BIN)/python -m coverage combine --quiet
	@$(BIN)/python -m coverage report

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: install
	$(BIN)/python -m bench $(ARGS)

# The hostile corpus alone, against a real server process; ends with one line of counts.
hostile: install
	@$(BIN)/python -m tests.hostile.run $(ARGS)

# Every example of every pillar's cookbook through a real server; ends with one line of counts.
cookbooks: install
	@$(BIN)/python -m tests.cookbooks.run

# The suite on our own gateway, receiver and vendor, then over the mutants (docs/mutants.md); some ten minutes, one line of counts.
conformance: install
	@$(BIN)/python -m tests.mutants.whole

# The screens in Debian's Chromium, each role's tasks, with axe; ends with one line of counts.
e2e: install
	@sh .ci/debian chromium
	@$(BIN)/python -m tests.e2e.run $(ARGS)

# Random mutations of valid messages on the parser, the verifier and the blob decoder, for SECONDS.
SECONDS ?= 600
fuzz: install
	$(BIN)/python -m bench.fuzz --seconds $(SECONDS)

# Every small change to the verifier and the path policy must be noticed by a test or explained; half an hour on two cores.
mutation: install
	$(BIN)/python -m tests.mutation.run $(ARGS)

# Kill servers, workers, database and broker at random under load; ends with what was lost and what came twice. SEED repeats a run.
KILLS ?= 200
DB ?= sqlite
chaos: install debian-test
	@$(BIN)/python -m tests.chaos.run --kills $(KILLS) --db $(DB) $(if $(SEED),--seed $(SEED)) $(ARGS)

clean:
	rm -rf $(VENV) run .mypy_cache .ruff_cache .pytest_cache

# Each target sets itself up from a bare Python 3.11 or newer, once, in .venv. `make clean` undoes it.

VENV := .venv
BIN := $(VENV)/bin
SUPPLY := build/supply
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test slow chart quick frozen check docs reference notice picture contracts openapi bench bench-api bench-service bench-fleet bench-links bench-history mutation faults fuzz sbom audit clean

# A simulated depot, balanced live. Options go through ARGS: make demo ARGS="--scenario joondalup-small --seed 7"
demo: $(VENV)/ready-to-run
	@$(BIN)/busbar demo $(ARGS)

# Two side by side. make test ARGS="tests/unit -n 0 -x" for a part, one after another.
test: $(VENV)/ready-to-develop
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow and not helm" $(ARGS)

# Harm that takes its time, three side by side: most of them wait most of theirs.
slow: $(VENV)/ready-to-develop
	$(BIN)/python -m pytest -n 3 --dist worksteal -m slow $(ARGS)

# The Helm chart, and that the manifests are what it renders. Needs helm 3 on the PATH.
chart: $(VENV)/ready-to-develop
	$(BIN)/python -m pytest -m helm tests/deployment $(ARGS)

# What is read first, in a minute: the domain, the application, the rules of the architecture.
quick: $(VENV)/ready-to-develop
	$(BIN)/python -m pytest --quiet -n 2 --dist worksteal tests/unit/domain tests/unit/application tests/architecture $(ARGS)

# Values are immutable by the type checker's word (src/domain/values.py). Here they are so at run time too.
frozen: $(VENV)/ready-to-develop
	$(BIN)/python -m pytest --quiet -n 2 --dist worksteal -p tests.frozen tests/unit/domain tests/unit/application \
		tests/worlds/test_targeted.py $(ARGS)

check: $(VENV)/ready-to-develop
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

# The documentation as a site, in build/site. A warning, such as a link that leads nowhere, is an error.
docs: $(VENV)/ready-to-document
	$(BIN)/zensical build --strict --clean

# Its pages that are made from the commands, the contracts and the settings. A test compares them.
reference: $(VENV)/ready-to-develop
	$(BIN)/python -m tools.reference

# What of others the image contains, with licences. A test compares it with what is installed.
notice: $(VENV)/ready-to-develop
	$(BIN)/python -m tools.notices

# The pictures in the README, made from a real run. Chromium takes those of the page.
picture: $(VENV)/ready-to-develop
	$(BIN)/python -m tools.picture

# What others build against: schemas, example messages and the AsyncAPI document, made from the wire models.
contracts: $(VENV)/ready-to-develop
	$(BIN)/python -m tools.contract_files

# The API's description, made from its routes. A test compares it with what is served.
openapi: $(VENV)/ready-to-develop
	$(BIN)/python -m entrypoints.api > contracts/openapi.json

# Minutes, on a quiet machine. make bench ARGS="--sizes 300,3000 --rounds 5" for a quick look, ARGS=--save to keep it.
bench: $(VENV)/ready-to-measure
	$(BIN)/python -m benchmarks.decide $(ARGS)

# Ten minutes, on a quiet machine. make bench-api ARGS="--seconds 10" for a quick look, ARGS=--save to keep it.
bench-api: $(VENV)/ready-to-develop
	$(BIN)/python -m benchmarks.api $(ARGS)

# Ten minutes, on a quiet machine with a real Kafka and PostgreSQL (found or started as the tests do).
# ARGS="--before PATH --save" measures another checkout beside this one; ARGS="--parts steps,domain" takes two minutes.
bench-service: $(VENV)/ready-to-measure
	$(BIN)/python -m benchmarks.service $(ARGS)

# A gateway with 200 links. make bench-links ARGS="--links 50 --readings 5" for a quick look.
bench-links: $(VENV)/ready-to-develop
	$(BIN)/python -m benchmarks.links $(ARGS)

# What history by the minute takes, and how long forgetting it takes. ARGS="--depots 10 --days 9" is quick.
bench-history: $(VENV)/ready-to-develop
	$(BIN)/python -m benchmarks.history $(ARGS)

# A thousand depots for ten minutes. make bench-fleet ARGS="--depots 100 --minutes 2" for a quick look.
bench-fleet: $(VENV)/ready-to-measure
	$(BIN)/python -m benchmarks.fleet $(ARGS)

# An hour and a half. make mutation ARGS=sharing.certificate for one module of the domain.
mutation: $(VENV)/ready-to-develop
	$(BIN)/python -m tests.mutation $(ARGS)

# Processes killed, stopped and cut off, half an hour. make faults ARGS="--kills 5 --stops 2 --away 10" for a quick look.
faults: $(VENV)/ready-to-develop
	$(BIN)/python -m tests.faults $(ARGS)

# API, bus and files sent what is hostile, five minutes. make fuzz ARGS="--seconds 3600 --seed 7" for longer, or again.
fuzz: $(VENV)/ready-to-develop
	$(BIN)/python -m tests.fuzz $(ARGS)

# What the image contains of others, as a bill of materials (CycloneDX) in build/sbom.json.
sbom: $(SUPPLY)/ready
	@$(SUPPLY)/bin/cyclonedx-py requirements --pyproject pyproject.toml --mc-type application --output-reproducible \
		--spec-version 1.6 --output-format JSON --output-file build/sbom.json requirements.txt

# Whether a pinned version has a known vulnerability. Asks a service on the network.
audit: $(SUPPLY)/ready
	$(SUPPLY)/bin/pip-audit --require-hashes --disable-pip --requirement requirements.txt --requirement requirements-dev.txt

clean:
	rm -rf $(VENV) build .cache .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache src/busbar.egg-info
	find src tests benchmarks docs tools -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/ready-to-run: requirements.txt pyproject.toml | $(BIN)/pip
	@echo "Installing what Busbar needs into $(VENV) (once) ..."
	@$(PIP_INSTALL) --require-hashes -r requirements.txt
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

# The development requirements contain the others, those of the documentation too.
$(VENV)/ready-to-develop: requirements-dev.txt pyproject.toml | $(BIN)/pip
	@echo "Installing what Busbar and its tests need into $(VENV) (once) ..."
	@$(PIP_INSTALL) --require-hashes -r requirements-dev.txt
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $(VENV)/ready-to-run $(VENV)/ready-to-document $@

$(VENV)/ready-to-document: requirements-docs.txt | $(BIN)/pip
	@echo "Installing what makes the documentation into $(VENV) (once) ..."
	@$(PIP_INSTALL) --require-hashes -r requirements-docs.txt
	@touch $@

# The requirements of the benchmarks contain these again, and the solvers that are compared.
$(VENV)/ready-to-measure: requirements-bench.txt pyproject.toml | $(BIN)/pip
	@echo "Installing what the benchmarks need into $(VENV) (once) ..."
	@$(PIP_INSTALL) --require-hashes -r requirements-bench.txt
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

# What describes the requirements is not bound by them: it has an environment of its own.
$(SUPPLY)/ready: requirements-supply.txt | $(BIN)/pip
	@echo "Installing what lists and checks the requirements into $(SUPPLY) (once) ..."
	@$(BIN)/python -m venv $(SUPPLY)
	@$(SUPPLY)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-supply.txt
	@touch $@

# pip is the last thing that venv puts in place: where it is, the environment is whole.
$(BIN)/pip:
	@for python in python3.13 python3.12 python3.11 python3; do \
		if "$$python" -c 'import sys, ensurepip, sqlite3, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			exec "$$python" -m venv $(VENV); \
		fi; \
	done; \
	echo "Busbar needs Python 3.11 or newer with venv and sqlite3 on the PATH, and there is none" \
		"(Debian, Ubuntu: apt install python3 python3-venv)." >&2; \
	exit 1

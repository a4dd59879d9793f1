# `make` alone lists what there is: every target with `## text` beside it.
.DEFAULT_GOAL := help
SHELL := /bin/bash

VENV := .venv
BIN := $(VENV)/bin
PEERS := .venv-peers
# Made when the environment matches the files it was built from; `make setup` is a no-op until they change.
STAMP := $(VENV)/.installed

# Python keeps what it compiled: an exchange is a dozen processes, each of which would else compile
# hundreds of modules anew, a second of work, where the machine's environment says to keep nothing.
unexport PYTHONDONTWRITEBYTECODE

# The first of these that runs and is 3.11 or newer; `make setup PYTHON=/path/to/python` decides it for you.
PYTHON_CANDIDATES := $(PYTHON) python3.11 python3.12 python3.13 python3
PYTHON_CHECK := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))

.PHONY: help
help:
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(STAMP) ## install Strowger and its tools into .venv; does nothing when up to date

$(STAMP): pyproject.toml constraints.txt
	@for candidate in $(PYTHON_CANDIDATES); do \
	    if $$candidate -c '$(PYTHON_CHECK)' 2>/dev/null; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$${python:-}" ]; then \
	    echo 'make setup: no Python 3.11 or newer with the venv module was found' \
	         '(tried: $(strip $(PYTHON_CANDIDATES))).' >&2; \
	    echo 'Install one, or name it: make setup PYTHON=/path/to/python3' >&2; \
	    exit 1; \
	fi; \
	[ -x $(BIN)/python ] || { echo "creating $(VENV) with $$python"; $$python -m venv $(VENV); }
# Two steps, since an editable install can't carry a hash: every package from elsewhere is held to
# its hash, then our own source is linked in with a build backend that was pinned the same way.
# pip rather than uv: it reads the proxy, mirror and certificate settings people already have.
# --no-compile saves a third of the time; Python compiles what it imports.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: demo
demo: setup ## play the whole exchange on this machine; ONCE=1 ends by itself instead of serving on
	@$(BIN)/strowger demo $(if $(filter 1,$(ONCE)),--once)

.PHONY: test
test: lint ## every check: lint, types, tests
	$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup

.PHONY: simulate
simulate: setup ## play the exchange over a simulated log and clock: SEEDS=n of them, or tell the story of SEED=
	@$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),$(if $(SEEDS),--seeds $(SEEDS)))

.PHONY: mutants
mutants: setup ## plant each known bug in the exchange and play seeds until the checker tells of it; ONLY= some, SEEDS= at most
	@$(BIN)/python -m tests.simulation.mutants $(if $(SEEDS),--seeds $(SEEDS)) $(if $(ONLY),--only '$(ONLY)')

.PHONY: faults
faults: setup ## kill, freeze, cut and skew three real brokers and every service under load: HISTORIES=n, SEED= the first
	@$(BIN)/python -m tests.faults $(if $(HISTORIES),--histories $(HISTORIES)) $(if $(SEED),--seed $(SEED))

.PHONY: faults-naive
faults-naive: setup ## the same faults and load against the exchange written the obvious way on Faust: HISTORIES=n
	@$(BIN)/python -m tests.faults --naive $(if $(HISTORIES),--histories $(HISTORIES)) $(if $(SEED),--seed $(SEED))

.PHONY: forgeries
forgeries: setup ## play every forgery that we know of against an exchange, and show what became of each
	@$(BIN)/python -m tests.e2e.forgeries

.PHONY: bench-flood
bench-flood: setup ## measure whether one participant's flood slows another's trade, 3 minutes
	@$(BIN)/python -m tests.bench.flood

.PHONY: fuzz
fuzz: setup ## fuzz all that parses a participant's bytes, on Linux: SECONDS= how long, else 60
	@$(BIN)/python -m tests.fuzz $(if $(SECONDS),--seconds $(SECONDS))

.PHONY: bench-matching
bench-matching: setup ## measure matching against databases, 20 minutes; OFFERS=10000 takes one, SEED= another mix
	@$(BIN)/python -m tests.bench.matching $(if $(OFFERS),--offers $(OFFERS)) \
	    $(if $(OPERATIONS),--operations $(OPERATIONS)) $(if $(SEED),--seed $(SEED))

.PHONY: bench-standstill
bench-standstill: setup ## measure for how long a market stands still when its owner is killed, 5 minutes; OFFERS=, TIMES=
	@$(BIN)/python -m tests.bench.standstill $(if $(OFFERS),--offers $(OFFERS)) $(if $(TIMES),--times $(TIMES))

.PHONY: bench-path
bench-path: setup $(PEERS)/.installed ## measure the whole way of an event; PART=a to e, OFFERS=50000, RECORDS=, SECONDS= for less
	@$(BIN)/python -m tests.bench.path $(if $(PART),--parts $(PART)) $(if $(OFFERS),--offers $(OFFERS)) \
	    $(if $(RECORDS),--records $(RECORDS)) $(if $(SECONDS),--seconds $(SECONDS))

# An environment of their own: quixstreams holds pydantic and confluent-kafka to older versions.
$(PEERS)/.installed: tests/bench/path/peers.txt
	@[ -x $(PEERS)/bin/python ] || $(BIN)/python -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r $<
	@touch $@

.PHONY: bench-path-peers
bench-path-peers: setup ## resolve tests/bench/path/peers.txt anew from peers.in beside it
	$(BIN)/uv pip compile tests/bench/path/peers.in --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --quiet \
	    --custom-compile-command 'make bench-path-peers' --output-file tests/bench/path/peers.txt

.PHONY: lint
lint: setup secrets ## ruff, mypy and the secret scan, changing nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Pins, checksums and test vectors are long random words by their nature; all else is searched.
.PHONY: secrets
secrets: setup ## search every file that git has for passwords, keys and tokens
	git ls-files -z | xargs -0 $(BIN)/detect-secrets-hook --exclude-files '^(constraints\.txt|tests/bench/path/peers\.txt|.*\.sha256|schemas/signature-vectors\.json)$$'

# --strict: a package that nobody has data of fails the audit, rather than pass for sound.
.PHONY: audit-packages
audit-packages: setup ## look every pinned package up among the known vulnerabilities (asks pypi.org)
	$(BIN)/pip-audit --strict --require-hashes --disable-pip --progress-spinner off -r constraints.txt

.PHONY: sbom
sbom: setup ## write sbom.json: every package and jar that the exchange runs on, in CycloneDX
	@$(BIN)/python deploy/sbom.py sbom.json

.PHONY: format
format: setup ## rewrite the source in the house format
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

.PHONY: schemas
schemas: setup ## write schemas/ from the contract
	$(BIN)/python -m strowger.contract.generate
	$(BIN)/python -m tests.outcomes

.PHONY: dashboards
dashboards: setup ## write the Grafana dashboard from the registry of metrics
	@$(BIN)/python deploy/dashboards/dashboard.py

# Pins stay as they are where they still fit; UPGRADE=1 takes the newest of everything.
.PHONY: constraints
constraints: setup ## resolve constraints.txt anew from pyproject.toml; UPGRADE=1 takes newer versions
	$(BIN)/uv pip compile pyproject.toml --all-extras --group dev --group bench --group build \
	    --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --quiet \
	    --custom-compile-command 'make constraints' $(if $(filter 1,$(UPGRADE)),--upgrade) \
	    --output-file constraints.txt

.PHONY: clean
clean: ## remove .venv and every cache (not the exchange's own data)
	rm -rf $(VENV) $(PEERS) .mypy_cache .pytest_cache .ruff_cache .hypothesis dist
	find services tests -name __pycache__ -type d -prune -exec rm -rf {} +

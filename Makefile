# Every target sets up what it needs. PYTHON=/path/to/python3.12 picks an interpreter.

BIN := .venv/bin
READY := .venv/.ready
PEERS := .venv/.peers

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow lint bench samples image clean

help:
	@echo "make demo       play a sample call through the live path and judge the recording;"
	@echo "                then .venv/bin/hushtap web --demo is up in seconds"
	@echo "make test       run the tests (make test-slow: those that take minutes)"
	@echo "make lint       ruff and mypy"
	@echo "make bench      speed, leak and delay against faster-whisper with stock Presidio"
	@echo "make samples    make the sample calls anew"
	@echo "make image      build the gateway's image and try it (needs docker)"
	@echo "make setup      only set up; make clean undoes it"

setup: $(READY)

$(READY): requirements.lock requirements-mic.lock pyproject.toml scripts/setup.sh
	scripts/setup.sh
	touch $@

# What only tests use.
$(PEERS): $(READY)
	scripts/setup.sh --peers
	touch $@

demo: $(READY)
	$(BIN)/hushtap demo
	$(BIN)/hushtap web --prepare

test: $(READY) $(PEERS)
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadfile

test-slow: $(READY) $(PEERS)
	$(BIN)/python -m pytest -m slow

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: $(READY)
	$(BIN)/python scripts/bench.py

samples: $(READY)
	$(BIN)/python scripts/make_samples.py

image:
	docker build -t hushtap .
	docker run --rm --read-only --tmpfs /tmp hushtap serve --check --config /etc/hushtap/gateway.toml

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist out

# make demo: install, train MLE and the three strategies on the embedded corpus, compare them
# make test: check (ruff, mypy) and the tests; make test-all: the slow ones too
# TORCH: the build to install first, e.g. make TORCH="torch --index-url URL"

TORCH ?= torch==2.13.0
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
# two processes of one thread each; a file's tests stay together, since they share what a fixture trained
IN_PARALLEL := -n 2 --dist loadfile
DEMO := runs/demo

.PHONY: demo install test test-all check clean

demo: $(STAMP)
	rm -rf $(DEMO)
	mkdir -p $(DEMO)
	$(BIN)/textgan train mle-short budget=demo --out $(DEMO)/mle
	$(BIN)/textgan train seqgan-short budget=demo start=$(DEMO)/mle --out $(DEMO)/seqgan
	$(BIN)/textgan train gumbel-short budget=demo start=$(DEMO)/mle --out $(DEMO)/gumbel
	$(BIN)/textgan train embedding-short budget=demo start=$(DEMO)/mle --out $(DEMO)/embedding
	$(BIN)/textgan report $(DEMO)/mle $(DEMO)/seqgan $(DEMO)/gumbel $(DEMO)/embedding --out $(DEMO)/report.html

install: $(STAMP)

# torch goes first, so that this very build is kept; where there is none, the newest that there is
$(STAMP): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(TORCH) \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $(STAMP)

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: check
	$(BIN)/python -m pytest -m 'not slow' $(IN_PARALLEL)

test-all: check
	$(BIN)/python -m pytest $(IN_PARALLEL)

clean:
	rm -rf .venv build dist runs/demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find textgan tests -name __pycache__ -prune -exec rm -rf {} +

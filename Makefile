# `make demo` and `make test` are all a newcomer needs; each sets itself up. Needs Python 3.11 or newer.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
LLM := $(VENV)/.llm
TRACKERS := $(VENV)/.trackers
RAY := $(VENV)/.ray
BROWSER := $(VENV)/.browser
CONSUMERS := $(VENV)/.consumers
# Modules are compiled once, not anew by every process that a test starts.
unexport PYTHONDONTWRITEBYTECODE
SHARED := --numprocesses 2 --dist loadfile --no-loadscope-reorder

.PHONY: demo test test-all check docs format bench clean

demo: $(INSTALLED) $(LLM) ## the main job on the bundled testbed, offline
	$(BIN)/prompt-search demo --out runs/demo

test: $(INSTALLED) $(LLM) check docs ## everything that needs pip packages only
	$(BIN)/python -m pytest $(SHARED) -m "not heavy"

test-all: $(INSTALLED) $(LLM) $(TRACKERS) $(RAY) $(BROWSER) $(CONSUMERS) check docs ## what is heavy, too: trackers, consumers of exports, the report in Chromium, the wheel alone
	$(BIN)/python -m pytest $(SHARED) --ignore tests/prompt_search/tracking/test_real_trackers.py
	$(VENV)/trackers/bin/python -m pytest tests/prompt_search/tracking/test_real_trackers.py

check: $(INSTALLED) ## style, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(INSTALLED) ## the pages of docs/ as a site, in site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

format: $(INSTALLED)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(INSTALLED) $(LLM) ## the speed figures the docs quote, in about five minutes; on CUDA: python -m benchmarks --set gpu
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) build dist site *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
	  || { rm -rf $(VENV); echo "python3 -m venv does not work here (on Debian: apt install python3-venv)" >&2; exit 1; }
	@echo "installing into $(VENV) (torch is large: minutes on a slow line)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --compile-bytecode --editable . --group dev
	@touch $@

$(LLM): $(INSTALLED)
	@$(BIN)/prompt-search llm install
	@touch $@

# MLflow and Ray Data want different versions of pandas, pyarrow and protobuf: trackers have an environment of their own.
$(TRACKERS): $(INSTALLED)
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(VENV)/trackers
	@$(BIN)/uv pip install --quiet --python $(VENV)/trackers/bin/python --compile-bytecode --editable '.[mlflow,wandb]' --group dev
	@touch $@

$(RAY): $(INSTALLED)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt "ray[data]"
	@touch $@

$(BROWSER): $(INSTALLED)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt playwright
	@npm install --silent --no-audit --no-fund --prefix $(VENV)/browser axe-core@4.14.1 \
	  || { echo "npm is needed to get axe-core (on Debian: apt-get install npm chromium)" >&2; exit 1; }
	@touch $@

$(CONSUMERS): $(INSTALLED)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt \
	  autodistill clip-benchmark fiftyone onnx onnxruntime onnxscript roboflow
	@touch $@

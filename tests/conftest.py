"""Settings every test runs under, and the order in which files are shared out over processes."""

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

# Tests compute little, and several threads on a busy machine wait for each other longer than they work.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Nothing here may go and look for a model or a data set on a hub.
os.environ["HF_HUB_OFFLINE"] = "1"
# A shell starts what runs in the background with Ctrl-C ignored, which goes on to every process that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# How long an example takes tells how busy the machine is.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

LONGEST = (
    "tests/examples/test_examples.py",
    "tests/prompt_search/cli/test_cli.py",
    "tests/prompt_search/llm/hf/test_model.py",
    "tests/prompt_search/run/test_local_model_drives_all.py",
    "tests/prompt_search/run/test_surroundings.py",
    "tests/prompt_search/run/test_kills.py",
    "tests/prompt_search/run/test_engine.py",
    "tests/docs/test_pages.py",
    "tests/packaging/test_readme_snippet.py",
    "tests/prompt_search/llm/local/test_model.py",
    "tests/prompt_search/run/test_batched_runs.py",
    "tests/examples/test_notebook.py",
    "tests/prompt_search/run/test_random_labels.py",
    "tests/prompt_search/test_fuzzing.py",
    "tests/prompt_search/run/test_thinking_models.py",
    "tests/prompt_search/run/outcome/test_last_selection.py",
    "tests/prompt_search/run/test_pairwise_run.py",
    "tests/prompt_search/testing/test_conformance.py",
    "tests/prompt_search/run/test_damage.py",
    "tests/prompt_search/cli/test_before_anything_is_loaded.py",
    "tests/prompt_search/run/test_budgets.py",
    "tests/prompt_search/run/test_replay.py",
    "tests/prompt_search/run/test_run.py",
    "tests/evaluators/test_incremental_scoring.py",
    "tests/prompt_search/llm/local/test_install.py",
    "tests/optimizers/test_replies_take_linear_time.py",
    "tests/prompt_search/report/test_page.py",
    "tests/evaluators/scoring/test_working_memory.py",
    "tests/prompt_search/run/test_kinds_of_data.py",
    "tests/evaluators/scoring/test_fused_reduction.py",
    "tests/benchmarks/test_devices.py",
    "tests/prompt_search/bench/test_bench.py",
    "tests/packaging/test_wheel.py",
    "tests/prompt_search/data/encoding/test_processes.py",
    "tests/optimizers/proapo/test_oracle.py",
    "tests/prompt_search/exports/test_transformers.py",
    "tests/evaluators/embeddings/test_stored_vectors.py",
)
"""The files that take longest, the longest first, so that no process is left alone with one at the end.

Not quite: the command line stands between those that encode the bundled photos, whose features are made once.
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole files go to a process, in this order, as the tests of a file share what is costly to make."""
    place = {file: number for number, file in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.nodeid.partition("::")[0], len(place)))

"""Settings every test runs under."""

import os

# Tests compute little, and several threads on a busy machine wait for each other longer than they work.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Nothing here may go and look for a model or a data set on a hub.
os.environ["HF_HUB_OFFLINE"] = "1"

"""Corpus, training, evaluation, tracking and promotion. Needs the ``train`` extra; nothing in service imports it."""

import os

# Weights come from packages or a folder, never from a hub: set before any library that would look for one is imported.
os.environ["HF_HUB_OFFLINE"] = "1"
# MLflow reports its use to its makers unless told not to; it reads this once, when it is imported.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

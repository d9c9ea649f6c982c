"""Where runs and models are kept: MLflow, by default in files under var/, on any tracking server by MLFLOW_TRACKING_URI."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EXPERIMENT = "foursight"


def tracking() -> Any:
    """Return MLflow set to the server of MLFLOW_TRACKING_URI, or to a SQLite file under var/ with artefacts beside it."""
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow

    server = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{ROOT / 'var' / 'mlflow.db'}"
    location = None
    if server.startswith("sqlite:///"):
        database = Path(server.removeprefix("sqlite:///"))
        database.parent.mkdir(parents=True, exist_ok=True)
        location = (database.parent / "mlartifacts").resolve().as_uri()
    mlflow.set_tracking_uri(server)
    if mlflow.get_experiment_by_name(EXPERIMENT) is None:
        mlflow.create_experiment(EXPERIMENT, artifact_location=location)
    mlflow.set_experiment(EXPERIMENT)
    return mlflow

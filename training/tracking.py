"""Where runs and models are kept: MLflow, by default in files under var/, on any tracking server by MLFLOW_TRACKING_URI."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EXPERIMENT = "foursight"


def tracking() -> Any:
    """Return MLflow set to the server of MLFLOW_TRACKING_URI, or to a SQLite file under var/ with artefacts beside it."""
    import mlflow

    location = None
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        (ROOT / "var").mkdir(exist_ok=True)
        mlflow.set_tracking_uri(f"sqlite:///{ROOT / 'var' / 'mlflow.db'}")
        location = (ROOT / "var" / "mlartifacts").as_uri()
    elif os.environ["MLFLOW_TRACKING_URI"].startswith("sqlite:///"):
        location = (
            (Path(os.environ["MLFLOW_TRACKING_URI"].removeprefix("sqlite:///")).parent / "mlartifacts")
            .resolve()
            .as_uri()
        )
    if mlflow.get_experiment_by_name(EXPERIMENT) is None:
        mlflow.create_experiment(EXPERIMENT, artifact_location=location)
    mlflow.set_experiment(EXPERIMENT)
    return mlflow

"""What MLflow loads: a bundle as a pyfunc model. MLflow copies this file into the model; it needs what serving needs and MLflow, no torch.

In: a DataFrame with ``text`` and, optional, ``reference``, ``recorded_offence``, ``reported_at`` (ISO 8601). Out: a DataFrame in the same order, one row a report;
``assessment`` is the whole Assessment as JSON. A report that cannot be read raises ValueError with its row, never its text; a table that does not fit
the signature raises MlflowException, whose cause names the column.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.pyfunc.model import PythonModel
from pydantic import ValidationError

from models.assessor import Assessor
from models.contracts import Report


class FoursightModel(PythonModel):
    """Assesses reports with the bundle among the model's artefacts."""

    def load_context(self, context: Any) -> None:
        """Check and load the bundle."""
        # Else MLflow's message about a table with a wrong column holds the table, texts and all.
        os.environ["MLFLOW_DISABLE_SCHEMA_DETAILS"] = "true"
        self.assessor = Assessor.load(Path(context.artifacts["bundle"]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Assess every row."""
        reports = [_report(number, row) for number, row in enumerate(model_input.to_dict("records"), 1)]
        rows = [
            {
                "reference": a.reference,
                "probability": a.probability,
                "suggestion": a.suggestion.value,
                "offence": a.offence.value,
                "relationship": a.relationship.value,
                "occasions": a.occasions.at_least,
                "assessment": a.model_dump_json(),
            }
            for a in self.assessor.assess_many(reports)
        ]
        return pd.DataFrame(rows)


def _report(number: int, row: dict[str, Any]) -> Report:
    known = {k: v for k, v in row.items() if k in Report.model_fields and not pd.isna(v)}
    try:
        return Report.model_validate({"reference": str(number)} | known)
    except ValidationError as error:
        detail = error.errors(include_url=False, include_input=False)[0]
        raise ValueError(f"row {number}: {'.'.join(map(str, detail['loc']))}: {detail['msg']}") from None


mlflow.models.set_model(FoursightModel())

"""The model that serves, for those who measure it: what it is, how good it was on the test split, its plots, and whether the world has moved.

The figures and curves are those of the bundle's own manifest, or, for a bundle that has no curves, of the last ``foursight evaluate`` under VAR where
that measured this very bundle. Drift is that of the last ``foursight drift`` under VAR. What served before is read from the assessments that are kept.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import func, select

from models.bundle import MANIFEST, BundleError, Manifest
from nlp.taxonomy import BY_CODE
from service.access import settings_of, store_of
from service.console import charts
from service.console.templating import render
from service.settings import Settings
from service.store.tables import AssessmentRow
from service.swap import bundle_folder

router = APIRouter(include_in_schema=False)

# Figures by their key in a manifest: words, and whether they are shares.
_ANSWERS = {
    "recall_flagged": "Stalking reports that are reviewed or asked about",
    "recall_reviewed": "Stalking reports that are reviewed",
    "precision_reviewed": "Reviewed reports that describe stalking",
    "false_review": "Other reports that are reviewed",
    "unclear_asked": "Unclear reports answered with a question",
    "clear_asked": "Clear reports answered with a question",
    "both_twins_right": "Contrast pairs with both reports right",
}
_FAITHFULNESS = {
    "comprehensiveness": "Fall when the cited evidence is deleted",
    "comprehensiveness_random": "Fall when as many random words are deleted",
    "sufficiency": "Fall when only the evidence is kept",
    "sufficiency_random": "Fall when only as many random words are kept",
}


@router.get("/models")
def models(request: Request) -> Response:
    settings = settings_of(request)
    manifest = _manifest(settings)
    assessing = request.app.state.assessing
    serving = assessing.reader.info if assessing else None
    measured = manifest.metrics.get("test") or manifest.metrics.get("dev") or {} if manifest else {}
    return render(
        request,
        "models.html",
        manifest=manifest,
        serving=serving,
        split="test" if manifest and manifest.metrics.get("test") else "dev",
        ranking=measured.get("ranking", {}),
        answers=[
            (text, measured["answers"][key]) for key, text in _ANSWERS.items() if key in measured.get("answers", {})
        ],
        faithfulness=[
            (text, measured["faithfulness"][key])
            for key, text in _FAITHFULNESS.items()
            if key in measured.get("faithfulness", {})
        ],
        figures=_figures(measured),
        spans=_spans(measured.get("spans", {})),
        swaps=measured.get("swaps", {}),
        versions=_versions(request),
        drift=_drift(settings.var / "drift"),
        tracking=settings.tracking_url,
        **_plots(_curves(settings.var / "evaluation", manifest, measured)),
    )


@dataclass(frozen=True)
class Version:
    """A model that has read reports here. ``shown``: how many reports show its assessment now."""

    name: str
    digest: str
    reports: int
    shown: int
    since: datetime


def _versions(request: Request) -> list[Version]:
    """The newest first."""
    row = AssessmentRow
    columns = (row.model_version, row.model_digest, func.count(), func.count().filter(row.current))
    first = func.min(row.created_at, type_=row.created_at.type)
    query = select(*columns, first).group_by(row.model_version, row.model_digest).order_by(first.desc())
    with store_of(request).read() as session:
        return [Version(*found) for found in session.execute(query)]


def _drift(folder: Path) -> dict[str, Any] | None:
    """What ``foursight drift`` found last: its verdict, measures, weeks and what it compared them with."""
    try:
        found = json.loads((folder / "drift.json").read_text(encoding="utf-8"))
        made = datetime.fromtimestamp((folder / "drift.json").stat().st_mtime, UTC)
        against = found.get("against", "the training data")  # files of before it was written down
        return {"made": made, "against": against} | {k: found[k] for k in ("reports", "verdict", "overall", "weeks")}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _manifest(settings: Settings) -> Manifest | None:
    """The bundle's manifest as it lies there; whether its files are whole was checked when it was loaded."""
    try:
        return Manifest.model_validate_json((bundle_folder(settings) / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, BundleError):
        return None


def _figures(measured: dict[str, Any]) -> list[tuple[str, float]]:
    found = [
        ("Calibration error", measured.get("calibration_error")),
        ("Status of marks, accuracy", measured.get("status", {}).get("all")),
        ("FOUR, mean F1", measured.get("four", {}).get("mean")),
        ("Relationship, accuracy", measured.get("relationship")),
        ("Number of occasions exact", measured.get("occasions", {}).get("exact")),
        ("Number of occasions within one", measured.get("occasions", {}).get("within_one")),
    ]
    return [(text, value) for text, value in found if isinstance(value, int | float)]


def _spans(found: dict[str, float]) -> list[tuple[str, float]]:
    """By code, the best first, after the two means."""
    means = [
        (text, found[key]) for key, text in (("micro", "All spans"), ("macro", "Mean of the codes")) if key in found
    ]
    codes = [(BY_CODE[code].title, value) for code, value in found.items() if code in BY_CODE]
    return means + sorted(codes, key=lambda item: -item[1])


def _curves(folder: Path, manifest: Manifest | None, measured: dict[str, Any]) -> dict[str, list[float]] | None:
    """Truth and probability of each clear report, of this very bundle."""
    found = measured.get("curves")
    if not found and manifest:
        try:
            result = json.loads((folder / "evaluation-test.json").read_text(encoding="utf-8"))
            found = result["curves"] if result["model"]["digest"] == manifest.digest else None
        except (OSError, ValueError, KeyError, TypeError):
            return None
    whole = found and len(found["truth"]) == len(found["probability"]) >= 20
    return found if whole else None


def _plots(curves: dict[str, list[float]] | None) -> dict[str, Any]:
    if curves is None:
        return {"reliability": None}
    truth, probability = [bool(t) for t in curves["truth"]], curves["probability"]
    groups = charts.bins(truth, probability)
    points = charts.precision_recall(truth, probability)
    picked = (
        [next((p for p in points if p[0] >= recall), points[-1]) for recall in (0.5, 0.8, 0.9, 0.95, 0.99)]
        if points
        else []
    )
    return {
        "groups": groups,
        "reliability": charts.reliability(groups),
        "precision_recall": charts.curve(points),
        "picked": picked,
        "chance": sum(truth) / len(truth),
        "reports": len(truth),
    }

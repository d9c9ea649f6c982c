"""Measure a bundle on a split, beside the baselines a user would otherwise pick, in one run; print it, and save JSON and HTML with plots.

The bundle measured is the one that ships: the same ONNX graphs, decision model and code as the service runs.
"""

from __future__ import annotations

import base64
import html
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from models.assessor import Assessor
from models.contracts import Assessment, Report
from nlp.taxonomy import Label
from training import metrics
from training.baselines import BASELINES, QUICK, Scorer
from training.corpus import Corpus, Record, SplitName
from training.decide import Chosen
from training.faithfulness import evidence_falls
from training.swap import MEASURED_NAMES, swap_names, swap_sexes

GROUPINGS = {
    "desk": lambda r: r.desk,
    "style": lambda r: r.style.value,
    "relationship": lambda r: r.relationship.value,
    "length": lambda r: metrics.length_band(r.text),
    "recorded offence": lambda r: r.recorded_offence.value,
}


def report_of(record: Record) -> Report:
    """Return the record as the service would receive it."""
    return Report(reference=record.id, text=record.text, recorded_offence=record.recorded_offence)


def assess(assessor: Assessor, records: Sequence[Record], what: str) -> list[Assessment]:
    """Assess records with a progress bar on a terminal."""
    results: list[Assessment] = []
    for at in tqdm(range(0, len(records), 32), desc=what, disable=None, leave=False):
        results += assessor.assess_many([report_of(r) for r in records[at : at + 32]])
    return results


def ranking_row(records: Sequence[Record], scores: metrics.Array) -> dict[str, Any]:
    """Return the figures that any scorer has: average precision, precision at 95% recall, contrast-pair order, each with its interval."""
    clear = [i for i, r in enumerate(records) if r.label is not Label.UNCLEAR]
    kept = [records[i] for i in clear]
    truth = np.array([r.label is Label.STALKING for r in kept])
    values = scores[clear]
    groups = metrics.pair_groups(kept)
    twins = metrics.twins_of(kept)

    def order(indices: npt.NDArray[np.int64]) -> float:
        chosen = [twins[i] for i in indices]
        return metrics.twin_order(chosen, values)

    return {
        "reports": len(kept),
        "chance": float(truth.mean()),
        "average_precision": metrics.average_precision(truth, values),
        "average_precision_interval": metrics.bootstrap(
            groups, lambda i: metrics.average_precision(truth[i], values[i])
        ),
        "precision_at_95_recall": metrics.precision_at_recall(truth, values),
        "precision_at_95_recall_interval": metrics.bootstrap(
            groups, lambda i: metrics.precision_at_recall(truth[i], values[i])
        ),
        "pairs": len(twins),
        "twin_order": metrics.twin_order(twins, values),
        "twin_order_interval": metrics.bootstrap([str(i) for i in range(len(twins))], order) if twins else None,
    }


def swap_figures(assessor: Assessor, records: Sequence[Record], assessments: Sequence[Assessment]) -> dict[str, Any]:
    """Swap sexes, and names for those of each origin: the mean absolute move of the probability and the share of suggestions that flip."""
    result: dict[str, Any] = {}
    kinds = {"sexes": swap_sexes} | {
        f"names: {o}": (lambda r, o=o: swap_names(r, o, MEASURED_NAMES)) for o in MEASURED_NAMES
    }
    for name, swap in kinds.items():
        swapped = [swap(r) for r in records]
        changed = [i for i, (a, b) in enumerate(zip(records, swapped, strict=True)) if a.text != b.text]
        after = assess(assessor, [swapped[i] for i in changed], f"swap {name}")
        moves = [b.probability - assessments[i].probability for i, b in zip(changed, after, strict=True)]
        flips = [b.suggestion is not assessments[i].suggestion for i, b in zip(changed, after, strict=True)]
        result[name] = {
            "reports": len(changed),
            "mean_move": float(np.mean(np.abs(moves))),
            "mean_shift": float(np.mean(moves)),
            "flips": float(np.mean(flips)),
        }
    return result


def faithfulness(assessor: Assessor, records: Sequence[Record], assessments: Sequence[Assessment]) -> dict[str, Any]:
    """Return how far the probability falls on average without the cited evidence, and with only it (the smaller the better), beside random words."""
    falls = evidence_falls(assessor, records, assessments)
    if not len(falls.without_evidence):
        return {"reports": 0}
    return {
        "reports": len(falls.without_evidence),
        "comprehensiveness": float(falls.without_evidence.mean()),
        "comprehensiveness_random": float(falls.without_random.mean()),
        "sufficiency": float(falls.only_evidence.mean()),
        "sufficiency_random": float(falls.only_random.mean()),
    }


def measure(
    assessor: Assessor, corpus: Corpus, split: SplitName, quick: bool = False, chosen: Chosen | None = None
) -> dict[str, Any]:
    """Return every figure of the bundle and of the baselines, trained here and now, on one split.

    The decision model was fitted on dev, so its own figures there would flatter: ``chosen`` gives, for dev, the probabilities and answers by models that did
    not see a report's desk. On test the baselines may learn from train and dev, as the bundle did.
    """
    records = corpus.split(split)
    learn = corpus.split("train") + (corpus.split("dev") if split == "test" else [])
    assessments = assess(assessor, records, f"assess {split}")
    if chosen is not None:
        assessments = [
            a.model_copy(update={"probability": float(p), "suggestion": suggestion})
            for a, p, suggestion in zip(assessments, chosen.out_of_desk, chosen.suggestions, strict=True)
        ]
    probability = np.array([a.probability for a in assessments])
    clear = np.array([r.label is not Label.UNCLEAR for r in records])
    truth = np.array([r.label is Label.STALKING for r in records])
    scorers: dict[str, Scorer] = {n: build(learn) for n, build in BASELINES.items() if not quick or n in QUICK}
    texts = [r.text for r in records]
    result: dict[str, Any] = {
        "split": split + (" (each desk by a decision fitted on the others)" if chosen is not None else ""),
        "model": assessor.info.model_dump(),
        "corpus_digest": corpus.digest,
        "ranking": {"Foursight": ranking_row(records, probability)}
        | {name: ranking_row(records, scorer(texts)) for name, scorer in scorers.items()},
        "answers": metrics.answers_table(records, assessments),
        "calibration_error": metrics.expected_calibration_error(truth[clear], probability[clear]),
        "spans": metrics.span_f1(records, assessments),
        "status": metrics.status_accuracy(records, assessments),
        "four": metrics.four_f1(records, assessments),
        "relationship": float(
            np.mean([r.relationship is a.relationship for r, a in zip(records, assessments, strict=True)])
        ),
        "occasions": metrics.occasions_accuracy(records, assessments),
        "groups": {name: metrics.by_group(records, probability, assessments, key) for name, key in GROUPINGS.items()},
        "curves": {
            "truth": truth[clear].astype(int).tolist(),
            "probability": [round(float(p), 4) for p in probability[clear]],
        },
    }
    if not quick:
        result["swaps"] = swap_figures(assessor, records, assessments)
        result["faithfulness"] = faithfulness(assessor, records, assessments)
    return result


def print_result(result: dict[str, Any], console: Console) -> None:
    """Print the figures as tables."""
    model = result["model"]
    console.print(
        f"\n[bold]{model['name']} {model['version']}[/] on the {result['split']} split (corpus {result['corpus_digest'][:12]})"
    )
    table = Table(title="Ranking of clear reports, 95% intervals")
    for column in ("system", "average precision", "precision at 95% recall", "stalking twin higher"):
        table.add_column(column, justify="left" if column == "system" else "right")
    for name, row in result["ranking"].items():
        table.add_row(
            name, *(_with_interval(row, key) for key in ("average_precision", "precision_at_95_recall", "twin_order"))
        )
    first = next(iter(result["ranking"].values()))
    table.caption = (
        "Intervals resample contrast pairs, not writers: for other writers they are wider. "
        + f"{first['reports']} reports, {first['pairs']} contrast pairs; chance average precision {first['chance']:.2f}, chance order 0.50"
    )
    console.print(table)
    for title, values in (
        ("Answers at the shipped thresholds", result["answers"]),
        ("FOUR, F1", result["four"]),
        ("Spans, overlap F1 of asserted spans", result["spans"]),
        ("Status accuracy over found acts", result["status"]),
        (
            "Other",
            {"calibration error": result["calibration_error"], "relationship accuracy": result["relationship"]}
            | {f"occasions {k}": v for k, v in result["occasions"].items()},
        ),
        ("Faithfulness of explanations", result.get("faithfulness", {})),
    ):
        if values:
            console.print(
                f"[bold]{title}[/]: " + ", ".join(f"{k.replace('_', ' ')} {_number(v)}" for k, v in values.items())
            )
    for name, row in result.get("swaps", {}).items():
        console.print(
            f"Swapping {name} ({row['reports']} reports): mean move {row['mean_move']:.3f}, suggestions that change {row['flips']:.1%}"
        )
    for name, rows in result["groups"].items():
        table = Table(title=f"By {name}")
        for column in (name, "reports", "stalking", "average precision", "recall flagged", "false review"):
            table.add_column(column, justify="left" if column == name else "right")
        for group, row in rows.items():
            table.add_row(group, *(_number(v) for v in row.values()))
        console.print(table)


def _number(value: float | int) -> str:
    return str(value) if isinstance(value, int) else "–" if np.isnan(value) else f"{value:.2f}"


def _with_interval(row: dict[str, Any], key: str) -> str:
    interval = row.get(f"{key}_interval")
    return f"{row[key]:.2f}" + (f" ({interval[0]:.2f} to {interval[1]:.2f})" if interval else "")


def save_result(result: dict[str, Any], folder: Path) -> None:
    """Write ``evaluation-SPLIT.json`` and a page with plots beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / f"evaluation-{result['split'].split()[0]}"
    stem.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    console = Console(record=True, file=io.StringIO(), width=130)
    print_result(result, console)
    text = html.escape(console.export_text())
    plots = "".join(
        f'<img alt="{html.escape(name)}" src="data:image/png;base64,{data}">' for name, data in _plots(result).items()
    )
    page = f"<!doctype html><html lang='en'><meta charset='utf-8'><title>Foursight evaluation</title><h1>Evaluation</h1>{plots}<pre>{text}</pre></html>\n"
    stem.with_suffix(".html").write_text(page, encoding="utf-8")


def _plots(result: dict[str, Any]) -> dict[str, str]:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt
    from sklearn.metrics import precision_recall_curve

    truth, p = np.array(result["curves"]["truth"]), np.array(result["curves"]["probability"])
    images: dict[str, str] = {}
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.2))
    precision, recall, _ = precision_recall_curve(truth, p)
    axes[0].plot(recall, precision, color="#1d70b8")
    axes[0].axhline(truth.mean(), ls=":", color="#505a5f", label="chance")
    axes[0].axvline(0.95, ls="--", color="#d4351c", label="95% recall")
    axes[0].set(xlabel="recall", ylabel="precision", title="Precision and recall", xlim=(0, 1.01), ylim=(0, 1.01))
    axes[0].legend(loc="lower left")
    parts = [b for b in np.array_split(np.argsort(p), 10) if len(b)]
    axes[1].plot([0, 1], [0, 1], ls=":", color="#505a5f")
    axes[1].plot([p[b].mean() for b in parts], [truth[b].mean() for b in parts], "o-", color="#1d70b8")
    axes[1].set(
        xlabel="probability given", ylabel="share that is stalking", title="Calibration", xlim=(0, 1), ylim=(0, 1)
    )
    figure.tight_layout()
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=110)
    plt.close(figure)
    images["precision-recall curve and reliability plot"] = base64.b64encode(buffer.getvalue()).decode()
    return images

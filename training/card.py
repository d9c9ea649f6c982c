"""The model card, written by the code that trained the model (Mitchell et al. 2019)."""

from __future__ import annotations

from collections import Counter
from typing import Any

from training.corpus import Corpus


def _row(name: str, row: dict[str, Any]) -> str:
    low, high = row["average_precision_interval"]
    return f"| {name} | {row['average_precision']:.2f} ({low:.2f} to {high:.2f}) | {row['precision_at_95_recall']:.2f} | {row['twin_order']:.2f} |"


def model_card(
    fields: dict[str, Any],
    corpus: Corpus,
    measured: dict[str, Any],
    chosen: dict[str, float],
) -> str:
    """Return the card as Markdown."""
    counts = Counter(corpus.splits[r.desk] for r in corpus.records)
    test = measured
    answers, swaps = test["answers"], test.get("swaps", {})
    lines = [
        f"# {fields['name']} {fields['version']}",
        "",
        "Reads one free-text report and suggests whether it describes stalking that may be recorded as something else. A person decides.",
        "",
        "## What it is",
        "",
        f"- Encoder: {fields['encoder']}, {fields['licence']}, SHA-256 of the weights {fields['encoder_sha256']}.",
        f"- One pass in windows of {fields['window']} tokens that overlap by {fields['overlap']}; heads for spans with status, FOUR, occasions, relationship, offence,",
        "  reasons against, roles; the weakest of what stalking needs decides (models/decision.py). ONNX, 8-bit and 4-bit weights.",
        *(
            ["- Names and sexes are read in one form (nlp/plain.py), so that they move the answer little."]
            if fields["plain"]
            else []
        ),
        f"- Corpus {corpus.digest[:16]}: {counts['train']} reports to train on, {counts['dev']} to choose and calibrate on, {counts['test']} to measure on, split by writer.",
        "",
        "## What it is for, and not for",
        "",
        "For ranking and explaining reports to a trained crime-recording reviewer in England and Wales. Not for deciding without a person, not for saying",
        "anything about a person (it never predicts who will offend or be harmed), not for texts in other languages.",
        "",
        "## How good it is",
        "",
        f"On the {test['split']} split ({test['ranking']['Foursight']['reports']} clear reports by writers the reader never saw; chance {test['ranking']['Foursight']['chance']:.2f}):",
        "",
        "| system | average precision (95% interval) | precision at 95% recall | stalking twin higher |",
        "| --- | --- | --- | --- |",
        *(_row(name, row) for name, row in test["ranking"].items()),
        "",
        f"At the shipped thresholds: {answers['recall_flagged']:.0%} of stalking reports are reviewed or asked about ({answers['recall_reviewed']:.0%} reviewed),",
        f"{answers['false_review']:.0%} of other reports are reviewed, {answers['clear_asked']:.0%} of clear reports and {answers['unclear_asked']:.0%} of unclear ones are answered with a question,",
        f"both twins of a contrast pair are right in {answers['both_twins_right']:.0%}.",
        f"Calibration error {test['calibration_error']:.3f}. Spans F1 {test['spans']['micro']:.2f}, status accuracy {test['status'].get('all', float('nan')):.2f}, FOUR F1 {test['four']['mean']:.2f},",
        f"relationship accuracy {test['relationship']:.2f}, number of occasions exact {test['occasions']['exact']:.2f}.",
        "",
        "## Fairness",
        "",
        "Sexes and names were swapped in training; the names that measure here were not among those."
        if swaps
        else "Not measured for this one: `foursight evaluate` swaps sexes and names and prints what moves.",
        "",
        *(
            f"- Swapping {k}: mean move of the probability {v['mean_move']:.3f}, suggestions that change {v['flips']:.1%}."
            for k, v in swaps.items()
        ),
        *([""] if swaps else []),
        "## Limits",
        "",
        "Trained on written, not real, reports: real ones differ, and figures on real reports must be measured where it is used. Recall and false reviews by",
        "writer, style, relationship and length are in the evaluation that `foursight evaluate` prints. The decision was calibrated on dev,",
        f"and its thresholds chosen there, by leaving one writer out (log loss {chosen['log_loss']:.3f}).",
    ]
    return "\n".join(lines) + "\n"

"""Tables and plots of the corpus for its datasheet: what there is of each kind, on either side of the label."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from nlp.taxonomy import BEHAVIOUR_NAMES, Label, RecordedOffence, Relationship, Status, Style
from training.corpus import Record
from training.metrics import length_band

_HE, _SHE = re.compile(r"\b(?:he|he's|him)\b", re.IGNORECASE), re.compile(r"\b(?:she|she's)\b", re.IGNORECASE)


def suspect_sex(record: Record) -> str:
    """Guess the suspect's sex from the subject pronouns of the asserted acts: male, female or not said. A count, not a label."""
    acts = " ".join(s.quote for s in record.spans if s.code in BEHAVIOUR_NAMES and s.status is Status.ASSERTED)
    he, she = len(_HE.findall(acts)), len(_SHE.findall(acts))
    if not he and not she:
        he, she = len(_HE.findall(record.text)), len(_SHE.findall(record.text))
    return "male" if he > she else "female" if she > he else "not said"


VIEWS: dict[str, tuple[Callable[[Record], str], tuple[str, ...]]] = {
    "relationship": (lambda r: r.relationship.value, tuple(Relationship)),
    "style": (lambda r: r.style.value, tuple(Style)),
    "length in words": (lambda r: length_band(r.text), ("under 25", "25 to 39", "40 to 139", "140 and over")),
    "recorded offence": (lambda r: r.recorded_offence.value, tuple(RecordedOffence)),
    "sex of the suspect, by pronouns": (suspect_sex, ("male", "female", "not said")),
}


def counts(records: Sequence[Record], view: str) -> dict[str, Counter[Label]]:
    """Return how many reports of each label fall in each group of a view, groups in their own order."""
    key, groups = VIEWS[view]
    found: dict[str, Counter[Label]] = {str(g): Counter() for g in groups}
    for record in records:
        found[key(record)][record.label] += 1
    return found


def markdown(records: Sequence[Record]) -> str:
    """Return the tables of all views."""
    parts = []
    for view in VIEWS:
        parts += [f"### By {view}", "", "| | stalking | not stalking | unclear |", "| --- | ---: | ---: | ---: |"]
        for group, by_label in counts(records, view).items():
            cells = (by_label[label] for label in (Label.STALKING, Label.NOT_STALKING, Label.UNCLEAR))
            parts.append(f"| {group.replace('_', ' ')} | " + " | ".join(map(str, cells)) + " |")
        parts.append("")
    return "\n".join(parts)


def plot(records: Sequence[Record], path: Path) -> None:
    """Draw every view as stacked shares, one picture."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "foursight"  # the same picture gives the same file
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(len(VIEWS), 1, figsize=(8, 11), height_ratios=[len(v[1]) for v in VIEWS.values()])
    colours = {Label.STALKING: "#d4351c", Label.NOT_STALKING: "#1d70b8", Label.UNCLEAR: "#b1b4b6"}
    for axis, view in zip(axes, VIEWS, strict=True):
        found = counts(records, view)
        names = [f"{g.replace('_', ' ')} ({sum(c.values())})" for g, c in found.items()]
        left = [0.0] * len(found)
        for label, colour in colours.items():
            values = [c[label] / max(1, sum(c.values())) for c in found.values()]
            axis.barh(names, values, left=left, color=colour, label=label.value.replace("_", " "))
            left = [a + b for a, b in zip(left, values, strict=True)]
        axis.invert_yaxis()
        axis.set_xlim(0, 1)
        axis.set_title(f"By {view}", loc="left", fontsize=10)
        axis.tick_params(labelsize=8)
    axes[0].legend(loc="lower right", fontsize=8)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)

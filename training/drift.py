"""Has the world moved? What comes in beside what the model learned from, or beside another period, week by week: language, length, offence mix, scores,
agreement of reviewers.

In: the file of ``foursight decisions profile``, one line a report without a word of its text. Measures: the population stability index (PSI) over the deciles of
the training data, whose usual reading is under 0.1 none, to 0.25 some, over that much; and the chi-square test of the same bins, which a measure with few values and many ties does not
blunt. With few reports PSI is large by chance alone (about bins × (1/n + 1/m) for n reports beside m: Yurdakul and Naranjo 2020), so that share is taken off before it is read.
"""

from __future__ import annotations

import base64
import html
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, ValidationError
from rich.console import Console
from rich.table import Table
from scipy.stats import chi2_contingency

from models.assessor import Assessor
from models.intervals import wilson
from nlp.profile import profile
from training.corpus import Corpus
from training.evaluate import assess

Array = npt.NDArray[np.float64]
SOME, MUCH = 0.1, 0.25
FEWEST = 30  # Reports, on either side, below which no verdict is given.
TRAINING = "the training data"
AGREES = {
    "record_as_stalking": ("review_as_stalking",),
    "keep": ("no_change",),
    "ask_officer": ("ask_for_information",),
}
TITLES = {
    "words": "length in words",
    "function_words": "English function words",
    "digits": "digits",
    "capitals": "capitals",
    "probability": "scores",
    "recorded_offence": "recorded offences",
}


class Row(BaseModel):
    """One report of the profile file. ``week``: the Monday. ``model``: the digest of the one that scored it. ``outcome``: what a reviewer decided, or null."""

    model_config = ConfigDict(extra="ignore")

    week: date
    words: int
    function_words: float
    digits: float
    capitals: float
    recorded_offence: str | None
    probability: float | None
    suggestion: str | None
    model: str | None = None
    outcome: str | None = None


@dataclass(frozen=True)
class Expected:
    """The values to compare with. Of the training data ``probability`` is of dev, which the reader has not learned from, by the bundle of digest ``model``.

    ``others``: scores of another period that are not by that model, and so are not among the values.
    """

    values: dict[str, Array]
    offences: list[str]
    model: str | None = None
    name: str = TRAINING
    others: int = 0


class Moved(BaseModel):
    """One measure of one period."""

    measure: str
    reports: int
    psi: float
    p_value: float
    expected: float | None
    found: float | None
    verdict: str


class Week(BaseModel):
    """One week: its measures and the agreement of reviewers with the suggestion."""

    week: str
    reports: int
    moved: list[Moved]
    decided: int
    agreement: float | None
    interval: tuple[float, float] | None


class Drift(BaseModel):
    """The whole period, each week, and a plain verdict. ``against``: what it was compared with."""

    reports: int
    against: str
    overall: list[Moved]
    weeks: list[Week]
    verdict: list[str]


def read_profile(path: Path) -> list[Row]:
    """Read the file; raises OSError, and ValueError that names the line."""
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            rows.append(Row.model_validate_json(line))
        except ValidationError as error:
            detail = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, detail["loc"]))
            raise ValueError(f"{path.name}, line {number}: {where + ': ' if where else ''}{detail['msg']}") from None
    if not rows:
        raise ValueError(f"{path.name} holds no reports")
    return rows


def expected(corpus: Corpus, assessor: Assessor, scored: int) -> Expected:
    """Profile the train split, and score ``scored`` reports of dev."""
    train, dev = corpus.split("train"), corpus.split("dev")
    profiles = [profile(r.text) for r in train]
    chosen = np.random.default_rng(0).permutation(len(dev))[:scored]
    names = ("words", "function_words", "digits", "capitals")
    values = {n: np.array([getattr(p, n) for p in profiles], dtype=float) for n in names}
    values["probability"] = np.array([a.probability for a in assess(assessor, [dev[i] for i in chosen], "score dev")])
    return Expected(values, [r.recorded_offence.value for r in train], assessor.info.digest)


def within(rows: Sequence[Row], since: date | None, until: date | None) -> list[Row]:
    """Return the reports of the weeks that begin from ``since`` to ``until``, both days included. Raises ValueError if there are none."""
    found = [r for r in rows if (since is None or r.week >= since) and (until is None or r.week <= until)]
    if not found:
        raise ValueError(f"no week of the file begins between {since or 'its start'} and {until or 'its end'}")
    return found


def another_period(rows: Sequence[Row], before: Sequence[Row]) -> Expected:
    """Return what ``before`` holds, for ``rows`` to be compared with. Raises ValueError if they overlap or ``before`` is too small to tell.

    Scores can be compared only where they are by one model: the one that scored most of ``rows``.
    """
    if shared := {r.week for r in rows} & {r.week for r in before}:
        raise ValueError(f"both periods hold the week of {min(shared)}; choose two that do not overlap")
    if len(before) < FEWEST:
        raise ValueError(f"the period to compare with holds {len(before)} reports, and under {FEWEST} tell too little")
    models = Counter(r.model for r in rows if r.probability is not None).most_common(1)
    model = models[0][0] if models else None
    weeks = f"{len(before)} reports of the weeks of {min(r.week for r in before)} to {max(r.week for r in before)}"
    others = sum(_by_another(r, model) for r in before)
    alike = [r.model_copy(update={"probability": None}) if _by_another(r, model) else r for r in before]
    measured = {n: [v for r in alike if (v := getattr(r, n)) is not None] for n in TITLES if n != "recorded_offence"}
    values = {n: np.array(found, dtype=float) for n, found in measured.items() if found}
    return Expected(values, [r.recorded_offence for r in before if r.recorded_offence], model, weeks, others)


def psi(shares: Array, found: Array, reports: int, usual: int) -> float:
    """Return the population stability index of two lists of shares, of ``usual`` and ``reports`` reports, less what chance alone gives, at least 0."""
    a, b = np.maximum(shares, 1e-3), np.maximum(found, 1e-3)
    return float(max(0.0, ((b - a) * np.log(b / a)).sum() - (len(a) - 1) * (1 / reports + 1 / usual)))


def compare_values(name: str, usual: Array, found: Array) -> Moved:
    """Compare a measured quantity over the deciles of what is usual."""
    edges = np.unique(np.quantile(usual, np.linspace(0, 1, 11))[1:-1])
    counts = [np.bincount(np.searchsorted(edges, v, side="right"), minlength=len(edges) + 1) for v in (usual, found)]
    return _compared(name, np.array(counts), (float(np.median(usual)), float(np.median(found))))


def compare_kinds(name: str, usual: Sequence[str], found: Sequence[str]) -> Moved:
    """Compare how often each kind occurs."""
    kinds = sorted({*usual, *found})
    return _compared(
        name, np.array([[list_.count(k) for k in kinds] for list_ in (list(usual), list(found))]), (None, None)
    )


def _compared(name: str, counts: npt.NDArray[np.int64], medians: tuple[float | None, float | None]) -> Moved:
    """``counts``: reports in each bin [2, bins], of what is usual and of what was found."""
    counts = counts[:, counts.any(axis=0)]
    usual, found = (int(n) for n in counts.sum(axis=1))
    shares = counts / counts.sum(axis=1, keepdims=True)
    index = psi(shares[0], shares[1], found, usual)
    p_value = float(chi2_contingency(counts).pvalue)
    verdict = _verdict(index, min(found, usual), p_value)
    return Moved(
        measure=name, reports=found, psi=index, p_value=p_value, expected=medians[0], found=medians[1], verdict=verdict
    )


def _verdict(index: float, reports: int, p_value: float) -> str:
    if reports < FEWEST:
        return "too few to say"
    if index < SOME or p_value > 0.01:
        return "alike"
    return "some drift" if index < MUCH else "much drift"


def _moved(rows: Sequence[Row], usual: Expected) -> list[Moved]:
    moved = []
    for name, values in usual.values.items():
        found = np.array([v for r in rows if (v := getattr(r, name)) is not None], dtype=float)
        if len(found):
            moved.append(compare_values(name, values, found))
    offences = [r.recorded_offence for r in rows if r.recorded_offence]
    both = offences and usual.offences
    return moved + ([compare_kinds("recorded_offence", usual.offences, offences)] if both else [])


def measure(rows: Sequence[Row], usual: Expected) -> Drift:
    """Compare all rows, and each week's, with what is usual. Scores by another model than the one compared with say nothing and are left aside."""
    others = sum(_by_another(r, usual.model) for r in rows) + usual.others
    rows = [r.model_copy(update={"probability": None}) if _by_another(r, usual.model) else r for r in rows]
    weeks = []
    for week in sorted({r.week for r in rows}):
        inside = [r for r in rows if r.week == week]
        judged = [r for r in inside if r.outcome in AGREES and r.suggestion]
        right = sum(r.suggestion in AGREES[str(r.outcome)] for r in judged)
        weeks.append(
            Week(
                week=week.isoformat(),
                reports=len(inside),
                moved=_moved(inside, usual),
                decided=len(judged),
                agreement=right / len(judged) if judged else None,
                interval=wilson(right, len(judged)) if judged else None,
            )
        )
    overall = _moved(rows, usual)
    verdict = _plain(overall, weeks, usual.name)
    if others:
        mend = "; name its bundle with --bundle." if usual.name == TRAINING else "."
        verdict.append(f"{others} scores are by another model and were left aside{mend}")
    return Drift(reports=len(rows), against=usual.name, overall=overall, weeks=weeks, verdict=verdict)


def _by_another(row: Row, model: str | None) -> bool:
    return row.probability is not None and None not in (row.model, model) and row.model != model


def _plain(overall: Sequence[Moved], weeks: Sequence[Week], against: str) -> list[str]:
    lines = []
    for m in overall:
        if m.verdict in ("some drift", "much drift"):
            medians = m.expected is not None and m.found is not None
            change = f": the median goes from {m.expected:.2f} to {m.found:.2f}" if medians else ""
            lines.append(f"{TITLES[m.measure].capitalize()}: {m.verdict} (PSI {m.psi:.2f}){change}.")
    if not lines:
        small = overall and overall[0].verdict == "too few to say"
        usual = "those the model learned from" if against == TRAINING else f"the {against}"
        lines.append("Too few reports to say." if small else f"The reports look like {usual}.")
    judged = [w for w in weeks if w.interval and w.decided >= FEWEST]
    if len(judged) >= 2:
        first, last = judged[0], judged[-1]
        assert first.interval and last.interval
        if last.interval[1] < first.interval[0]:
            lines.append(
                f"Reviewers agree less with the suggestions: {first.agreement:.0%} in the week of {first.week}, {last.agreement:.0%} in that of {last.week}."
            )
    if any("drift" in line or "agree less" in line for line in lines):
        lines.append(
            "Draw a quality-assurance sample before trusting the figures of the model card, and consider training again on decisions."
        )
    return lines


def print_drift(result: Drift, console: Console) -> None:
    """Print the verdict and the tables."""
    table = Table(title=f"{result.reports} reports beside {result.against}")
    for column in ("measure", "expected median", "found median", "PSI", "p", "verdict"):
        table.add_column(column, justify="left" if column in ("measure", "verdict") else "right")
    for m in result.overall:
        numbers = ["" if v is None else f"{v:.3g}" for v in (m.expected, m.found)]
        table.add_row(TITLES[m.measure], *numbers, f"{m.psi:.2f}", f"{m.p_value:.2g}", m.verdict)
    console.print(table)
    for w in result.weeks:
        off = [TITLES[m.measure] for m in w.moved if m.verdict in ("some drift", "much drift")]
        none = "too few to say" if w.reports < FEWEST else "none"
        agreement = (
            ""
            if w.agreement is None or w.interval is None
            else f", reviewers agree in {w.agreement:.0%} of {w.decided} ({w.interval[0]:.0%} to {w.interval[1]:.0%})"
        )
        console.print(
            f"week of {w.week}: {w.reports} reports{agreement}; drift: {', '.join(off) or none}", highlight=False
        )
    for line in result.verdict:
        console.print(f"[bold]{line}[/]", highlight=False)


def save(result: Drift, folder: Path) -> None:
    """Write drift.json, and drift.html with the plots."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "drift.json").write_text(result.model_dump_json(indent=1) + "\n", encoding="utf-8")
    verdict = "".join(f"<p>{html.escape(line)}</p>" for line in result.verdict)
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Drift</title><h1>Drift</h1>'
        f"<p>{result.reports} reports beside {result.against}</p>{verdict}"
        f'<img alt="{html.escape("; ".join(result.verdict))}" src="data:image/png;base64,{_plots(result)}">'
        f"{_table('All reports', result.overall)}{''.join(_table(f'Week of {w.week}, {w.reports} reports', w.moved) for w in result.weeks)}</html>\n"
    )
    (folder / "drift.html").write_text(page, encoding="utf-8")


def _table(title: str, moved: Sequence[Moved]) -> str:
    def number(value: float | None) -> str:
        return "" if value is None else f"{value:.3g}"

    heads = ("measure", "reports", "expected median", "found median", "PSI", "p", "verdict")
    rows = [
        (TITLES[m.measure], str(m.reports), number(m.expected), number(m.found), f"{m.psi:.2f}", number(m.p_value), m.verdict)
        for m in moved
    ]  # fmt: skip
    head = "".join(f'<th scope="col">{h}</th>' for h in heads)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><caption>{html.escape(title)}</caption><tr>{head}</tr>{body}</table>"


def _plots(result: Drift) -> str:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(12, 4.2))
    at = [date.fromisoformat(w.week) for w in result.weeks]
    for name, title in TITLES.items():
        line: list[Any] = [next((m.psi for m in w.moved if m.measure == name), np.nan) for w in result.weeks]
        axes[0].plot(at, line, "o-", label=title)
    for level in (SOME, MUCH):
        axes[0].axhline(level, ls=":", color="#505a5f")
    axes[0].set(ylabel=f"PSI against {result.against}", title="Drift by week; dotted: some, much")
    axes[0].legend(fontsize=8)
    kept = [w for w in result.weeks if w.agreement is not None and w.interval is not None]
    if kept:
        rates = np.array([w.agreement for w in kept], dtype=float)
        ends = np.array([w.interval for w in kept], dtype=float)
        days = [date.fromisoformat(w.week) for w in kept]
        lengths = [np.maximum(rates - ends[:, 0], 0), np.maximum(ends[:, 1] - rates, 0)]
        axes[1].errorbar(days, rates, yerr=lengths, fmt="o-", capsize=3)
    axes[1].set(ylabel="share", title="Reviewers decide as suggested, 95% intervals", ylim=(0, 1))
    figure.autofmt_xdate()
    figure.tight_layout()
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=100)
    plt.close(figure)
    return base64.b64encode(buffer.getvalue()).decode()

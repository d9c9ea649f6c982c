"""The form under which a person decides: its choices, what was typed so far, and what that comes to. No database, no request.

Everything works without JavaScript. A mark is corrected by its number; words are marked by typing them as they stand in the
report, or by selecting them, which sends their offsets.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from starlette.datastructures import FormData

from models.contracts import Assessment
from nlp.taxonomy import BEHAVIOURS, BY_CODE, CONTEXT, Offence, Status
from service.console import words
from service.console.marking import Mark
from service.decisions import REASONS, Action, Correction, DecisionIn, Misfit, Outcome, corrected
from service.store.tables import DecisionRow

# Letters of reasons; j, k, n and u are keys of the page.
LETTERS = "abcdefghilmopqrstvwxyz"
ROWS, MORE_ROWS, MOST_ROWS = 1, 2, 60


@dataclass
class Change:
    """A mark that should carry another behaviour or status; empty means as it is."""

    mark: str = ""
    code: str = ""
    status: str = ""


@dataclass
class Added:
    """Words that should be marked. ``start`` and ``end`` are given when they were selected."""

    quote: str = ""
    code: str = ""
    status: str = Status.ASSERTED.value
    start: str = ""
    end: str = ""


@dataclass
class Draft:
    """What stands in the form."""

    outcome: str = ""
    reason: str = ""
    offence: str = ""
    question: str = ""
    note: str = ""
    wrong: set[int] = field(default_factory=set)
    changes: list[Change] = field(default_factory=list)
    added: list[Added] = field(default_factory=list)

    @property
    def corrects(self) -> bool:
        return bool(self.wrong or any(c.mark for c in self.changes) or any(a.quote or a.start for a in self.added))


@dataclass(frozen=True)
class Fault:
    """What is to be mended, and the field to mend it in."""

    field: str
    text: str


@dataclass(frozen=True)
class DecisionForm:
    """Everything that the template of the form needs."""

    draft: Draft
    key: str
    version: int
    assessment_id: str
    back: str
    sample_item: str = ""
    faults: Sequence[Fault] = ()
    again: bool = False

    @property
    def wrong(self) -> set[int]:
        return self.draft.wrong

    @property
    def outcomes(self) -> list[dict[str, Any]]:
        return [
            {
                "value": outcome.value,
                "digit": n,
                "text": words.OUTCOME[outcome],
                "reasons": [
                    {"value": code, "letter": letter, "text": text}
                    for letter, (code, text) in zip(LETTERS, REASONS[outcome].items(), strict=False)
                ],
            }
            for n, outcome in enumerate(Outcome, start=1)
        ]

    @property
    def changes(self) -> list[Change]:
        return self.draft.changes or [Change() for _ in range(ROWS)]

    @property
    def added(self) -> list[Added]:
        return self.draft.added or [Added() for _ in range(ROWS)]

    @property
    def codes(self) -> list[dict[str, Any]]:
        """The codes in two groups, for a select."""
        groups = (("Behaviours", BEHAVIOURS), ("Context", CONTEXT))
        return [{"label": label, "codes": [(c.code, c.title) for c in codes]} for label, codes in groups]

    def fault(self, name: str) -> str:
        return next((fault.text for fault in self.faults if fault.field == name), "")


def new_key() -> str:
    """An idempotency key: a form sent twice decides once."""
    return secrets.token_hex(16)


def first_draft(assessment: Assessment | None) -> Draft:
    """An empty form; the offence and the question are those that the assessment suggests, for the outcomes that need one."""
    if assessment is None:
        return Draft()
    offence = Offence.S4A if assessment.offence is Offence.S4A else Offence.S2A
    return Draft(offence=offence.value, question="\n".join(assessment.questions))


def draft_again(row: DecisionRow, text: str, marks: Sequence[Mark]) -> Draft:
    """The form as it stood when a decision, since taken back, was made. ``marks`` are those of the page; corrections of others are left out."""
    draft = Draft(row.outcome, row.reason, row.offence or "", row.question, row.note)
    by_place = {(m.evidence.code, m.evidence.start, m.evidence.end): m.number for m in marks}
    for item in map(Correction.model_validate, row.corrections):
        number = by_place.get((item.was or item.code, item.start, item.end))
        if item.action is Action.ADDED:
            place = (str(item.start), str(item.end))
            draft.added.append(Added(text[item.start : item.end], item.code, item.status.value, *place))
        elif number is not None and item.action is Action.REMOVED:
            draft.wrong.add(number)
        elif number is not None:
            draft.changes.append(Change(str(number), item.code, item.status.value))
    return draft


def kept_fields(form: DecisionForm) -> list[tuple[str, str]]:
    """What was typed, as the fields that ``read_draft`` reads: to carry it through another page."""
    draft = form.draft
    found = [("outcome", draft.outcome), (f"reason_{draft.outcome}", draft.reason)]
    found += [(name, getattr(draft, name)) for name in ("offence", "question", "note")]
    found += [("wrong", str(number)) for number in sorted(draft.wrong)]
    for change in draft.changes:
        found += [("change_mark", change.mark), ("change_code", change.code), ("change_status", change.status)]
    for row in draft.added:
        found += [("add_quote", row.quote), ("add_code", row.code), ("add_status", row.status)]
        found += [("add_start", row.start), ("add_end", row.end)]
    return [*found, ("from", form.back), ("sample_item", form.sample_item)]


def read_draft(form: FormData, more_rows: bool = False) -> Draft:
    """What was typed, whatever it is worth. ``more_rows`` adds empty rows for corrections."""

    def one(name: str, most: int) -> str:
        value = form.get(name, "")
        # Forms send line ends as CR LF; a note of 2,000 characters must not be too long for that.
        return value.replace("\r\n", "\n")[:most] if isinstance(value, str) else ""

    def many(name: str) -> list[str]:
        return [value for value in form.getlist(name) if isinstance(value, str)][:MOST_ROWS]

    outcome = one("outcome", 40)
    changes = [
        Change(*row) for row in zip(many("change_mark"), many("change_code"), many("change_status"), strict=False)
    ]
    columns = ("add_quote", "add_code", "add_status", "add_start", "add_end")
    added = [Added(*row) for row in zip(*(many(name) for name in columns), strict=False)]
    changes = [row for row in changes if row.mark.strip()]
    added = [row for row in added if row.quote.strip() or row.start]
    if more_rows:
        changes += [Change() for _ in range(MORE_ROWS)]
        added += [Added() for _ in range(MORE_ROWS)]
    wrong = {int(value) for value in form.getlist("wrong") if isinstance(value, str) and _whole(value)}
    return Draft(
        outcome=outcome,
        reason=one(f"reason_{outcome}", 40),
        offence=one("offence", 10),
        question=one("question", 4000),
        note=one("note", 4000),
        wrong=wrong,
        changes=changes,
        added=added,
    )


def decision(given: DecisionForm, text: str, marks: Sequence[Mark]) -> tuple[DecisionIn | None, list[Fault]]:
    """The decision that the form comes to, or every fault in it at once. ``marks`` are those that the person saw."""
    draft = given.draft
    faults: list[Fault] = []
    outcome = next((o for o in Outcome if o.value == draft.outcome), None)
    if outcome is None:
        return None, [Fault("outcome", "Choose what to do with this report")]
    if draft.reason not in REASONS[outcome]:
        faults.append(Fault(f"reason_{outcome.value}", "Choose a reason"))
    elif draft.reason == "other" and not draft.note.strip():
        faults.append(Fault("note", "Write the other reason in the note"))
    if outcome is Outcome.RECORD and draft.offence not in (Offence.S2A, Offence.S4A):
        faults.append(Fault("offence", "Choose the offence"))
    elif outcome is Outcome.RECORD and draft.reason == "fear_or_distress" and draft.offence != Offence.S4A:
        faults.append(Fault("offence", "The reason is that of section 4A: choose section 4A, or another reason"))
    if outcome is Outcome.ASK and not draft.question.strip():
        faults.append(Fault("question", "Write the question for the officer"))
    for name in ("note", "question"):
        value: str = getattr(draft, name)
        if len(value.strip()) > 2000:
            faults.append(Fault(name, f"The {name} has {len(value.strip()):,} characters; 2,000 is the most"))
    corrections, wrong = read_corrections(draft, text, marks)
    faults += wrong or _misfits(text, marks, corrections)
    if faults:
        return None, faults
    try:
        return (
            DecisionIn(
                outcome=outcome,
                offence=Offence(draft.offence) if outcome is Outcome.RECORD else None,
                reason=draft.reason,
                note=draft.note,
                question=draft.question if outcome is Outcome.ASK else "",
                corrections=corrections,
                expected_version=given.version,
                idempotency_key=given.key,
                blind=bool(given.sample_item),
                assessment_id=given.assessment_id or None,
                sample_item_id=given.sample_item or None,
            ),
            [],
        )
    except ValidationError as error:
        return None, [_fault(item["loc"], item["msg"]) for item in error.errors(include_input=False)]


def _misfits(text: str, marks: Sequence[Mark], corrections: Sequence[Correction]) -> list[Fault]:
    """What stands in the way of the corrections together: words added that carry that mark already."""
    try:
        corrected(text, [mark.evidence for mark in marks], corrections)
    except Misfit:
        return [
            Fault("add", "The added words carry that behaviour and status already: choose others, or clear the row")
        ]
    return []


def _fault(place: tuple[int | str, ...], message: str) -> Fault:
    name = str(place[0]) if place else "outcome"
    known = name if name in ("note", "question", "offence") else "outcome"
    if known == "outcome":
        return Fault(known, "This form is out of date: open the report again and decide there")
    plain = message.removeprefix("Value error, ")
    return Fault(known, plain[:1].upper() + plain[1:])


def read_corrections(draft: Draft, text: str, marks: Sequence[Mark]) -> tuple[list[Correction], list[Fault]]:
    """The corrections of a form, and what is wrong with them. ``marks`` are those that the person saw."""
    found: list[Correction] = []
    faults: list[Fault] = []
    by_number = {mark.number: mark for mark in marks}
    changed: set[int] = set()
    for number in sorted(draft.wrong & by_number.keys()):
        item = by_number[number].evidence
        found.append(
            Correction(action=Action.REMOVED, code=item.code, status=item.status, start=item.start, end=item.end)
        )
    for change in draft.changes:
        if not change.mark.strip():
            continue
        mark = by_number.get(int(change.mark)) if _whole(change.mark.strip()) else None
        if mark is None:
            faults.append(Fault("change", f"There is no mark with the number given; they run from 1 to {len(marks)}"))
            continue
        item = mark.evidence
        code = change.code if change.code in BY_CODE else item.code
        status = Status(change.status) if change.status in set(Status) else item.status
        if mark.number in draft.wrong:
            faults.append(Fault("change", f"Mark {mark.number} is both changed and ticked as wrong; choose one"))
        elif mark.number in changed:
            faults.append(Fault("change", f"Mark {mark.number} is changed in two rows: clear one of them"))
        elif (code, status) == (item.code, item.status):
            faults.append(Fault("change", f"Choose another behaviour or status for mark {mark.number}"))
        else:
            changed.add(mark.number)
            found.append(
                Correction(
                    action=Action.RELABELLED, code=code, status=status, start=item.start, end=item.end, was=item.code
                )
            )
    for row in draft.added:
        if not row.quote.strip() and not row.start:
            continue
        place = _place(row, text)
        if isinstance(place, str):
            faults.append(Fault("add", place))
        elif row.code not in BY_CODE:
            faults.append(Fault("add", "Choose the behaviour that the added words show"))
        else:
            status = Status(row.status) if row.status in set(Status) else Status.ASSERTED
            found.append(Correction(action=Action.ADDED, code=row.code, status=status, start=place[0], end=place[1]))
    return found, faults


def _place(row: Added, text: str) -> tuple[int, int] | str:
    """Where the words stand: by their offsets, or where they are found once. Else what is wrong."""
    if _whole(row.start) and _whole(row.end):
        start, end = int(row.start), int(row.end)
        return (start, end) if start < end <= len(text) else "Select the added words again: they lie outside the text"
    pattern = r"\s+".join(re.escape(word) for word in row.quote.split()[:400])
    places = [match.span() for match in re.finditer(pattern, text)]
    places = places or [match.span() for match in re.finditer(pattern, text, re.IGNORECASE)]
    if not places:
        return "The added words are not in the report: type them exactly as they stand there"
    if len(places) > 1:
        return f"The added words stand {len(places)} times in the report: add a word before or after, so that they stand once"
    return places[0]


def _whole(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) < 8

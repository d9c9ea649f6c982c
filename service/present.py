"""An assessment as a person wants to read it on a terminal: the suggestion, the text with its evidence marked, points for and against."""

from __future__ import annotations

from rich.console import Console, Group
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.text import Text

from models.contracts import Assessment, Point
from nlp.taxonomy import BY_CODE, Suggestion
from service.console.marking import chunks, number, pieces
from service.console.words import percent

SUGGESTION_WORDS = {
    Suggestion.REVIEW: ("Review as stalking", "bold white on red"),
    Suggestion.ASK: ("Ask for information", "bold black on yellow"),
    Suggestion.NO_CHANGE: ("No change suggested", "bold white on blue"),
}
# Asserted acts stand out; context is underlined; what is not asserted is struck through, so that colour is never alone.
_ACT, _CONTEXT, _UNASSERTED = "bold red", "underline", "strike dim"


def marked_text(text: str, assessment: Assessment) -> Text:
    """Return the report with its spans styled, cut where they overlap, and each span's label before its first words."""
    shown = Text()
    for piece in pieces(text, number(assessment.evidence)):
        for mark in piece.starts:
            shown.append(f"[{mark.label.lower()}] ", "dim italic")
        style = ""
        if piece.layers:
            behaviour = [m for m in piece.layers if BY_CODE[m.evidence.code].behaviour]
            asserted = any(m.asserted for m in piece.layers)
            style = _UNASSERTED if not asserted else _ACT if any(m.asserted for m in behaviour) else _CONTEXT
        for chunk in piece.chunks:
            shown.append(chunk.text, "reverse" if chunk.odd else style)
    return shown


def _printable(text: str) -> str:
    """Keep a report from driving the terminal: control and direction characters are shown by name."""
    return "".join(chunk.text for chunk in chunks(text))


def _points(title: str, points: list[Point]) -> Group:
    lines: list[Text | Padding] = [Text(title, "bold")]
    for point in points or [Point(code="", text="None found.", evidence=[])]:
        line = Text("• ")
        line.append(_printable(point.text))
        if point.evidence:
            quotes = "; ".join(f"“{_printable(e.quote)}”" for e in point.evidence[:3])
            line.append(
                f" {quotes}" + (f" and {len(point.evidence) - 3} more" if len(point.evidence) > 3 else ""), "dim"
            )
        lines.append(Padding(line, (0, 0, 0, 2)))
    return Group(*lines)


def show(console: Console, text: str, assessment: Assessment) -> None:
    """Print one assessment."""
    words, style = SUGGESTION_WORDS[assessment.suggestion]
    head = Text()
    head.append(f" {words} ", style)
    head.append(
        f"  probability {percent(assessment.probability)} that the text describes stalking"
        if assessment.read
        else "  the text has not been read"
    )
    console.print(head)
    console.print(Panel(marked_text(text, assessment), title="Report, evidence marked", title_align="left"))
    if assessment.notes:
        console.print(_points("About the text itself", [Point(**note.model_dump()) for note in assessment.notes]))
    if assessment.read:
        _show_reading(console, assessment)
    if assessment.questions:
        console.print(
            _points("To ask the officer", [Point(code="", text=q, evidence=[]) for q in assessment.questions])
        )
    if assessment.would_change:
        changes = (
            f"{c.text} ({SUGGESTION_WORDS[c.suggestion][0]}, {percent(c.probability)})" for c in assessment.would_change
        )
        console.print(_points("What would change it", [Point(code="", text=c, evidence=[]) for c in changes]))
    console.print(Rule(style="dim"))
    console.print(
        Text(
            f"{assessment.model.name} {assessment.model.version}. It describes the report, not a person; a person decides.",
            "dim",
        )
    )


def _show_reading(console: Console, assessment: Assessment) -> None:
    """Print what was found: the FOUR, occasions, points for and against, and the rules that apply."""
    four = Text()
    for name, letter in assessment.four:
        four.append(f"{name.capitalize()}: ", "bold")
        four.append("yes" if letter.present else "not shown")
        four.append(f" ({percent(letter.probability)})   ", "dim")
    console.print(four)
    found = assessment.occasions
    summary = found.summary or f"The text describes at least {found.at_least} occasions."
    console.print(f"{summary}  Relationship: {assessment.relationship.value.replace('_', ' ')}.", highlight=False)
    console.print(_points("Points for", assessment.points_for))
    console.print(_points("Points against", assessment.points_against))
    for rule in assessment.rules:
        if rule.applies:
            console.print(Text.assemble((f"{rule.name} ", "bold"), (f"({rule.citation}): ", "dim"), rule.why))

"""``foursight decisions``: export what reviewers decided, de-identified, for training; measure the de-identification."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from service.deidentify import Deidentifier
    from service.reviewing_export import Decided

decisions = typer.Typer(no_args_is_help=True, help="What reviewers decided, as data to learn from.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(decisions, name="decisions")
    app.command("suggest")(suggest)


@decisions.command("export")
def export(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="JSON Lines, replaced whole or not at all.")],
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Only decisions made on that day (UTC) or later."),
    ] = None,
) -> None:
    """Write the decisions in force, de-identified, one JSON object a line, and print what was replaced.

    Names, places, numbers and addresses become surrogates that are consistent inside a report; spans keep their exact stretch. References become
    digests that only this service's secret can make again. De-identified is not anonymous: handle the file as the reports. See docs/learning.md.
    """
    from service import audit
    from service.cli import fail, open_store
    from service.deidentify import Deidentifier, MissingExtra
    from service.reviewing_export import decided
    from service.settings import Settings, SettingsError

    if not out.parent.is_dir():
        fail(f"{out.parent} is not a folder; make it, or name another file.")
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    replaced: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    try:
        secret = Settings().secret
        tool = Deidentifier()
        tool.find("")  # says at once when the extra is missing
        with open_store() as store:
            handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file, store.read() as session:
                for item in _progress(decided(session, since.replace(tzinfo=UTC) if since else None)):
                    line, counts = export_line(item, tool, secret)
                    file.write(json.dumps(line, ensure_ascii=False) + "\n")
                    replaced += counts
                    outcomes[item.outcome] += 1
            digest = hashlib.sha256(partial.read_bytes()).hexdigest()
            with store.write() as session:
                audit.append(
                    session, audit.COMMAND_LINE, "decisions.exported", digest, decisions=sum(outcomes.values())
                )
            partial.replace(out)
    except (MissingExtra, SettingsError) as fault:
        fail(str(fault))
    except OSError as fault:
        fail(f"{out} cannot be written: {fault.strerror}.")
    finally:
        partial.unlink(missing_ok=True)
    typer.echo(f"{sum(outcomes.values())} decisions in {out} ({_counts(outcomes)})")
    typer.echo(f"replaced: {_counts(replaced)}")


@decisions.command("profile")
def profile(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="JSON Lines, replaced whole or not at all.")],
) -> None:
    """Write one line a report for `foursight drift`: week, length, language, scores, decisions; not a word of the text."""
    from service import audit
    from service.cli import fail, open_store
    from service.suggesting import profiles

    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        with open_store() as store:
            with store.read() as session:
                lines = [json.dumps(line) for line in profiles(session)]
            with os.fdopen(
                os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
            ) as file:
                file.writelines(line + "\n" for line in lines)
            with store.write() as session:
                audit.append(session, audit.COMMAND_LINE, "reports.profiled", reports=len(lines))
            partial.replace(out)
    except OSError as fault:
        fail(f"{out} cannot be written: {fault.strerror}.")
    finally:
        partial.unlink(missing_ok=True)
    typer.echo(f"{len(lines)} reports in {out}")


def suggest(
    n: Annotated[int, typer.Option("--n", min=1, max=1000, help="How many.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON Lines.")] = False,
) -> None:
    """List the waiting reports most worth reading next for the model to learn from: those it is least sure of, and unlike one another.

    Prints references and scores, no text; reviewers open them in the console by reference.
    """
    from service import audit
    from service.cli import open_store
    from service.suggesting import candidates
    from service.suggesting import suggest as choose

    with open_store() as store:
        with store.read() as session:
            chosen = choose(candidates(session), n)
        with store.write() as session:
            audit.append(session, audit.COMMAND_LINE, "reports.suggested", reports=len(chosen))
    for place, c in enumerate(chosen, 1):
        if as_json:
            typer.echo(json.dumps({"reference": c.reference, "id": c.report_id, "probability": c.probability}))
        else:
            typer.echo(f"{place:4}  {c.reference}  {c.probability:.2f}")
    if not chosen:
        typer.echo("No report waits for a decision.", err=True)


@decisions.command("measure")
def measure(
    split: Annotated[str, typer.Option(help="train, dev or test.")] = "test",
    datasets: Annotated[Path, typer.Option(help="The folder of the corpus.")] = Path("datasets"),
    reader: Annotated[
        bool, typer.Option(help="Also use the reader's own mentions, as an export does. Slower.")
    ] = False,
    missed: Annotated[bool, typer.Option(help="Print what was missed; the corpus is fiction.")] = False,
) -> None:
    """Measure how much of the corpus's entity layer de-identification replaces, and print it with 95% intervals."""
    from models.intervals import wilson
    from service.cli import fail
    from service.deidentify import Deidentifier, MissingExtra
    from service.deidentify.measure import load
    from service.deidentify.measure import measure as run

    if split not in ("train", "dev", "test"):
        fail(f"there is no split {split}; use train, dev or test.")
    try:
        records, small = load(datasets, split)
        found = run(records, small, Deidentifier(), _reader_mentions() if reader else lambda text: ())
    except MissingExtra as fault:
        fail(str(fault))
    except (OSError, ValueError, KeyError):
        fail(f"{datasets} does not hold the corpus (reports/*.jsonl, splits.json).")
    typer.echo(f"{found.reports} reports of {split} with the entity layer, {found.words} words")
    for kind, total in sorted(found.identifying.items()):
        low, high = wilson(found.found[kind], total)
        typer.echo(
            f"{kind:10} {found.found[kind]:4} of {total:4} replaced: {found.found[kind] / total:.3f} ({low:.3f} to {high:.3f})"
        )
        if missed:
            for line in found.missed.get(kind, []):
                typer.echo(f"  missed {line}")
    typer.echo(f"replaced where nothing is marked: {found.replaced_elsewhere}")


def export_line(item: Decided, tool: Deidentifier, secret: bytes) -> tuple[dict[str, Any], Counter[str]]:
    """Return one decision as a line of the export, and what was replaced in it. ``text[start:end] == quote`` holds in what is returned."""
    assessment = item.assessment
    mentions = [(e.start, e.end, e.type) for e in assessment.entities] if assessment else []
    # One pass over text and question, so that a name has one surrogate in both.
    whole = f"{item.text}\n\n{item.question}"
    done = tool.deidentify(whole, mentions)
    _, cut = done.rewritten.move(0, len(item.text))
    question_at, _ = done.rewritten.move(len(item.text) + 2, len(whole))
    text = done.rewritten.text[:cut]
    evidence = []
    for span in item.evidence:
        start, end = done.rewritten.move(span.start, span.end)
        evidence.append(
            {"code": span.code, "status": span.status, "start": start, "end": end, "quote": text[start:end]}
        )
    line: dict[str, Any] = {
        "reference": hmac.new(secret, item.reference.encode(), hashlib.sha256).hexdigest()[:16],
        "revision": item.revision,
        "text": text,
        "recorded_offence": item.recorded_offence,
        "reported_at": item.reported_at.isoformat() if item.reported_at else None,
        "outcome": item.outcome,
        "offence": item.offence,
        "reason": item.reason,
        "question": done.rewritten.text[question_at:],
        "reviewer": item.reviewer,
        "decided_at": item.decided_at.isoformat(),
        "blind": item.blind,
        "evidence": evidence,
        "corrections": item.corrections,
        "assessment": None,
    }
    if assessment:
        line["assessment"] = {
            "suggestion": assessment.suggestion.value,
            "probability": assessment.probability,
            "relationship": assessment.relationship.value,
            "four": {name: letter.present for name, letter in assessment.four},
            "occasions": assessment.occasions.at_least,
            "model": assessment.model.model_dump(),
        }
    return line, done.replaced


def _reader_mentions() -> Any:
    from models.assessor import Assessor
    from models.contracts import Report

    assessor = Assessor.load()
    return lambda text: [
        (e.start, e.end, e.type) for e in assessor.assess(Report(reference="measure", text=text)).entities
    ]


def _progress(items: Iterator[Decided]) -> Iterator[Decided]:
    """Count on a terminal; how many there are is not known before the last."""
    with typer.progressbar(items, label="decisions", show_pos=True) as bar:
        yield from bar


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name.lower().replace('_', ' ')} {n}" for name, n in counter.most_common()) or "nothing"

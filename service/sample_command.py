"""``foursight sample``: plan, draw and estimate quality-assurance samples, and put the estimators to the test in simulation."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from service.sampling.frame import Proposal
    from service.sampling.plans import Plan
    from service.sampling.simulate import Cell
    from service.store.tables import SampleRow

sample = typer.Typer(no_args_is_help=True, help="Random samples of reports, read blind by two people, with estimates.")

Name = Annotated[str, typer.Argument(help="The sample's name.")]
Measured = Annotated[str, typer.Option(help="misrecorded, recall, precision or missed.")]
Within = Annotated[float, typer.Option(min=0.5, max=25, help="Give or take so many percentage points.")]
Simple = Annotated[bool, typer.Option("--simple", help="A simple random sample instead of a stratified one.")]
By = Annotated[
    list[str] | None, typer.Option(help="Strata besides the flag: band, recorded, relationship, month. Repeat it.")
]
Flagged = Annotated[str, typer.Option("--flag", help="What counts as flagged: review or review_or_ask.")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]
Only = Annotated[list[str] | None, typer.Option(help="Only these; repeat it.")]
Size = Annotated[
    int | None,
    typer.Option(
        help="How many reports to read in all, whatever --within says: most go to the strata where the measure is least certain, and each "
        "gets at least 20, or all that it has, so many strata can make it more (with --simple there is no such floor, and each gets its "
        "proportion). 'foursight sample plan' prints how wide an interval to expect of each measure."
    ),
]
Seed = Annotated[int, typer.Option(help="The same plan, seed and reports give the same sample.")]

BEGIN, END = "<!-- simulation: make simulate writes this -->", "<!-- end of simulation -->"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(sample, name="sample")


@sample.command("plan")
def plan_command(
    name: Name, measure: Measured = "misrecorded", within: Within = 3.0, simple: Simple = False, by: By = None,
    flag: Flagged = "review", since: Day = None, until: Day = None, band: Only = None, recorded: Only = None,
    relationship: Only = None, size: Size = None, seed: Seed = 1,
) -> None:  # fmt: skip
    """Say how many reports to read of each stratum for the interval that is wanted, and how wide each measure's interval will be. Draws nothing.

    A rule of thumb: a share p of n reports drawn at random is known give or take 1.96 * sqrt(p (1 - p) / n), so 10% of 400 by 3 points.
    """
    from service.cli import fail, open_store
    from service.sampling.frame import propose
    from service.sampling.plans import SamplingError

    plan = _plan(name, measure, within, simple, by, flag, since, until, band, recorded, relationship, size, seed)
    with open_store() as store, store.read() as session:
        try:
            _tell(propose(session, plan))
        except SamplingError as fault:
            fail(str(fault))


@sample.command("draw")
def draw_command(
    name: Name, reader: Annotated[list[str], typer.Option(help="Who reads; give it twice.")],
    settles: Annotated[str, typer.Option(help="Who settles where they differ.")],
    measure: Measured = "misrecorded", within: Within = 3.0, simple: Simple = False, by: By = None,
    flag: Flagged = "review", since: Day = None, until: Day = None, band: Only = None, recorded: Only = None,
    relationship: Only = None, size: Size = None, seed: Seed = 1,
) -> None:  # fmt: skip
    """Draw the sample of a plan and assign it. The readers find it under Samples in the console."""
    from service.audit import COMMAND_LINE
    from service.cli import fail, open_store
    from service.sampling.frame import draw, propose
    from service.sampling.plans import SamplingError

    plan = _plan(name, measure, within, simple, by, flag, since, until, band, recorded, relationship, size, seed)
    with open_store() as store:
        try:
            with store.snapshot() as session:
                proposal = propose(session, plan)
            with store.write() as session:
                drawn = draw(session, plan, [*reader, settles], COMMAND_LINE, proposal)
        except SamplingError as fault:
            fail(str(fault))
    total = sum(stratum["drawn"] for stratum in drawn.strata)
    typer.echo(f"Drew {total} reports for {', '.join(reader)}; {settles} settles. Results: /samples/{drawn.id}")


@sample.command("list")
def list_command() -> None:
    """List the samples and how far they are read."""
    from sqlalchemy import select

    from service.cli import open_store
    from service.sampling.reading import readings
    from service.store.tables import SampleRow

    with open_store() as store, store.read() as session:
        for row in session.scalars(select(SampleRow).order_by(SampleRow.drawn_at)):
            given = readings(session, row)
            settled = sum(r.pattern is not None for r in given)
            typer.echo(f"{row.name}\tdrawn {row.drawn_at:%Y-%m-%d}\t{settled} of {len(given)} settled")
        if not session.scalar(select(SampleRow.id).limit(1)):
            typer.echo("No sample has been drawn; foursight sample plan --help says how to begin.", err=True)


@sample.command("estimates")
def estimates_command(
    name: Name,
    correct: Annotated[bool, typer.Option("--correct", help="Correct for the readers' errors.")] = False,
    csv: Annotated[Path | None, typer.Option(help="Write every estimate as CSV.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write one page to print, with the method.")] = None,
) -> None:
    """Print what a sample says, with 95% intervals."""
    from service import audit
    from service.audit import COMMAND_LINE
    from service.cli import fail, open_store
    from service.sampling.csv_table import as_csv
    from service.sampling.results import results

    with open_store() as store, store.snapshot() as session:
        row = _by_name(session, name)
        if row is None:
            fail("there is no sample of that name; foursight sample list names them.")
        found = results(session, row, correct)
        audit.record(store, COMMAND_LINE, "sample.exported", row.id)
        try:
            if csv:
                csv.write_text(as_csv(found), encoding="utf-8", newline="")
            if html:
                html.write_text(_page(session, found, correct), encoding="utf-8")
        except OSError as fault:
            fail(f"{fault.filename} cannot be written ({fault.strerror}).")
    progress = found.progress
    typer.echo(f"{progress.settled} of {progress.drawn} reports settled, drawn from {progress.frame}.")
    typer.echo(found.judged_by)
    if found.why_not:
        typer.echo(found.why_not)
    for line in found.lines:
        says = f"{line.value:6.1%}  ({line.low:.1%} to {line.high:.1%})" if line.known else "     –"
        typer.echo(f"{line.measure:12} {says}  {line.reports} reports read")
    if found.readers:
        typer.echo(
            f"kappa of the readers {found.readers.kappa:.2f} ({found.readers.low:.2f} to {found.readers.high:.2f})"
        )
    for item in found.fairness:
        if item.warns and not item.twin:
            typer.echo(
                f"WARNING: {item.measure} differs beyond chance: {item.attribute} {item.group} {item.value:.0%}, others {item.others:.0%}"
            )


@sample.command("simulate")
def simulate_command(
    samples: Annotated[int, typer.Option(min=100, help="Samples for each line of the table.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    publish: Annotated[Path | None, typer.Option(help="Write the table into this document, between its marks.")] = None,
) -> None:
    """Draw samples from populations with known truth, read them with errors, and count how often the intervals hold it.

    Exit code 1 unless every estimate that claims to be right is: bias under 0.5 points, 94 to 96% of intervals hold the truth.
    """
    from rich.console import Console
    from rich.progress import Progress

    from service.cli import fail
    from service.sampling.simulate import batches, false_warnings, simulate

    if publish and not (publish.is_file() and BEGIN in publish.read_text(encoding="utf-8")):
        fail(f"{publish} has no place for the table; it needs a line {BEGIN}")
    stderr = Console(stderr=True)
    with Progress(console=stderr, disable=not stderr.is_terminal, transient=True) as progress:
        task = progress.add_task("simulate", total=batches(samples))
        cells = list(simulate(samples, seed, lambda: progress.advance(task)))
        warned = false_warnings(min(samples, 1000), seed + 2)
    table = _table(cells, warned, seed)
    typer.echo(table)
    if publish:
        text = publish.read_text(encoding="utf-8")
        before, _, rest = text.partition(BEGIN)
        publish.write_text(f"{before}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    if max(warned.values()) > 5 or any(cell.claims and not cell.holds for cell in cells):
        raise typer.Exit(1)


def _table(cells: list[Cell], warned: dict[float, float], seed: int) -> str:
    """The cells as a table in Markdown; the verdict below it."""
    lines = [
        f"{cells[0].samples:,} samples a line, seed {seed}. Points are percentage points.",
        "",
        "| misrecorded | readers' errors | corrected | measure | truth | bias, points | intervals that hold it | width, points | |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for cell in cells:
        verdict = ("holds" if cell.holds else "**does not hold**") if cell.claims else ""
        lines.append(
            f"| {cell.share:.0%} | {cell.errors} | {'yes' if cell.corrected else 'no'} | {cell.measure} | {cell.truth:.1f}% "
            f"| {cell.bias:+.2f} | {cell.covered:.1f}% | {cell.width:.1f} | {verdict} |"
        )
    claims = [cell for cell in cells if cell.claims]
    held = sum(cell.holds for cell in claims)
    lines += [
        "",
        f"{held} of {len(claims)} estimates that claim to be right hold: bias under 0.5 points, 94 to 96% of intervals.",
    ]
    alike = ", ".join(f"{rate:.1f} of 100 samples at {share:.0%} misrecorded" for share, rate in warned.items())
    lines += ["", f"Warnings that groups differ, where flagging works alike for all of them: {alike}."]
    return "\n".join(lines)


def _plan(
    name: str, measure: str, within: float, simple: bool, by: list[str] | None, flag: str, since: datetime | None,
    until: datetime | None, band: list[str] | None, recorded: list[str] | None, relationship: list[str] | None,
    size: int | None, seed: int,
) -> Plan:  # fmt: skip
    from pydantic import ValidationError

    from service.cli import fail
    from service.sampling.plans import Plan

    values: dict[str, Any] = {
        "name": name, "measure": measure, "within": within / 100, "stratified": not simple, "by": by or [], "flag": flag,
        "since": since.date() if since else None, "until": until.date() if until else None, "bands": band or [],
        "recorded": recorded or [], "relationships": relationship or [], "size": size, "seed": seed,
    }  # fmt: skip
    try:
        return Plan.model_validate(values)
    except ValidationError as fault:
        errors = fault.errors(include_input=False, include_url=False)
        fail(
            "; ".join(
                f"{'.'.join(map(str, e['loc'])) or 'plan'}: {e['msg'].removeprefix('Value error, ')}" for e in errors
            )
        )


def _tell(proposal: Proposal) -> None:
    from service.sampling.plans import FEWEST

    sizing = proposal.sizing
    typer.echo(f"Read {sizing.total} of {proposal.frame} reports, each by two people.")
    if proposal.raised:
        typer.echo(
            f"That is more than --size {proposal.plan.size}: each stratum gets at least {FEWEST}, or all it has."
        )
    typer.echo(proposal.judged_by)
    if not sizing.reached:
        typer.echo("Even all of them are not enough to tell: the reports hold no flagged ones, or none that are not.")
    for stratum, n in zip(proposal.strata, sizing.read, strict=True):
        label = ", ".join(["flagged" if stratum.flagged else "not flagged", *stratum.label.values()])
        typer.echo(f"{n:7} of {len(stratum.members):7}  {label}")
    typer.echo("To expect, if the model's probabilities are right:")
    for measure, (value, half) in sizing.expected.items():
        typer.echo(
            f"{measure.value:12} {value:6.1%}, give or take {100 * half:.1f} points"
            if half == half
            else f"{measure.value:12} cannot be told"
        )


def _by_name(session: Session, name: str) -> SampleRow | None:
    from sqlalchemy import select

    from service.store.tables import SampleRow

    return session.scalar(select(SampleRow).where(SampleRow.name == name))


def _page(session: Session, found: Any, correct: bool) -> str:
    """The printed page with its style in it, to stand alone as a file."""
    from service.console.samples import READERS, view
    from service.console.templating import STATIC, environment
    from service.store.tables import AccountRow

    readers = [session.get_one(AccountRow, getattr(found.sample, name)).name for name in READERS]
    css = (STATIC / "samples.css").read_text(encoding="utf-8")
    context = {**view(found, readers), "corrected": found.errors is not None, "wanted": correct, "css": css}
    return environment().get_template("samples/summary.html").render(context)

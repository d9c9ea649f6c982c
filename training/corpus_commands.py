"""``foursight corpus …``: check, measure and add to the written reports in ``datasets/``."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from training.cli import console, fail, read_corpus
from training.corpus import CorpusError, Record, from_authoring, load_corpus, write_records

corpus_app = typer.Typer(no_args_is_help=True, help="Check, measure and add to the written reports in datasets/.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(corpus_app, name="corpus")


@corpus_app.command("check")
def check() -> None:
    """Print problems by file and line, then a summary by desk. Exit code 2 when there are problems."""
    try:
        corpus = load_corpus()
    except CorpusError as error:
        for problem in error.problems:
            console.print(problem, markup=False, highlight=False)
        raise typer.Exit(2) from None
    table = Table(title=f"{len(corpus.records)} reports, digest {corpus.digest[:16]}, no problems")
    for column in (
        "desk",
        "split",
        "reports",
        "stalking",
        "not",
        "unclear",
        "flipping pairs",
        "entities",
        "median words",
        "'stalk' on either side",
    ):
        table.add_column(column, justify="left" if column in ("desk", "split") else "right")
    groups: dict[str, list[Record]] = {}
    for record in corpus.records:
        groups.setdefault(record.desk, []).append(record)
    for name, records in [
        *sorted(groups.items(), key=lambda g: (corpus.splits[g[0]], g[0])),
        ("all", list(corpus.records)),
    ]:
        label = Counter(r.label.value for r in records)
        stem = Counter(r.label.value for r in records if "stalk" in r.text.lower())
        words = sorted(len(r.text.split()) for r in records)
        table.add_row(
            name,
            corpus.splits.get(name, ""),
            str(len(records)),
            f"{label['stalking']} ({label['stalking'] / len(records):.0%})",
            str(label["not_stalking"]),
            str(label["unclear"]),
            str(len(corpus.twins(records))),
            str(sum(r.entities is not None for r in records)),
            str(words[len(words) // 2]),
            f"{stem['stalking']} / {stem['not_stalking']}",
        )
    console.print(table)


@corpus_app.command("giveaways")
def show_giveaways(
    desk: Annotated[
        list[str] | None, typer.Option(help="Only these desks (each tested by the other chosen ones).")
    ] = None,
    words: Annotated[int, typer.Option(help="How many of the heaviest words to print a side.")] = 40,
) -> None:
    """Train a bag of words across desks, each tested by the others: what can be had without reading."""
    from training.giveaways import giveaways

    records = [r for r in read_corpus().records if not desk or r.desk in desk]
    if len({r.desk for r in records}) < 2:
        raise fail("name at least two desks of the corpus: each is tested by the others")
    found = giveaways(records, words)
    table = Table(title="A bag of words, each desk tested by the others")
    for column in ("desk", "reports", "chance", "average precision", "pairs", "stalking twin higher"):
        table.add_column(column, justify="left" if column == "desk" else "right")
    for row in sorted(found.desks, key=lambda d: -d.average_precision):
        table.add_row(
            row.desk,
            str(row.reports),
            f"{row.chance:.2f}",
            f"{row.average_precision:.2f}",
            str(row.pairs),
            f"{row.twin_order:.2f}",
        )
    console.print(table)
    console.print(
        f"mean of desks: average precision {found.average_precision:.3f} (pooled {found.pooled_average_precision:.3f}, chance {found.chance:.3f}); "
        f"stalking twin higher {found.twin_order:.3f}"
    )
    console.print(
        "towards stalking:     " + ", ".join(f"{w} {v:.1f}" for w, v in found.towards_stalking),
        markup=False,
        highlight=False,
    )
    console.print(
        "towards not stalking: " + ", ".join(f"{w} {v:.1f}" for w, v in found.towards_not),
        markup=False,
        highlight=False,
    )


@corpus_app.command("agreement")
def agreement() -> None:
    """Print how far the second annotator agrees with the gold labels: by desk, by split, over all."""
    from training.agreement import compare, load_second_labels, written_labels

    corpus, second, written = read_corpus(), load_second_labels(), written_labels()
    table = Table(title=f"Second annotator on {len(second)} reports")
    for column in (
        "desk",
        "reports",
        "kappa",
        "same label",
        "kappa, both clear",
        "span F1",
        "status",
        "occasions exact",
        "relationship",
    ):
        table.add_column(column, justify="left" if column == "desk" else "right")
    groups: dict[str, list[Record]] = {}
    for record in corpus.records:
        groups.setdefault(record.desk, []).append(record)
    rows = (
        sorted(groups.items())
        + [(f"all of {s}", corpus.split(s)) for s in ("train", "dev", "test")]
        + [("all", list(corpus.records))]
    )
    for name, records in rows:
        found = compare(records, second, written)
        if found is not None:
            figures = (
                found.kappa,
                found.same_label,
                found.kappa_clear,
                found.span_f1,
                found.status,
                found.occasions,
                found.relationship,
            )
            table.add_row(name, str(found.reports), *(f"{f:.2f}" for f in figures))
    console.print(table)
    console.print(
        f"they differ on {len(written)} labels, which a third annotator decided (datasets/adjudications.jsonl)"
    )


@corpus_app.command("import")
def import_desk(
    file: Path, to: Annotated[Path, typer.Option(help="The folder of desks.")] = Path("datasets/reports")
) -> None:
    """Add a desk written in the authoring format (quotes, no offsets). Nothing is written when any line has a fault."""
    from pydantic import ValidationError

    records, problems = [], []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        try:
            records.append(Record.model_validate(from_authoring(json.loads(line))))
        except ValidationError as error:
            detail = error.errors(include_url=False, include_input=False)[0]
            problems.append(f"{file.name}:{number}: {'.'.join(map(str, detail['loc']))} {detail['msg']}")
        except (ValueError, KeyError) as error:
            problems.append(f"{file.name}:{number}: {error}")
    if problems:
        raise fail("\n".join(problems))
    write_records(to / file.name, records)
    console.print(f"{len(records)} reports in {to / file.name}; give the desk a split in datasets/splits.json")


@corpus_app.command("datasheet")
def datasheet(
    plot: Annotated[Path, typer.Option(help="Where to draw the picture.")] = Path("datasets/composition.svg"),
) -> None:
    """Print the datasheet's tables as Markdown and draw its picture."""
    from training import datasheet as sheet

    records = read_corpus().records
    sheet.plot(records, plot)
    typer.echo(sheet.markdown(records))


@corpus_app.command("samples")
def make_samples(
    out: Annotated[Path, typer.Option(help="Where to write them.")] = Path("datasets/samples.jsonl"),
    count: Annotated[int, typer.Option(min=1, help="How many.")] = 60,
) -> None:
    """Choose the sample reports of a first run from the test split."""
    from training.samples import choose_samples, write_samples

    reports = choose_samples(read_corpus().split("test"), count)
    write_samples(out, reports)
    console.print(f"{len(reports)} reports in {out}")

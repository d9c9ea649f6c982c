"""The data scientist's commands: ``foursight train``, ``evaluate``, ``corpus …``. Registered through the package's entry points."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from models.bundle import DEFAULT_BUNDLE, BundleError, open_bundle
from training import behaviour, learning_commands
from training.corpus import Corpus, CorpusError, Record, from_authoring, load_corpus, write_records

console = Console()
corpus_app = typer.Typer(no_args_is_help=True, help="Check, measure and add to the written reports in datasets/.")


def register(app: typer.Typer) -> None:
    """Add the commands to the ``foursight`` application."""
    app.command("train")(train)
    app.command("recalibrate")(recalibrate)
    app.command("evaluate")(evaluate)
    app.command("measure-reading")(measure_reading)
    app.command("train-entities")(train_entities)
    app.add_typer(corpus_app, name="corpus")
    app.command("errors")(errors)
    behaviour.register(app)
    learning_commands.register(app)


def _fail(message: str) -> typer.Exit:
    Console(stderr=True).print(f"foursight: {message}", style="red", highlight=False, markup=False)
    return typer.Exit(2)


def _corpus() -> Corpus:
    try:
        return load_corpus()
    except CorpusError as error:
        raise _fail(f"the corpus has problems; run 'foursight corpus check'.\n{error}") from None


def train(
    config: Annotated[str, typer.Option(help="A TOML file, or a name in training/configs.")] = "mpnet",
    out: Annotated[Path, typer.Option(help="Where to write the bundle.")] = Path("var/bundles/candidate"),
    version: Annotated[str, typer.Option(help="The version to give it.")] = "0.0.0",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last finished epoch of the same config and corpus.")
    ] = False,
    decisions: Annotated[
        Path | None, typer.Option(help="Also learn from this export of decisions (foursight decisions export).")
    ] = None,
    decisions_weight: Annotated[
        float, typer.Option(min=0.01, max=20, help="How much one decision weighs beside one written report.")
    ] = 1.0,
    start_from: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="A bundle, or the best.pt of a run, to go on from: far less work than from the bare encoder.",
        ),
    ] = None,
    final: Annotated[
        bool, typer.Option("--final", help="Also measure on test, for the card of a bundle that will ship.")
    ] = False,
) -> None:
    """Train the reader on the corpus and write a bundle: fit, export, choose the decision on dev, measure on dev.

    The same config, corpus and seed give the shipped bundle again, up to the rounding of the machine. Follow runs with
    `mlflow ui --backend-store-uri sqlite:///var/mlflow.db`.
    """
    from pydantic import ValidationError

    from training.config import load_config
    from training.decisions import describe, mix, read_decisions
    from training.encoders import EncoderError
    from training.run import train as run

    try:
        if start_from is not None and not start_from.is_file():
            open_bundle(start_from)
        settings = load_config(config)
        corpus = _corpus()
        if decisions is not None:
            exported = read_decisions(decisions)
            corpus = mix(corpus, exported, decisions_weight)
            console.print(describe(exported, corpus.records))
        manifest = run(settings, corpus, out, version, resume, final, console, start_from)
    except (BundleError, OSError, EncoderError, ValidationError, ValueError) as error:
        raise _fail(str(error)) from None
    console.print(f"bundle {manifest.name} {manifest.version} written to {out}")


def recalibrate(
    bundle: Annotated[Path, typer.Argument(help="The bundle whose reading stays as it is.")] = DEFAULT_BUNDLE,
    out: Annotated[Path, typer.Option(help="Where to write the bundle.")] = Path("var/bundles/candidate"),
    version: Annotated[str, typer.Option(help="The version to give it.")] = "0.0.0",
    final: Annotated[
        bool, typer.Option("--final", help="Also measure on test, for the card of a bundle that will ship.")
    ] = False,
) -> None:
    """Calibrate a bundle's decision and choose its thresholds anew on dev, in minutes: after dev has changed, or the rule that decides. Nothing is trained."""
    from training.run import recalibrate as run

    try:
        manifest = run(bundle, _corpus(), out, version, final, console)
    except (BundleError, OSError, ValueError) as error:
        raise _fail(str(error)) from None
    console.print(f"bundle {manifest.name} {manifest.version} written to {out}")


def evaluate(
    bundle: Annotated[Path, typer.Option(help="The bundle to measure.")] = DEFAULT_BUNDLE,
    split: Annotated[str, typer.Option(help="dev or test. Choose on dev; look at test to report.")] = "test",
    out: Annotated[Path, typer.Option(help="Where to save the JSON and the page with plots.")] = Path("var/evaluation"),
    quick: Annotated[bool, typer.Option(help="Leave out swaps, faithfulness and the slow baselines.")] = False,
) -> None:
    """Measure a bundle on the corpus beside the baselines, trained in the same run; print, and save JSON and HTML with plots."""
    from models.assessor import Assessor
    from training.evaluate import measure, print_result, save_result

    if split not in ("train", "dev", "test"):
        raise _fail(f"no split {split!r}: choose train, dev or test")
    try:
        assessor = Assessor.load(bundle)
    except BundleError as error:
        raise _fail(str(error)) from None
    corpus = _corpus()
    if assessor.manifest.corpus_digest != corpus.digest:
        Console(stderr=True).print(
            "warning: this bundle was trained on another version of the corpus; a report measured here may have been trained on",
            style="yellow",
        )
    if split == "dev":
        console.print("The decision model was fitted on dev: these figures flatter. The manifest holds the fair ones.")
    result = measure(assessor, corpus, split, quick)  # type: ignore[arg-type]
    print_result(result, console)
    save_result(result, out)
    console.print(f"saved to {out}/evaluation-{split}.json and .html")


def errors(
    bundle: Annotated[Path, typer.Option(help="The bundle to read.")] = DEFAULT_BUNDLE,
    split: Annotated[str, typer.Option(help="dev, to learn from; test only to report.")] = "dev",
    out: Annotated[Path, typer.Option(help="Where the reports go, one JSON object a line.")] = Path("var/errors.jsonl"),
    causes: Annotated[
        Path | None,
        typer.Option(help="Count the causes that people found instead (datasets/error_causes.jsonl); reads no report."),
    ] = None,
) -> None:
    """Write the reports that a bundle gets wrong, with what it read in them, so that a person can read them and find the cause."""
    from models.assessor import Assessor
    from training.errors import count_causes, write_wrong, wrong_answers

    if causes is not None:
        try:
            console.print(count_causes(causes))
        except (OSError, ValueError, KeyError) as error:
            raise _fail(f"{causes} is no file of causes ({type(error).__name__})") from None
        return
    if split not in ("dev", "test"):
        raise _fail(f"no split {split!r} to read errors of: choose dev or test")
    try:
        found = wrong_answers(Assessor.load(bundle), _corpus(), split)  # type: ignore[arg-type]
    except BundleError as error:
        raise _fail(str(error)) from None
    write_wrong(found, out)
    for (kind, desk), count in sorted(Counter((w.kind, w.id.rpartition("-")[0]) for w in found).items()):
        console.print(f"{kind:12} {desk:12} {count}")
    console.print(f"{len(found)} reports written to {out}")


def train_entities(
    out: Annotated[Path, typer.Option(help="Where to write the recogniser.")] = Path("nlp/data/entities.spacy"),
    epochs: Annotated[
        int, typer.Option(min=1, max=200, help="At most so many passes; it stops when dev stops gaining.")
    ] = 30,
) -> None:
    """Train the recogniser of people, places, times, orders and organisations on the entity layer; keep the best epoch on dev."""
    from training.entities import train_entities as run

    corpus = _corpus()
    history = run(corpus.split("train"), corpus.split("dev"), epochs, out)
    console.print(
        f"best F1 on dev {max(history):.3f} (exact spans, types and roles) in epoch {history.index(max(history)) + 1}; written to {out}"
    )


def measure_reading(
    split: Annotated[str, typer.Option(help="dev or test.")] = "test",
    sample: Annotated[
        int, typer.Option(min=1, help="How many reports the slow measures (faithfulness, stability) take.")
    ] = 1000,
    reports: Annotated[
        int | None, typer.Option(min=1, help="Only so many reports of the split, chosen at random (seeded).")
    ] = None,
    bundle: Annotated[Path, typer.Option(help="The bundle to measure.")] = DEFAULT_BUNDLE,
) -> None:
    """Measure reading and explaining: mentions, roles, dates, occasions, rules, faithfulness, stability, cost."""
    from models.assessor import Assessor
    from training.reading_measures import print_measures

    if split not in ("train", "dev", "test"):
        raise _fail(f"no split {split!r}: choose train, dev or test")
    try:
        assessor = Assessor.load(bundle)
    except BundleError as error:
        raise _fail(str(error)) from None
    records = _corpus().split(split)  # type: ignore[arg-type]
    if reports is not None and reports < len(records):
        records = random.Random(0).sample(records, reports)
    print_measures(assessor, records, split, sample, console)


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

    records = [r for r in _corpus().records if not desk or r.desk in desk]
    if len({r.desk for r in records}) < 2:
        raise _fail("name at least two desks of the corpus: each is tested by the others")
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

    corpus, second, written = _corpus(), load_second_labels(), written_labels()
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
        raise _fail("\n".join(problems))
    write_records(to / file.name, records)
    console.print(f"{len(records)} reports in {to / file.name}; give the desk a split in datasets/splits.json")


@corpus_app.command("datasheet")
def datasheet(
    plot: Annotated[Path, typer.Option(help="Where to draw the picture.")] = Path("datasets/composition.svg"),
) -> None:
    """Print the datasheet's tables as Markdown and draw its picture."""
    from training import datasheet as sheet

    records = _corpus().records
    sheet.plot(records, plot)
    typer.echo(sheet.markdown(records))


@corpus_app.command("samples")
def make_samples(
    out: Annotated[Path, typer.Option(help="Where to write them.")] = Path("datasets/samples.jsonl"),
    count: Annotated[int, typer.Option(min=1, help="How many.")] = 60,
) -> None:
    """Choose the sample reports of a first run from the test split."""
    from training.samples import choose_samples, write_samples

    reports = choose_samples(_corpus().split("test"), count)
    write_samples(out, reports)
    console.print(f"{len(reports)} reports in {out}")

"""The data scientist's commands: ``foursight train``, ``evaluate``, ``corpus …``. Registered through the package's entry points."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from models.bundle import DEFAULT_BUNDLE, BundleError, open_bundle
from training import behaviour, corpus_commands, learning_commands
from training.cli import console, fail, read_corpus


def register(app: typer.Typer) -> None:
    """Add the commands to the ``foursight`` application."""
    app.command("train")(train)
    app.command("recalibrate")(recalibrate)
    app.command("evaluate")(evaluate)
    app.command("measure-reading")(measure_reading)
    app.command("train-entities")(train_entities)
    corpus_commands.register(app)
    app.command("errors")(errors)
    behaviour.register(app)
    learning_commands.register(app)


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
        corpus = read_corpus()
        if decisions is not None:
            exported = read_decisions(decisions)
            corpus = mix(corpus, exported, decisions_weight)
            console.print(describe(exported, corpus.records))
        manifest = run(settings, corpus, out, version, resume, final, console, start_from)
    except (BundleError, OSError, EncoderError, ValidationError, ValueError) as error:
        raise fail(str(error)) from None
    console.print(f"bundle {manifest.name} {manifest.version} written to {out}")


def recalibrate(
    bundle: Annotated[Path, typer.Argument(help="The bundle whose reading stays as it is.")] = DEFAULT_BUNDLE,
    out: Annotated[Path, typer.Option(help="Where to write the bundle.")] = Path("var/bundles/candidate"),
    version: Annotated[str, typer.Option(help="The version to give it.")] = "0.0.0",
    plain: Annotated[
        bool | None,
        typer.Option(
            "--plain/--as-written", help="Read names and sexes in one form, or as written; else as the bundle does."
        ),
    ] = None,
    final: Annotated[
        bool, typer.Option("--final", help="Also measure on test, for the card of a bundle that will ship.")
    ] = False,
) -> None:
    """Calibrate a bundle's decision and choose its thresholds anew on dev, in minutes: after dev has changed, or the rule that decides. Nothing is trained."""
    from training.run import recalibrate as run

    try:
        manifest = run(bundle, read_corpus(), out, version, final, console, plain)
    except (BundleError, OSError, ValueError) as error:
        raise fail(str(error)) from None
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
        raise fail(f"no split {split!r}: choose train, dev or test")
    try:
        assessor = Assessor.load(bundle)
    except BundleError as error:
        raise fail(str(error)) from None
    corpus = read_corpus()
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
            raise fail(f"{causes} is no file of causes ({type(error).__name__})") from None
        return
    if split not in ("dev", "test"):
        raise fail(f"no split {split!r} to read errors of: choose dev or test")
    try:
        found = wrong_answers(Assessor.load(bundle), read_corpus(), split)  # type: ignore[arg-type]
    except BundleError as error:
        raise fail(str(error)) from None
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

    corpus = read_corpus()
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
        raise fail(f"no split {split!r}: choose train, dev or test")
    try:
        assessor = Assessor.load(bundle)
    except BundleError as error:
        raise fail(str(error)) from None
    records = read_corpus().split(split)  # type: ignore[arg-type]
    if reports is not None and reports < len(records):
        records = random.Random(0).sample(records, reports)
    print_measures(assessor, records, split, sample, console)

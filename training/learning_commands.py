"""``foursight compare``, ``promote`` and ``drift``: two bundles side by side, which one serves, and whether the world has moved."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.bundle import DEFAULT_BUNDLE, BundleError
from training.cli import console, fail, read_corpus
from training.corpus import CorpusError

if TYPE_CHECKING:
    from training.gate import Gate

GATE = Path(__file__).parent / "gate.toml"
BUNDLES = Path("var/bundles")

Begins = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only weeks that begin on this day or later.")
]
Ends = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only weeks that begin on this day or earlier.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("compare")(compare)
    app.command("promote")(promote)
    app.command("drift")(drift)


def _gate(path: Path) -> Gate:
    from training.gate import load_gate

    try:
        return load_gate(path)
    except (OSError, ValueError) as error:
        raise fail(f"{path} is not a gate: {error}") from None


def compare(
    a: Annotated[Path, typer.Argument(help="A bundle's folder.")],
    b: Annotated[Path, typer.Argument(help="Another's.")],
    split: Annotated[str, typer.Option(help="dev or test. Choose on dev; look at test to report.")] = "dev",
    out: Annotated[Path | None, typer.Option(help="Save everything as JSON in this file.")] = None,
    behaviour: Annotated[bool, typer.Option(help="Also put the behavioural cases to both.")] = True,
) -> None:
    """Put two bundles side by side: every figure with the interval of the difference, and the reports on which they differ, by id.
    About ten minutes on two cores for a split.

    A bundle's decision model is fitted on dev: on dev two bundles are flattered alike.
    """
    from models.assessor import Assessor
    from training import compare as comparing
    from training.behaviour import load_cases

    if split not in ("dev", "test"):
        raise fail(f"no split {split!r}: choose dev or test")
    corpus = read_corpus()
    records = corpus.split(split)  # type: ignore[arg-type]
    try:
        first, second = Assessor.load(a), Assessor.load(b)
        cases = load_cases() if behaviour else {}
    except (BundleError, CorpusError) as error:
        raise fail(str(error)) from None
    timed = comparing.latency(first, second, records[:40])
    sides = [comparing.answers_of(x, records, cases) for x in (first, second)]
    result = comparing.compare(records, sides[0], sides[1], cases, timed, split, corpus.digest)
    comparing.print_comparison(result, console)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(result.model_dump_json(indent=1) + "\n", encoding="utf-8")
        console.print(f"saved to {out}", highlight=False)


def promote(
    bundle: Annotated[Path, typer.Argument(help="The challenger.")] = Path("var/bundles/candidate"),
    gate: Annotated[Path, typer.Option(help="The written gate, TOML.")] = GATE,
    pointer: Annotated[
        Path, typer.Option(help="The file that names the bundle to serve: set FOURSIGHT_BUNDLE to it.")
    ] = Path("var/champion"),
    back: Annotated[
        bool, typer.Option("--roll-back", help="Make the champion before this one champion again.")
    ] = False,
) -> None:
    """Register a bundle in MLflow and make it champion, unless the written gate refuses (exit code 1, with the reasons).

    Without a champion so far, the shipped bundle is the one to beat. The registry is MLflow's, in var/mlflow.db or on the server of
    MLFLOW_TRACKING_URI. A service that runs with FOURSIGHT_BUNDLE=var/champion takes a new champion without a restart.
    """
    from mlflow.exceptions import MlflowException

    from training.behaviour import load_cases
    from training.compare import print_comparison
    from training.promote import PromoteError, roll_back
    from training.promote import promote as run

    try:
        if back:
            left, now = roll_back(BUNDLES, pointer)
            console.print(
                f"champion: version {now.version} ({now.name}) again, in place of {left.version} ({left.name}). `foursight reassess` shows what it said of the reports again; no text is read twice."
            )
            return
        rules = _gate(gate)
        corpus = read_corpus()
        outcome = run(bundle, corpus.split(rules.split), load_cases(), rules, corpus.digest, BUNDLES, pointer)
    except (BundleError, CorpusError, PromoteError) as error:
        raise fail(str(error)) from None
    except MlflowException as error:
        raise fail(f"the registry of MLflow cannot be used (MLFLOW_TRACKING_URI says which): {error.message}") from None
    if outcome.comparison is None:
        console.print(f"version {outcome.champion.version} ({outcome.champion.name}) is champion already")
        return
    print_comparison(outcome.comparison, console, shown=5)
    if outcome.refusals:
        console.print(f"\n[bold]refused[/]: version {outcome.challenger.version} stays challenger, for these reasons:")
        for reason in outcome.refusals:
            console.print(f"  {reason.part}: {reason.why}", highlight=False, markup=False)
        raise typer.Exit(1)
    console.print(f"\nchampion: version {outcome.challenger.version} ({outcome.challenger.name}); {pointer} names it")


def drift(
    profile: Annotated[Path, typer.Argument(metavar="FILE", help="What 'foursight decisions profile' wrote.")],
    bundle: Annotated[
        Path, typer.Option(help="The bundle whose scores on dev are the ones to expect.")
    ] = DEFAULT_BUNDLE,
    out: Annotated[
        Path | None,
        typer.Option(help="Where to save the page with plots, and the JSON; else where the console looks for it."),
    ] = None,
    reports: Annotated[int, typer.Option(min=20, help="How many dev reports to score for comparison.")] = 150,
    since: Begins = None, until: Ends = None, against_since: Begins = None, against_until: Ends = None,
) -> None:  # fmt: skip
    """Say whether the reports that come in still look like those the model learned from, week by week, with a plain verdict and plots.

    With --against-since or --against-until they are compared with another period of the file instead, and no bundle is needed.
    """
    from models.assessor import Assessor
    from training import drift as drifting

    try:
        everything = drifting.read_profile(profile)
        rows = drifting.within(everything, since and since.date(), until and until.date())
        if against_since or against_until:
            begins, ends = against_since and against_since.date(), against_until and against_until.date()
            usual = drifting.another_period(rows, drifting.within(everything, begins, ends))
        else:
            usual = drifting.expected(read_corpus(), Assessor.load(bundle), reports)
    except OSError as error:
        raise fail(f"{error.filename or profile} cannot be read: {error.strerror}") from None
    except (BundleError, ValueError) as error:
        raise fail(str(error)) from None
    result = drifting.measure(rows, usual)
    drifting.print_drift(result, console)
    # The service's setting of the same name; the console shows what lies there.
    out = out or Path(os.environ.get("FOURSIGHT_VAR") or "var") / "drift"
    drifting.save(result, out)
    console.print(f"saved to {out}/drift.json and drift.html", highlight=False)

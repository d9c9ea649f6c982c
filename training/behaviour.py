"""Behavioural tests in the manner of CheckList (Ribeiro et al. 2020): small hand-written cases, each asking one thing of the reader.

The cases are data, ``datasets/checklist/CAPABILITY.jsonl``; a capability is a file. ``docs/behaviour.md`` says what each asks and how to read the
rates. The cases are for measuring only: nothing is trained on them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple, Self

import typer
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from models.bundle import DEFAULT_BUNDLE, BundleError
from models.contracts import Report
from models.intervals import wilson
from nlp.taxonomy import Label, Suggestion
from nlp.text import check_text
from training.corpus import DATASETS, CorpusError

if TYPE_CHECKING:
    from models.assessor import Assessor

CHECKLIST = DATASETS / "checklist"
MARGIN = 0.1  # How far the stalking text of a direction case must score above the other.
TOLERANCE = 0.1  # How far an invariance case may move the probability.

Text = Annotated[str, AfterValidator(check_text)]


class Answer(NamedTuple):
    """What a reader says of one text."""

    probability: float
    suggestion: Suggestion


Reader = Callable[[Sequence[str]], Sequence[Answer]]


class _Case(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str


class Minimum(_Case):
    """One text that a flat reading must get right at the shipped thresholds; a question is not an answer to it."""

    kind: Literal["minimum"]
    text: Text
    label: Literal[Label.STALKING, Label.NOT_STALKING]

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts to read."""
        return (self.text,)

    def fault(self, answers: Sequence[Answer]) -> str | None:
        """Say what is wrong with the answers, or None."""
        (answer,) = answers
        right = Suggestion.REVIEW if self.label is Label.STALKING else Suggestion.NO_CHANGE
        if answer.suggestion is right:
            return None
        return f"{answer.suggestion.value} at {answer.probability:.2f}, {right.value} is right"


class Direction(_Case):
    """Two texts that differ in what the capability is about: the stalking one must score higher by MARGIN."""

    kind: Literal["direction"]
    stalking: Text
    not_stalking: Text

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts to read."""
        return (self.stalking, self.not_stalking)

    def fault(self, answers: Sequence[Answer]) -> str | None:
        """Say what is wrong with the answers, or None."""
        higher, lower = (a.probability for a in answers)
        if higher - lower >= MARGIN:
            return None
        return f"stalking {higher:.2f}, not stalking {lower:.2f}: at least {MARGIN} apart is right"


class Invariance(_Case):
    """A text and a variant that means the same: the probability moves by at most TOLERANCE and the suggestion stays."""

    kind: Literal["invariance"]
    text: Text
    variant: Text

    @model_validator(mode="after")
    def _differ(self) -> Self:
        if self.text == self.variant:
            raise ValueError("text and variant are the same")
        return self

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts to read."""
        return (self.text, self.variant)

    def fault(self, answers: Sequence[Answer]) -> str | None:
        """Say what is wrong with the answers, or None."""
        before, after = answers
        if before.suggestion is not after.suggestion:
            return f"{before.suggestion.value} becomes {after.suggestion.value} ({before.probability:.2f}, {after.probability:.2f})"
        if abs(before.probability - after.probability) > TOLERANCE:
            return f"{before.probability:.2f} becomes {after.probability:.2f}: at most {TOLERANCE} apart is right"
        return None


Case = Annotated[Minimum | Direction | Invariance, Field(discriminator="kind")]
_CASE: TypeAdapter[Case] = TypeAdapter(Case)


def load_cases(folder: Path = CHECKLIST) -> dict[str, list[Case]]:
    """Read every capability; raises CorpusError with all problems found, each with file and line."""
    cases: dict[str, list[Case]] = {}
    problems: list[str] = []
    ids: dict[str, str] = {}
    texts: dict[str, str] = {}
    for path in sorted(folder.glob("*.jsonl")):
        found = cases.setdefault(path.stem, [])
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            where = f"{path.name}:{number}"
            try:
                case = _CASE.validate_json(line)
            except ValidationError as error:
                for detail in error.errors(include_url=False, include_input=False):
                    # The first part of the place is the kind, which the line itself says.
                    field = ".".join(str(part) for part in detail["loc"][1:])
                    problems.append(f"{where}: {field + ': ' if field else ''}{detail['msg']}")
                continue
            if case.id.rpartition("-")[0] != path.stem:
                problems.append(f"{where}: the id must be {path.stem}-NUMBER")
            if case.id in ids:
                problems.append(f"{where}: the id {case.id} is taken ({ids[case.id]})")
            ids.setdefault(case.id, where)
            for text in case.texts:
                if text in texts:
                    problems.append(f"{where}: the same text as {texts[text]}")
                texts.setdefault(text, where)
            found.append(case)
        if not found and not any(p.startswith(f"{path.name}:") for p in problems):
            problems.append(f"{path.name}: no cases")
    if not cases:
        problems.append(f"no cases found in {folder}")
    if problems:
        raise CorpusError(problems)
    return cases


class Failure(BaseModel):
    """A case that did not pass, and why."""

    id: str
    why: str


class CapabilityResult(BaseModel):
    """How one capability did. ``kinds`` counts (passed, cases) of each kind."""

    cases: int
    passed: int
    rate: float
    interval: tuple[float, float]
    kinds: dict[str, tuple[int, int]]
    failures: list[Failure]


def reader_of(assessor: Assessor) -> Reader:
    """Read texts with a bundle as the service would, with a progress bar on a terminal.

    One at a time: a quantised encoder may answer a little differently beside other texts, and a case must not depend on its neighbours.
    """

    def read(texts: Sequence[str]) -> list[Answer]:
        answers: list[Answer] = []
        for text in tqdm(texts, desc="behaviour", disable=None, leave=False):
            assessment = assessor.assess(Report(reference="case", text=text))
            answers.append(Answer(assessment.probability, assessment.suggestion))
        return answers

    return read


def run_cases(cases: Mapping[str, Sequence[Case]], read: Reader) -> dict[str, CapabilityResult]:
    """Put every case to the reader, once a text, and return the result of each capability."""
    texts = list(dict.fromkeys(text for group in cases.values() for case in group for text in case.texts))
    answers = dict(zip(texts, read(texts), strict=True))
    results: dict[str, CapabilityResult] = {}
    for name, group in cases.items():
        faults = {case.id: case.fault([answers[text] for text in case.texts]) for case in group}
        of_kind = Counter(case.kind for case in group)
        right = Counter(case.kind for case in group if faults[case.id] is None)
        passed = right.total()
        results[name] = CapabilityResult(
            cases=len(group),
            passed=passed,
            rate=passed / len(group),
            interval=wilson(passed, len(group)),
            kinds={kind: (right[kind], n) for kind, n in of_kind.items()},
            failures=[Failure(id=i, why=why) for i, why in faults.items() if why is not None],
        )
    return results


def results_table(results: Mapping[str, CapabilityResult]) -> Table:
    """Return the results as a table; failing cases by the number in their id."""
    table = Table(title="Behavioural tests, pass rates with 95% intervals")
    for column in ("capability", "minimum", "direction", "invariance", "rate", "95% interval"):
        table.add_column(column, justify="left" if column == "capability" else "right", no_wrap=True)
    table.add_column("failing cases", overflow="fold")
    for name, result in results.items():
        counts = ("/".join(map(str, result.kinds.get(k, ()))) for k in ("minimum", "direction", "invariance"))
        table.add_row(
            name.replace("_", " "),
            *counts,
            f"{result.rate:.0%}",
            "{:.0%} to {:.0%}".format(*result.interval),
            " ".join(f.id.rpartition("-")[2] for f in result.failures),
        )
    return table


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command("behaviour")(behaviour)


def behaviour(
    bundle: Annotated[Path, typer.Option(help="The bundle to test.")] = DEFAULT_BUNDLE,
    cases: Annotated[Path, typer.Option(help="The folder of cases, one JSON Lines file a capability.")] = CHECKLIST,
    failures: Annotated[bool, typer.Option(help="Print each failing case with its texts and what was wrong.")] = False,
    out: Annotated[Path | None, typer.Option(help="Save the results as JSON in this file.")] = None,
) -> None:
    """Put hand-written cases to a bundle, one thing asked at a time (negation, who does it to whom, typos, …), and print pass rates."""
    from models.assessor import Assessor  # heavy, and `foursight --help` lists this command

    console = Console()
    try:
        loaded = load_cases(cases)
        assessor = Assessor.load(bundle)
    except (CorpusError, BundleError) as error:
        Console(stderr=True).print(f"foursight: {error}", style="red", highlight=False, markup=False)
        raise typer.Exit(2) from None
    results = run_cases(loaded, reader_of(assessor))
    console.print(f"\n[bold]{assessor.info.name} {assessor.info.version}[/]", highlight=False)
    console.print(results_table(results))
    if failures:
        by_id = {case.id: case for group in loaded.values() for case in group}
        for failure in (f for result in results.values() for f in result.failures):
            console.print(f"\n{failure.id}: {failure.why}", style="bold", markup=False, highlight=False)
            for text in by_id[failure.id].texts:
                console.print(f"  {text}", markup=False, highlight=False)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        saved = {
            "model": assessor.info.model_dump(),
            "capabilities": {k: v.model_dump(mode="json") for k, v in results.items()},
        }
        out.write_text(json.dumps(saved, indent=1) + "\n", encoding="utf-8")
        console.print(f"saved to {out}", highlight=False)

"""The hand-written cases, and how they are judged."""

import difflib
import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import pytest
import typer
from typer.testing import CliRunner, Result

from models.assessor import Assessor
from nlp.taxonomy import Label, Suggestion
from training.behaviour import (
    Answer,
    CapabilityResult,
    Case,
    Direction,
    Invariance,
    Minimum,
    Reader,
    load_cases,
    reader_of,
    register,
    results_table,
    run_cases,
)
from training.corpus import CorpusError, load_corpus

CAPABILITIES = {
    "negation", "who_does_it_to_whom", "one_occasion_or_three", "dispute_or_pursuit", "kind_tone", "advice_that_lists_acts", "suspects_account",
    "boilerplate", "order_of_sentences", "names_of_many_origins", "sexes_swapped", "typos", "all_capitals",
}  # fmt: skip
REVIEW, ASK, NONE = Suggestion.REVIEW, Suggestion.ASK, Suggestion.NO_CHANGE


Cases = dict[str, list[Case]]
Kind = TypeVar("Kind", Minimum, Direction, Invariance)


@pytest.fixture(scope="module")
def cases() -> Cases:
    return load_cases()


def each(cases: Cases, kind: type[Kind]) -> list[Kind]:
    return [c for group in cases.values() for c in group if isinstance(c, kind)]


# The cases


def test_every_capability_has_its_cases(cases: Cases) -> None:
    assert set(cases) == CAPABILITIES
    assert all(len(group) >= 25 for group in cases.values())


def test_texts_are_short_and_all_different(cases: Cases) -> None:
    texts = [t for group in cases.values() for c in group for t in c.texts]
    assert len(set(texts)) == len(texts)
    assert [t for t in texts if not 8 <= len(t.split()) <= 60] == []


def test_no_text_is_in_the_corpus(cases: Cases) -> None:
    def plain(text: str) -> str:
        return " ".join(re.findall(r"\w+", text.lower()))

    reports = {plain(r.text) for r in load_corpus().records}
    assert [c.id for group in cases.values() for c in group for t in c.texts if plain(t) in reports] == []


def test_both_labels_are_asked_for_wherever_one_is(cases: Cases) -> None:
    for name, group in cases.items():
        labels = Counter(c.label for c in group if isinstance(c, Minimum))
        assert not labels or min(labels[Label.STALKING], labels[Label.NOT_STALKING]) >= 4, name


def test_variants_change_only_what_their_capability_names(cases: Cases) -> None:
    def words(text: str) -> list[str]:
        return sorted(text.split())

    def pairs(name: str) -> list[Invariance]:
        return [c for c in cases[name] if isinstance(c, Invariance)]

    assert all(c.variant == c.text.upper() for c in pairs("all_capitals"))
    assert all(c.text in c.variant for name in ("boilerplate", "advice_that_lists_acts") for c in pairs(name))
    assert all(words(c.variant) == words(c.text) for c in pairs("order_of_sentences"))
    for name in ("names_of_many_origins", "sexes_swapped"):
        assert all(len(words(c.variant)) == len(words(c.text)) for c in pairs(name))
    assert all(difflib.SequenceMatcher(None, c.text, c.variant).ratio() > 0.85 for c in pairs("typos"))


# The loader


def folder_of(tmp_path: Path, *lines: str) -> Path:
    (tmp_path / "tea.jsonl").write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return tmp_path


GOOD = '{"id": "tea-01", "kind": "minimum", "text": "He made me tea.", "label": "not_stalking"}'


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("not json", "Invalid JSON"),
        ('{"id": "tea-02", "kind": "guess", "text": "x"}', "'guess'"),
        ('{"id": "tea-02", "kind": "minimum", "text": "Tea again."}', "label: Field required"),
        ('{"id": "tea-02", "kind": "minimum", "text": "Tea again.", "label": "unclear"}', "label: Input should be"),
        ('{"id": "tea-02", "kind": "minimum", "text": " ", "label": "stalking"}', "text: Value error, text is empty"),
        ('{"id": "tea-02", "kind": "invariance", "text": "Tea.", "variant": "Tea."}', "text and variant are the same"),
        (
            '{"id": "tea-02", "kind": "direction", "stalking": "Tea.", "not_stalking": "Milk.", "margin": 1}',
            "margin: Extra",
        ),
        ('{"id": "cup-02", "kind": "direction", "stalking": "Tea.", "not_stalking": "Milk."}', "must be tea-NUMBER"),
        ('{"id": "tea-01", "kind": "direction", "stalking": "Tea.", "not_stalking": "Milk."}', "taken (tea.jsonl:1)"),
        (
            '{"id": "tea-02", "kind": "minimum", "text": "He made me tea.", "label": "stalking"}',
            "the same text as tea.jsonl:1",
        ),
    ],
)
def test_a_fault_is_named_by_file_and_line(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(CorpusError) as caught:
        load_cases(folder_of(tmp_path, GOOD, line))
    (problem,) = caught.value.problems
    assert problem.startswith("tea.jsonl:2: ") and message in problem


def test_nothing_to_read_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no cases found in"):
        load_cases(tmp_path)
    with pytest.raises(CorpusError, match=r"tea.jsonl: no cases"):
        load_cases(folder_of(tmp_path))


def test_text_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "tea.jsonl").write_bytes(GOOD.encode() + b"\n" + GOOD.replace("tea.", "caf\xe9.").encode("latin-1"))
    with pytest.raises(CorpusError, match=r"tea.jsonl:2: Invalid JSON"):
        load_cases(tmp_path)


# The runner, with readers whose results are known


def perfect(cases: Cases) -> Reader:
    right: dict[str, Answer] = {}
    for case in each(cases, Minimum):
        right[case.text] = Answer(0.9, REVIEW) if case.label is Label.STALKING else Answer(0.1, NONE)
    for pair in each(cases, Direction):
        right[pair.stalking], right[pair.not_stalking] = Answer(0.9, REVIEW), Answer(0.1, NONE)
    return lambda texts: [right.get(t, Answer(0.3, NONE)) for t in texts]


def inverted(cases: Cases) -> Reader:
    read = perfect(cases)
    other = {REVIEW: NONE, NONE: REVIEW}
    return lambda texts: [Answer(1 - p, other[s]) for p, s in read(texts)]


def rate(results: dict[str, CapabilityResult], kind: str) -> float:
    counts = [r.kinds[kind] for r in results.values() if kind in r.kinds]
    return sum(passed for passed, _ in counts) / sum(n for _, n in counts)


def test_a_perfect_reader_passes_everything(cases: Cases) -> None:
    results = run_cases(cases, perfect(cases))
    assert all(r.passed == r.cases and r.rate == r.interval[1] == 1.0 and not r.failures for r in results.values())


def test_an_inverted_reader_passes_only_invariance(cases: Cases) -> None:
    """Steadily wrong is still steady: invariance alone never says that a reader is right."""
    results = run_cases(cases, inverted(cases))
    assert (rate(results, "minimum"), rate(results, "direction"), rate(results, "invariance")) == (0.0, 0.0, 1.0)
    failing = results["negation"]
    assert failing.passed == 0 and [f.id for f in failing.failures] == [c.id for c in cases["negation"]]


@pytest.mark.parametrize(("answer", "passes"), [(REVIEW, Label.STALKING), (NONE, Label.NOT_STALKING), (ASK, None)])
def test_a_constant_reader_passes_one_label_and_no_direction(
    cases: Cases, answer: Suggestion, passes: Label | None
) -> None:
    results = run_cases(cases, lambda texts: [Answer(0.5, answer) for _ in texts])
    assert rate(results, "direction") == 0.0 and rate(results, "invariance") == 1.0
    failed = {f.id for r in results.values() for f in r.failures}
    assert {c.id for c in each(cases, Minimum) if c.id not in failed} == {
        c.id for c in each(cases, Minimum) if c.label is passes
    }


def test_what_a_variant_may_change() -> None:
    case = Invariance(id="tea-01", kind="invariance", text="Tea.", variant="TEA.")
    assert case.fault([Answer(0.50, ASK), Answer(0.59, ASK)]) is None
    assert case.fault([Answer(0.50, ASK), Answer(0.61, ASK)]) == "0.50 becomes 0.61: at most 0.1 apart is right"
    assert "ask_for_information becomes no_change" in (case.fault([Answer(0.50, ASK), Answer(0.49, NONE)]) or "")


def test_a_higher_score_needs_the_margin() -> None:
    case = Direction(id="tea-01", kind="direction", stalking="Tea.", not_stalking="Milk.")
    assert case.fault([Answer(0.75, ASK), Answer(0.60, ASK)]) is None
    assert case.fault([Answer(0.65, ASK), Answer(0.60, ASK)]) is not None
    assert case.fault([Answer(0.10, ASK), Answer(0.60, ASK)]) is not None


def test_each_text_is_read_once(cases: Cases) -> None:
    asked: list[str] = []

    def read(texts: Sequence[str]) -> list[Answer]:
        asked.extend(texts)
        return [Answer(0.5, ASK) for _ in texts]

    run_cases(cases | {"again": cases["negation"]}, read)
    assert len(asked) == len(set(asked))


# The bundle that ships


def test_the_shipped_bundle_runs_through_every_case(cases: Cases) -> None:
    results = run_cases(cases, reader_of(Assessor.load()))
    assert set(results) == CAPABILITIES
    assert all(r.cases == len(cases[name]) == r.passed + len(r.failures) for name, r in results.items())
    assert results_table(results).row_count == len(CAPABILITIES)
    # A floor for a broken bundle (weights, tokenizer or columns that do not belong together), not a grade. A constant reader passes no direction case,
    # and one that scores at random two in five (half of the pairs are the right way round, and one in five of those within the margin).
    assert rate(results, "direction") >= 0.5


def run_command(*args: str | Path) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return CliRunner().invoke(app, ["behaviour", *map(str, args)], env={"COLUMNS": "160"})


def test_the_command_prints_rates_and_failing_cases(tmp_path: Path) -> None:
    hopeless = '{"id": "tea-02", "kind": "minimum", "text": "She lost a red umbrella [bold] on the train.", "label": "stalking"}'
    out = tmp_path / "saved" / "behaviour.json"
    done = run_command("--cases", folder_of(tmp_path, GOOD, hopeless), "--failures", "--out", out)
    assert done.exit_code == 0, done.output
    assert "tea" in done.output and "She lost a red umbrella [bold] on the train." in done.output
    saved = json.loads(out.read_text())
    assert saved["model"]["name"] and saved["capabilities"]["tea"]["cases"] == 2


def test_the_command_names_faults_and_fails(tmp_path: Path) -> None:
    done = run_command("--cases", folder_of(tmp_path, GOOD, "{}"))
    assert done.exit_code == 2 and "tea.jsonl:2:" in done.stderr
    done = run_command("--bundle", tmp_path / "nowhere")
    assert done.exit_code == 2 and "nowhere" in done.stderr

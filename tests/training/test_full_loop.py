"""The full loop with real parts: reports in over the API, decisions, a de-identified export, retraining, the gate, promotion, and the service takes the new model.

The reader is MiniLM on a few reports, so its figures are noise; what is tested is that each part hands the next what it needs. FOURSIGHT_LOOP_REPORTS sets
how many reports go round (400 takes a few minutes).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import worse
from fastapi.testclient import TestClient
from rich.console import Console

os.environ["HF_HUB_OFFLINE"] = "1"

from models.assessor import Assessor
from models.bundle import DEFAULT_BUNDLE
from nlp.taxonomy import Label, RecordedOffence
from service import auth
from service.app import create_app
from service.audit import COMMAND_LINE
from service.decisions_command import export_line
from service.deidentify import Deidentifier
from service.policy import AccountRole
from service.reviewing_export import decided
from service.settings import Settings
from service.store import Store
from service.swap import load_reader
from training import promote as promoting
from training import run
from training.config import load_config
from training.corpus import DECISIONS_DESK, Corpus, Record, load_corpus
from training.decisions import mix, read_decisions
from training.gate import load_gate
from training.registry import CHALLENGER, CHAMPION, Registry, point

pytestmark = pytest.mark.slow

REPORTS = int(os.environ.get("FOURSIGHT_LOOP_REPORTS", "12"))
OUTCOMES = {
    Label.STALKING: {"outcome": "record_as_stalking", "offence": "s2A", "reason": "course_of_conduct"},
    Label.NOT_STALKING: {"outcome": "keep", "reason": "dispute"},
    Label.UNCLEAR: {"outcome": "ask_officer", "reason": "occasions_missing", "question": "Did it happen before?"},
}


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    """A few short reports."""
    whole = load_corpus()
    dev, train = ([r for r in whole.split(name) if len(r.text) < 400] for name in ("dev", "train"))
    records = train[:8] + dev[:8] + [r for r in dev if r.desk != dev[0].desk][:8]
    return Corpus(tuple(records), whole.splits, "tiny")


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A tracking server and a work folder of their own."""
    folder = tmp_path_factory.mktemp("loop")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
        patch.setattr(run, "WORK", folder / "work")
        patch.setattr(promoting, "TIMED", 3)
        patch.chdir(folder)
        yield folder


def train(corpus: Corpus, out: Path, version: str) -> Path:
    config = load_config("minilm").model_copy(update={"name": "tiny", "epochs": 1, "swap_names": 0.0})
    run.train(config, corpus, out, version, False, False, Console(quiet=True))
    return out


def written_record(record: Record, number: int) -> dict[str, str]:
    return {"reference": f"42/{number:05d}/26", "text": record.text, "recorded_offence": record.recorded_offence.value}


def decide_all(client: TestClient, reviewer: dict[str, str], by_reference: dict[str, Record]) -> int:
    """Decide every report as its gold label says, marking one act where the model marked none."""
    count = 0
    while (answer := client.post("/v1/queue/next", headers=reviewer)).status_code == 200 and answer.json():
        found = answer.json()
        record = by_reference[found["reference"]]
        acts = [s for s in record.spans if s.status.value == "asserted"]
        marked = {(e["start"], e["end"], e["code"], e["status"]) for e in found["assessment"]["evidence"]}
        new = [s for s in acts if (s.start, s.end, s.code, s.status.value) not in marked][:2]
        wish = OUTCOMES[record.label] | {
            "expected_version": found["version"],
            "idempotency_key": uuid.uuid4().hex,
            "corrections": [
                {"action": "added", "code": s.code, "status": "asserted", "start": s.start, "end": s.end} for s in new
            ],
        }
        made = client.post(f"/v1/reports/{found['id']}/decisions", json=wish, headers=reviewer)
        assert made.status_code == 201, made.text
        count += 1
    return count


def test_the_full_loop(corpus: Corpus, home: Path) -> None:
    pointer, folder = home / "champion", home / "bundles"
    first, few = DEFAULT_BUNDLE, corpus.split("dev")[:8]
    cases = {}
    gate = load_gate()
    # The first champion, and a service that serves what the pointer names.
    outcome = promoting.promote(first, few, cases, gate, corpus.digest, folder, pointer)
    assert outcome.refusals == [] and pointer.is_file()
    settings = Settings(var=home / "var", bundle=pointer, bundle_watch_seconds=0)
    store = Store(settings.url)
    store.upgrade()
    with store.write() as session:
        system = {
            "Authorization": f"Bearer {auth.add_key(session, 'records', AccountRole.RECORDING_SYSTEM, COMMAND_LINE)}"
        }
        operator = {
            "Authorization": f"Bearer {auth.add_key(session, 'operator', AccountRole.ADMINISTRATOR, COMMAND_LINE)}"
        }
        auth.add_account(session, "ann", AccountRole.REVIEWER, "correct horse battery", COMMAND_LINE)
        ann = {"Authorization": f"Bearer {auth.add_personal_key(session, 'ann', 'ann', COMMAND_LINE)}"}
    # Those already recorded as stalking are listed apart, so the queue would never offer them.
    waiting = [r for r in load_corpus().split("train") if r.recorded_offence is not RecordedOffence.STALKING]
    records = [r for r in waiting if len(r.text) < 400 or REPORTS > 100][-REPORTS:]
    sent = [written_record(r, n) for n, r in enumerate(records)]
    with TestClient(create_app(settings, load_reader(settings), store), base_url="http://localhost") as client:
        kept = client.post("/v1/reports/batch", json=sent, headers=system)
        assert kept.status_code == 200 and kept.json()["errors"] == []
        assert decide_all(client, ann, {s["reference"]: r for s, r in zip(sent, records, strict=True)}) == REPORTS
        # Export, de-identified; learn from it.
        export = home / "decisions.jsonl"
        tool = Deidentifier()
        with store.read() as session:
            lines = [export_line(item, tool, settings.secret)[0] for item in decided(session)]
        export.write_text("".join(json.dumps(line) + "\n" for line in lines))
        assert len(lines) == REPORTS
        assert not any(reference["reference"] in export.read_text() for reference in sent)
        decisions = read_decisions(export)
        assert len(decisions.records) == REPORTS - sum(decisions.left_out.values()) >= REPORTS * 0.8
        mixed = mix(corpus, decisions, 1.5)
        assert sum(r.desk == DECISIONS_DESK for r in mixed.split("train")) > len(decisions.records)
        second = train(mixed, home / "second", "0.0.2")
        # The gate on a handful of reports and an untrained reader: what it judges is noise, so only its hardest lines are kept here.
        easy = gate.model_copy(
            update={
                "metrics": gate.metrics.model_copy(update={"tolerance": 2.0}),
                "groups": gate.groups.model_copy(update={"tolerance": 2.0}),
                "calibration": gate.calibration.model_copy(update={"rise": 1.0, "most": 1.0}),
                "latency": gate.latency.model_copy(update={"rise": 20.0, "most": 1e6}),
            }
        )
        outcome = promoting.promote(second, few, cases, easy, corpus.digest, folder, pointer)
        assert outcome.refusals == []
        # The service takes it without a restart, and says so.
        before = client.get("/v1/model", headers=operator).json()
        assert client.post("/v1/model/reload", headers=operator).json()["outcome"] == "swapped"
        after = client.get("/v1/model", headers=operator).json()
        assert before["digest"] == Assessor.load(first).info.digest and after["version"] == "0.0.2"
        answer = client.post("/v1/assess", json={"reference": "N1", "text": "He rang me again."}, headers=system)
        assert answer.json()["model"]["version"] == "0.0.2"
        # A worse one is refused and changes nothing; going back is one call.
        bad = worse.copied(second, home / "bad", worse.slow, "0.0.3")
        refused = promoting.promote(bad, few, cases, load_gate(), corpus.digest, folder, pointer)
        assert "latency" in {r.part for r in refused.refusals}
        registry = Registry()
        assert registry.holder(CHAMPION).digest == Assessor.load(second).info.digest
        assert registry.holder(CHALLENGER).version == refused.challenger.version
        assert client.post("/v1/model/reload", headers=operator).json()["outcome"] == "unchanged"
        left, now = promoting.roll_back(folder, pointer)
        assert now.digest == Assessor.load(first).info.digest and left.digest == Assessor.load(second).info.digest
        assert client.post("/v1/model/reload", headers=operator).json()["model"]["digest"] == now.digest
    store.close()
    with pytest.raises(promoting.PromoteError):
        promoting.roll_back(folder, pointer)
    kept = b"".join(p.read_bytes() for p in home.rglob("*") if p.is_file() and in_mlflow(p.relative_to(home)))
    assert len(kept) > 100_000, "something is kept there"
    assert not [r.id for r in (*corpus.records, *records, *decisions.records) if r.text[:40].encode() in kept]


def in_mlflow(path: Path) -> bool:
    return path.name == "mlflow.db" or (path.parts[0] == "mlartifacts" and path.suffix not in (".onnx", ".spacy"))


def test_a_server_that_does_not_answer_is_no_registry_without_champion(monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow.exceptions import MlflowException

    registry = Registry()

    def down(*_: object) -> None:
        raise MlflowException("no answer")

    monkeypatch.setattr(registry.client, "get_model_version_by_alias", down)
    with pytest.raises(MlflowException, match="no answer"):
        registry.holder(CHAMPION)


def test_the_registered_model_loads_where_only_serving_is_installed(home: Path) -> None:
    """Out of reach: torch, training and this checkout's own folder; the code comes with the model."""
    registry = Registry()
    version = registry.register(DEFAULT_BUNDLE).version
    code = f"""
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {{"torch", "transformers", "training", "service", "onnx"}}:
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Blocked())
import mlflow, pandas as pd
model = mlflow.pyfunc.load_model("models:/foursight/{version}")
out = model.predict(pd.DataFrame([{{"text": "He waited outside my house again."}}, {{"text": "She shouted once.", "reference": "b"}}]))
assert list(out.reference) == ["1", "b"] and out.probability.between(0, 1).all() and out.assessment.str.startswith("{{").all()
for wrong in ({{"words": "He waited"}}, {{"text": "He waited\\0"}}, {{"text": "He waited", "reported_at": 4.5}}):
    try:
        model.predict(pd.DataFrame([wrong]))
    except Exception as fault:
        assert "waited" not in str(fault), "an error holds no text"
    else:
        raise AssertionError(wrong)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=home, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_pointer_is_written_whole(tmp_path: Path) -> None:
    point(tmp_path / "deep" / "champion", DEFAULT_BUNDLE)
    named = (tmp_path / "deep" / "champion").read_text().strip()
    assert (tmp_path / "deep" / named).resolve() == DEFAULT_BUNDLE.resolve()

"""The command line of the service, and the server as a process."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from models.assessor import Assessor
from service import app, audit_command, cli, demo, server
from service.settings import Settings
from service.store import Store
from service.store.tables import AssessmentRow

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[CliRunner]:
    monkeypatch.setenv("FOURSIGHT_VAR", str(tmp_path / "var"))
    yield CliRunner()


def test_people_and_keys(run: CliRunner) -> None:
    added = run.invoke(cli.app, ["users", "add", "ann", "--role", "reviewer"])
    assert added.exit_code == 0 and re.search(r"Password, shown once: \S{20,}", added.output)
    assert "already" in run.invoke(cli.app, ["users", "add", "ann", "--role", "reviewer"]).output
    assert run.invoke(cli.app, ["users", "add", "bob", "--role", "king"]).exit_code == 2
    piped = run.invoke(
        cli.app, ["users", "add", "bob", "--role", "qa_lead", "--password-stdin"], input="a long password\n"
    )
    assert piped.exit_code == 0 and "password" not in piped.output.lower().replace("a long password", "")
    assert run.invoke(cli.app, ["users", "disable", "ann"]).exit_code == 0
    listed = run.invoke(cli.app, ["users", "list"]).output
    assert "ann\treviewer\tdisabled" in listed and "bob\tqa_lead\tactive" in listed
    assert run.invoke(cli.app, ["users", "disable", "nobody"]).exit_code == 2
    assert "shown once" in run.invoke(cli.app, ["users", "password", "ann"]).output
    assert re.search(r"fsk_\w+", run.invoke(cli.app, ["keys", "add", "records"]).output)
    assert run.invoke(cli.app, ["keys", "revoke", "records"]).exit_code == 0
    assert "revoked" in run.invoke(cli.app, ["keys", "list"]).output
    assert run.invoke(cli.app, ["keys", "revoke", "nothing"]).exit_code == 2


def test_verifying_the_trail(run: CliRunner, tmp_path: Path) -> None:
    audit_app = typer.Typer()
    audit_command.register(audit_app)
    run.invoke(cli.app, ["keys", "add", "records"])
    whole = run.invoke(audit_app, ["audit", "verify"])
    assert whole.exit_code == 0 and "1 entries" in whole.output
    store = Store(Settings().url)
    with store.write() as session:
        session.connection().exec_driver_sql("DROP TRIGGER audit_no_update")
        session.connection().exec_driver_sql("UPDATE audit SET actor = 'nobody'")
    broken = run.invoke(audit_app, ["audit", "verify"])
    assert broken.exit_code == 1 and "broken at entry 1" in broken.output


def test_a_wrong_setting_is_one_sentence(run: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOURSIGHT_PORT", "hunter2")
    for command in (["users", "list"], ["serve"]):
        found = run.invoke(cli.app, command)
        assert found.exit_code == 2 and "FOURSIGHT_PORT" in found.output and "hunter2" not in found.output
    monkeypatch.delenv("FOURSIGHT_PORT")
    monkeypatch.setenv("FOURSIGHT_DATABASE_URL", "nonsense")
    found = run.invoke(cli.app, ["users", "list"])
    assert found.exit_code == 2 and "FOURSIGHT_DATABASE_URL" in found.output


def _python(code: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | more
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )


def test_a_command_whose_library_is_missing_says_which_extra() -> None:
    code = """
import importlib.metadata, sys
from service import cli
class Entry:
    name = "train"
    def load(self): raise ModuleNotFoundError("No module named 'torch'", name="torch")
cli.entry_points = lambda group: [Entry()]
sys.argv = ["foursight", "train", "--epochs", "3"]
cli.main()
"""
    found = _python(code)
    assert found.returncode == 2, found.stderr
    assert "torch" in found.stderr and "foursight[train]" in found.stderr and "Traceback" not in found.stderr


def test_own_commands_load_neither_model_nor_database() -> None:
    code = "import sys\nimport service.cli\nprint([m for m in ('torch', 'spacy', 'onnxruntime', 'sqlalchemy', 'fastapi') if m in sys.modules])"
    assert _python(code).stdout.strip() == "[]"


def test_the_service_runs_without_torch_and_training() -> None:
    code = """
import sys
import threading
for name in ("torch", "training", "transformers", "mlflow", "sklearn"):
    sys.modules[name] = None  # importing any of them now fails
from models.contracts import Report
from service.app import create_app, load_reader
from service.settings import Settings
reader = load_reader(Settings(threads=1))
print(reader.assess_many([Report(reference="A", text="He followed me.")])[0].reference)
"""
    found = _python(code)
    assert found.stdout.strip() == "A", found.stderr


def test_a_port_in_use_is_told_at_once(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        started = time.monotonic()
        found = _serve(tmp_path, "--port", str(port), "--samples").communicate(timeout=30)
    assert not (tmp_path / "var" / "foursight.sqlite3").exists(), "nothing is read or made before the port is had"
    assert f"port {port} on 127.0.0.1 is in use" in found[1] and "Traceback" not in found[1]
    assert time.monotonic() - started < 20


def test_a_bundle_that_is_missing_stops_the_start(tmp_path: Path) -> None:
    process = _serve(tmp_path, "--port", "0", FOURSIGHT_BUNDLE=str(tmp_path / "nowhere"))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2 and "nowhere" in errors and "Traceback" not in errors


def _serve(folder: Path, *arguments: str, **more: str) -> subprocess.Popen[str]:
    environment = (
        os.environ | {"PYTHONPATH": str(ROOT), "FOURSIGHT_VAR": str(folder / "var"), "FOURSIGHT_THREADS": "1"} | more
    )
    command = [sys.executable, "-m", "service.cli", "serve", *arguments]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_serve_with_samples_answers_and_stops_well(tmp_path: Path) -> None:
    samples = tmp_path / "samples.jsonl"
    samples.write_text(
        "".join(json.dumps({"reference": f"S{n}", "text": "He followed me home again."}) + "\n" for n in range(3))
    )
    process = _serve(tmp_path, "--port", "0", "--samples", FOURSIGHT_SAMPLES=str(samples))
    assert process.stdout and process.stderr
    first = process.stdout.readline()
    address = re.search(r"http://127\.0\.0\.1:\d+", first)
    assert address, process.stderr.read()
    assert re.search(r"Sign in as reviewer with the password \S{20,}", process.stdout.readline())
    with urllib.request.urlopen(f"{address[0]}/readyz", timeout=10) as answer:
        assert json.load(answer)["status"] == "ready"
        assert "server" not in {name.lower() for name in answer.headers}
    process.send_signal(signal.SIGTERM)
    _, logs = process.communicate(timeout=30)
    assert process.returncode in (0, -signal.SIGTERM)
    entries = [json.loads(line) for line in logs.splitlines()]
    assert any(entry["event"] == "request" and entry["route"] == "/readyz" for entry in entries)
    assert "followed" not in logs


def test_serving_with_samples_loads_one_model(
    run: CliRunner, reader: Assessor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "samples.jsonl").write_text('{"reference": "S1", "text": "He followed me home."}\n')
    monkeypatch.setenv("FOURSIGHT_SAMPLES", str(tmp_path / "samples.jsonl"))
    loaded: list[Assessor] = []

    def load(settings: Settings) -> Assessor:
        loaded.append(reader)
        return reader

    def serve(settings: Settings, store: Store, given: Assessor, *rest: object) -> None:
        assert given is reader

    monkeypatch.setattr(app, "load_reader", load)
    monkeypatch.setattr(demo, "load_reader", load)
    monkeypatch.setattr(server, "run", serve)
    found = run.invoke(cli.app, ["serve", "--samples", "--port", "0"])
    assert found.exit_code == 0, found.output
    assert len(loaded) == 1


def test_samples_load_once_and_keep_their_sign_in(
    tmp_path: Path, reader: Assessor, store: Store, settings: Settings
) -> None:
    samples = tmp_path / "samples.jsonl"
    samples.write_text(
        '{"reference": "S1", "text": "He followed me home."}\n\n{"reference": "S2", "text": "He rang."}\n'
    )
    given = settings.model_copy(update={"samples": samples})
    first = demo.load_samples(given, store, reader)
    assert first.password and demo.load_samples(given, store, reader) == first
    assert (given.var / "first-sign-in.json").stat().st_mode & 0o777 == 0o600
    with store.read() as session:
        assert session.query(AssessmentRow).count() == 2
    samples.write_text('{"reference": "S1", "text": " "}\n')
    with pytest.raises(demo.SamplesError, match="line 1"):
        demo.load_samples(given, store, reader)


def test_the_shipped_samples_can_be_read() -> None:
    assert len(list(demo.read_samples(demo.SAMPLES))) >= 40


def test_a_request_under_way_is_answered_before_the_server_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOURSIGHT_VAR", str(tmp_path / "var"))
    key = re.search(r"fsk_\S+", CliRunner().invoke(cli.app, ["keys", "add", "records"]).output)
    assert key
    process = _serve(tmp_path, "--port", "0", FOURSIGHT_SHUTDOWN_SECONDS="120")
    assert process.stdout
    address = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
    assert address
    reports = [{"reference": str(n), "text": "He followed me home and waited outside. " * 20} for n in range(30)]
    headers = {"Authorization": f"Bearer {key[0]}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{address[0]}/v1/assess/batch", json.dumps(reports).encode(), headers)
    threading.Timer(0.4, process.send_signal, [signal.SIGTERM]).start()
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert len(json.load(answer)["assessments"]) == 30
    process.communicate(timeout=30)
    assert process.returncode in (0, -signal.SIGTERM)

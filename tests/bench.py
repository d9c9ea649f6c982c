"""Speed and memory, by hand with ``make bench``; never in a timed test. Each figure is the median of several runs beside TF-IDF in the same run.

Command line: reports a second and peak memory of ``foursight assess`` on a file. API: throughput and latency of ``POST /v1/assess`` against the
real server in its own process, at 1, 8 and 32 clients. Reports are the test split's, repeated to about 140 words. Service: 10,000 mixed
requests on SQLite and on PostgreSQL (tests/load/mixed.py); ends with exit code 1 if one failed or a decision was lost. Queue: how long a page
takes with 100,000 reports in it (tests/load/backlog.py); exit code 1 over the limit.

``--quick`` does a tenth of each; ``--only service`` (or ``queue``, ``api``, ``command``, ``process``) does one part.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
from rich.console import Console
from rich.table import Table

from models.assessor import Assessor
from models.contracts import Report
from nlp.pipeline import mark
from tests.load import backlog, mixed
from training.baselines import tfidf
from training.corpus import load_corpus

WORDS = 140
FOURSIGHT = [str(Path(sys.executable).with_name("foursight"))]


def texts(count: int) -> list[str]:
    """Return test reports joined and cut to WORDS words each."""
    words = [w for r in load_corpus().split("test") for w in r.text.split()]
    return [" ".join(words[(i * WORDS) % (len(words) - WORDS) :][:WORDS]) for i in range(count)]


def in_process(console: Console, runs: int) -> None:
    """Time the parts of an assessment, and TF-IDF on the same texts."""
    sample = texts(128)
    reports = [Report(reference=str(i), text=t) for i, t in enumerate(sample)]
    began = time.perf_counter()
    assessor = Assessor.load()
    loading = time.perf_counter() - began
    assessor.assess_many(reports[:32])
    baseline = tfidf(load_corpus().split("train"))

    def timed(work: object) -> float:
        values = []
        for _ in range(runs):
            start = time.perf_counter()
            work()  # type: ignore[operator]
            values.append(time.perf_counter() - start)
        return statistics.median(values)

    whole = timed(lambda: assessor.assess_many(reports))
    marked = mark(sample)
    reading = timed(lambda: assessor.reader.read_many(marked))
    rules = timed(lambda: mark(sample))
    simple = timed(lambda: baseline(sample))
    single = []
    for report in reports[:60]:
        start = time.perf_counter()
        assessor.assess(report)
        single.append(time.perf_counter() - start)
    table = Table(title=f"In one process, {len(sample)} reports of {WORDS} words, median of {runs} runs")
    for column in ("", "reports a second", "share of the time"):
        table.add_column(column, justify="right")
    table.add_row("Foursight, whole assessment", f"{len(sample) / whole:.1f}", "100%")
    table.add_row("the encoder and heads", f"{len(sample) / reading:.1f}", f"{reading / whole:.0%}")
    table.add_row("spaCy components", f"{len(sample) / rules:.0f}", f"{rules / whole:.0%}")
    table.add_row("decision and explanation", "", f"{max(0.0, whole - reading - rules) / whole:.0%}")
    table.add_row("TF-IDF baseline", f"{len(sample) / simple:.0f}", f"{simple / whole:.1%}")
    console.print(table)
    console.print(
        f"one at a time: p50 {statistics.median(single) * 1e3:.0f} ms, p95 {statistics.quantiles(single, n=20)[-1] * 1e3:.0f} ms; "
        f"load {loading:.2f} s; resident {psutil.Process().memory_info().rss / 2**20:.0f} MiB (with the baseline and the corpus)"
    )


def command_line(console: Console, count: int, runs: int) -> None:
    """Time the command on a file, with its peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "in.jsonl", Path(folder) / "out.jsonl"
        source.write_text(
            "".join(json.dumps({"reference": str(i), "text": t}) + "\n" for i, t in enumerate(texts(count)))
        )
        seconds = []
        for _ in range(runs):
            start = time.perf_counter()
            subprocess.run([*FOURSIGHT, "assess", "--input", source, "--output", out], check=True)
            seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    median = statistics.median(seconds)
    console.print(
        f"foursight assess, {count} reports from start to end: {median:.1f} s, {count / median:.1f} reports a second, peak memory {peak:.0f} MiB"
    )


@contextmanager
def server(folder: str) -> Iterator[tuple[str, psutil.Process, float, str]]:
    """Run the real server on a free port; yield its address, process, seconds until ready, and an API key."""
    env = os.environ | {"FOURSIGHT_VAR": folder, "FOURSIGHT_RATE_LIMIT": "0"}
    key = subprocess.run(
        [*FOURSIGHT, "keys", "add", "bench"], env=env, check=True, capture_output=True, text=True
    ).stdout.split()[-1]
    start = time.perf_counter()
    with subprocess.Popen(
        [*FOURSIGHT, "serve", "--port", "0"], env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as running:
        assert running.stdout is not None
        line = running.stdout.readline()
        address = next(w for w in line.split() if w.startswith("http"))
        while httpx.get(f"{address}/readyz").status_code != 200:
            time.sleep(0.02)
        try:
            yield address, psutil.Process(running.pid), time.perf_counter() - start, key
        finally:
            running.send_signal(signal.SIGTERM)


def peak(pid: int) -> float:
    """Return the most memory a process has held, in MiB (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) / 1024


def api(console: Console, count: int) -> None:
    """Drive the server from this process at several numbers of clients."""
    bodies = [{"reference": str(i), "text": t} for i, t in enumerate(texts(64))]
    with tempfile.TemporaryDirectory() as folder, server(folder) as (address, process, ready, key):
        table = Table(title=f"POST /v1/assess, {WORDS} words, server in its own process")
        for column in ("clients", "requests a second", "p50 ms", "p95 ms", "p99 ms", "errors"):
            table.add_column(column, justify="right")
        with httpx.Client(
            base_url=address,
            headers={"Authorization": f"Bearer {key}"},
            limits=httpx.Limits(max_connections=64),
            timeout=60,
        ) as client:

            def one(i: int) -> tuple[float, int]:
                start = time.perf_counter()
                status = client.post("/v1/assess", json=bodies[i % len(bodies)]).status_code
                return time.perf_counter() - start, status

            for i in range(16):
                one(i)
            for clients in (1, 8, 32):
                with ThreadPoolExecutor(clients) as pool:
                    start = time.perf_counter()
                    results = list(pool.map(one, range(count)))
                    took = time.perf_counter() - start
                times = [t for t, _ in results]
                cuts = statistics.quantiles(times, n=100)
                table.add_row(
                    str(clients),
                    f"{count / took:.1f}",
                    *(f"{cuts[q] * 1e3:.0f}" for q in (49, 94, 98)),
                    str(sum(s != 200 for _, s in results)),
                )
        console.print(table)
        console.print(f"ready {ready:.1f} s after start; peak resident {peak(process.pid):.0f} MiB")


def main() -> None:
    """Print every figure."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="A tenth of the work.")
    options.add_argument("--only", choices=("command", "api", "process", "queue", "service"))
    options.add_argument("--requests", type=int, default=10_000, help="Mixed requests on each database.")
    given = options.parse_args()
    console, part = Console(), 10 if given.quick else 1
    load = os.getloadavg()[0]
    console.print(f"{os.cpu_count()} processors; load {load:.1f} before this began (above 0.5 the figures are too low)")
    if given.only in (None, "command"):
        command_line(console, 600 // part, max(1, 3 // part))
    if given.only in (None, "api"):
        api(console, max(100, 200 // part))
    if given.only in (None, "process"):
        in_process(console, max(1, 5 // part))
    good = given.only not in (None, "queue") or backlog.main(console, 100_000 // part)
    if given.only in (None, "service"):
        good = mixed.main(console, given.requests // part) and good
    if not good:
        sys.exit(1)


if __name__ == "__main__":
    main()

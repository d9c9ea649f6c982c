"""How soon a report can be worked on in a browser: from the click to a page that answers keys. By hand with ``make bench``; never in a timed test.

A real server in a process of its own, Chromium at 1280 pixels, the sample reports and one of 300 marked acts.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-sync",
]
LONG = " ".join(f"On {d} May he followed me, rang me and waited outside my house." for d in range(1, 32)) + " "
OPENED = 30


def opening(page: Page, address: str) -> float:
    """Milliseconds from asking for the page until a key moves the focus to the first mark."""
    began = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_selector("#keys:not([hidden])", state="attached")
    page.keyboard.press("j")
    page.wait_for_function(
        "document.activeElement.classList.contains('fs-label') || !document.querySelector('.fs-label')"
    )
    return (time.perf_counter() - began) * 1000


def measure(console: Console, address: str, name: str, password: str) -> None:
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        size = {"width": 1280, "height": 900}
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=CHROMIUM, args=FLAGS, viewport=size
        )
        page = context.new_page()
        page.goto(f"{address}/sign-in")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password", exact=True).fill(password)
        page.get_by_role("main").get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{address}/")
        rows = page.locator("[data-row]")
        reports = [address + str(rows.nth(n).get_attribute("href")) for n in range(rows.count())][:OPENED]
        page.goto(reports[0])
        page.get_by_role("button", name="Open the report").click()
        page.goto(f"{address}/?status=any&reference=LONG")
        long = address + str(rows.first.get_attribute("href"))
        table = Table(title="Opening a report in Chromium, milliseconds until it answers a key")
        for column in ("", "pages", "marks, median", "p50", "p95"):
            table.add_column(column, justify="right")
        for title, addresses in (("sample reports", reports), ("a very long report", [long] * 10)):
            opening(page, addresses[0])
            times, marks = [], []
            for one in addresses:
                times.append(opening(page, one))
                marks.append(page.locator("#report-text .fs-label").count())
            ninety_fifth = sorted(times)[min(len(times) - 1, round(0.95 * len(times)))]
            table.add_row(
                title,
                str(len(times)),
                f"{statistics.median(marks):.0f}",
                f"{statistics.median(times):.0f}",
                f"{ninety_fifth:.0f}",
            )
        console.print(table)
        context.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        samples = Path(folder) / "samples.jsonl"
        more = {"reference": "LONG", "text": LONG * 4, "recorded_offence": "harassment"}
        shipped = (ROOT / "datasets/samples.jsonl").read_text(encoding="utf-8")
        samples.write_text(shipped + json.dumps(more) + "\n", encoding="utf-8")
        environment = os.environ | {
            "FOURSIGHT_VAR": folder,
            "FOURSIGHT_SAMPLES": str(samples),
            "FOURSIGHT_RATE_LIMIT": "0",
        }
        command = [str(Path(sys.executable).with_name("foursight")), "serve", "--samples", "--port", "0"]
        server = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            assert server.stdout
            address = re.search(r"http://127\.0\.0\.1:\d+", server.stdout.readline())
            who = re.search(r"Sign in as (\S+) with the password (\S+)", server.stdout.readline())
            assert address and who, "the server did not start"
            measure(Console(), address[0], who[1], who[2])
        finally:
            server.terminate()
            server.wait(30)


if __name__ == "__main__":
    main()

"""A real server in a process of its own, and a real Chromium with a fresh profile a test."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from moving import follow
from playwright.sync_api import BrowserContext, Page, sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-sync",
]
# Who signs in here, by role; the first reviewer is the one that serve --samples makes.
PASSWORD = "a password of the test"
ADMINISTRATOR = ("root.admin", PASSWORD)
SECOND = ("second.reviewer", PASSWORD)
SCIENTIST = ("data.scientist", PASSWORD)
LEAD = ("qa.lead", PASSWORD)
PEOPLE = {"administrator": ADMINISTRATOR, "reviewer": SECOND, "data_scientist": SCIENTIST, "qa_lead": LEAD}

STALKED = (
    "My ex-husband Tom has been outside my work most days since May. I blocked him in April and told him to stop, "
    "but he texts from new numbers every night.\nOn 3 June he followed me home and sat in his car outside. I am frightened."
)
HOSTILE = (
    '<script>document.title="owned"</script><img src=x onerror="document.title=\'owned\'"></div></main><h1>owned</h1> '
    "\x1b[31m \u202edettimo\u202c He followed me home again and waited outside my work every day since May. "
    + "x"
    * 400
)
MANY = " ".join(
    f"On {day} {month} he followed me to work, rang me again and waited outside my house."
    for month in ("March", "April", "May", "June")
    for day in range(1, 31)
)
BLANK = "Reference number given to the caller. Informant thanked."
QUARREL = (
    "A man I do not know shouted at me over a parking space on Tuesday. He drove off. I had never seen him before."
)


@dataclass(frozen=True)
class Site:
    address: str
    name: str
    password: str


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Foursight with the shipped bundle and a few reports, as `foursight serve --samples` starts it."""
    folder = tmp_path_factory.mktemp("site")
    reports: list[dict[str, str]] = [
        {
            "reference": "REF-STALKED",
            "text": STALKED,
            "recorded_offence": "harassment",
            "reported_at": "2026-06-04T09:00:00Z",
        },
        {"reference": "REF-HOSTILE", "text": HOSTILE, "recorded_offence": "malicious_communications"},
        {"reference": "REF-QUARREL", "text": QUARREL, "recorded_offence": "public_order"},
        {"reference": "REF-BLANK", "text": BLANK, "recorded_offence": "non_crime"},
        {"reference": "REF-MANY", "text": MANY, "recorded_offence": "assault", "reported_at": "2026-07-01T09:00:00Z"},
    ]
    reports += [
        {
            "reference": f"REF-{n:03}",
            "text": (STALKED.replace("\n", "\r\n") if n == 10 else STALKED) + f" This is call {n}.",
            "recorded_offence": "harassment",
        }
        for n in range(30)
    ]
    # What the sample of a test draws, and no other test opens.
    reports += [
        {"reference": "REF-SAMPLED-1", "text": f"{STALKED} Seen.", "recorded_offence": "criminal_damage"},
        {"reference": "REF-SAMPLED-2", "text": f"{QUARREL} Seen.", "recorded_offence": "criminal_damage"},
    ]
    samples = folder / "samples.jsonl"
    samples.write_text("".join(json.dumps(report) + "\n" for report in reports), encoding="utf-8")
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "FOURSIGHT_VAR": str(folder / "var"),
        "FOURSIGHT_SAMPLES": str(samples),
        "FOURSIGHT_THREADS": "1",
        # One address signs in for every test.
        "FOURSIGHT_SIGN_IN_LIMIT": "0",
    }
    foursight = [sys.executable, "-m", "service.cli"]
    for role, (name, password) in PEOPLE.items():
        add = [*foursight, "users", "add", name, "--role", role, "--password-stdin"]
        subprocess.run(
            add, input=password + "\n", text=True, check=True, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
        )
    with (folder / "log").open("w") as log:
        command = [*foursight, "serve", "--samples", "--port", "0"]
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert server.stdout
            address = re.search(r"http://127\.0\.0\.1:\d+", server.stdout.readline())
            credentials = re.search(r"Sign in as (\S+) with the password (\S+)", server.stdout.readline())
            assert address and credentials, (folder / "log").read_text()
            yield Site(address[0], credentials[1], credentials[2])
        finally:
            server.terminate()
            server.wait(30)


@pytest.fixture(scope="session", params=[1280, 400], ids=["wide", "narrow"])
def width(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def open_browser(tmp_path: Path) -> Iterator[Callable[..., BrowserContext]]:
    if not CHROMIUM.exists():
        reason = f"there is no Chromium at {CHROMIUM} (apt-get install chromium, or set CHROMIUM)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        opened: list[BrowserContext] = []

        def start(width: int = 1280, **more: object) -> BrowserContext:
            context = playwright.chromium.launch_persistent_context(
                str(tmp_path / f"profile{len(opened)}"),
                executable_path=str(CHROMIUM),
                args=FLAGS,
                viewport={"width": width, "height": 900},
                **more,  # type: ignore[arg-type]
            )
            opened.append(context)
            return context

        yield start
        for context in opened:
            context.close()


@pytest.fixture
def page(open_browser: Callable[..., BrowserContext], width: int) -> Iterator[Page]:
    """A page that fails its test on any script error or anything that the content policy blocked."""
    page = open_browser(width).new_page()
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on(
        "console", lambda message: faults.append(message.text) if "Content Security Policy" in message.text else None
    )
    yield page
    assert faults == []


@pytest.fixture
def enter(site: Site) -> Callable[..., None]:
    """Sign in by the form."""

    def sign_in(page: Page, name: str = site.name, password: str = site.password) -> None:
        page.goto(f"{site.address}/sign-in")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password", exact=True).fill(password)
        follow(page.get_by_role("main").get_by_role("button", name="Sign in"))
        assert "/sign-in" not in page.url

    return sign_in


@pytest.fixture
def open_report(site: Site) -> Callable[[Page, str], None]:
    """Open a report from the queue, past the note on what reports may hold."""

    def opened(page: Page, reference: str) -> None:
        page.goto(f"{site.address}/?status=any&reference={reference}")
        follow(page.get_by_role("link", name=reference, exact=True))
        go_on = page.get_by_role("button", name="Open the report")
        if go_on.count():
            follow(go_on)

    return opened


@pytest.fixture(scope="session")
def second() -> tuple[str, str]:
    return SECOND


@pytest.fixture(scope="session")
def scientist() -> tuple[str, str]:
    return SCIENTIST


@pytest.fixture(scope="session")
def lead() -> tuple[str, str]:
    return LEAD


@pytest.fixture(scope="session")
def administrator() -> tuple[str, str]:
    return ADMINISTRATOR


@pytest.fixture(scope="session")
def axe() -> Callable[[Page, str], list[str]]:
    """What axe-core finds wrong by WCAG 2.2 AA, one line a finding."""
    script = (ROOT / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

    def check(page: Page, scope: str = "best-practice", skip: str = "") -> list[str]:
        page.evaluate(script)
        rules = {skip: {"enabled": False}} if skip else {}
        run = "([tags, rules]) => axe.run(document, {runOnly: tags, rules})"
        found = page.evaluate(run, [[*tags, scope], rules])
        return [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in found["violations"]]

    return check

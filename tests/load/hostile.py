"""Hostile input, put to the real server: ``make hostile``. Ends with exit code 1 when anything was not as it must be.

1. Schemathesis walks the whole OpenAPI document with every check on, once with the key of each role.
2. Fuzzed texts go through /v1/assess/batch: each must come back as an assessment whose offsets are those of the text, or as an
   error that names its line; never a 5xx.
3. Some of them are kept as reports and looked at in the console: no character of theirs may become markup.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import httpx
from rich.console import Console

from models.assessor import Assessor
from service import auth
from service.audit import COMMAND_LINE
from service.policy import AccountRole
from service.store import Store
from tests.load.serving import STORY, fill, scratch, serving

PASSWORD = "correct horse battery"
# Each opens an element or an attribute of this name if it is not escaped.
MARK = "zzattack"
ATTACKS = (
    f"<script {MARK}=1>alert(1)</script>",
    f'"><img src=x {MARK}=1 onerror=alert(1)>',
    f"' {MARK}='1' x='",
    f"</mark></p></div><{MARK}>",
    f"<!--<{MARK}-->",
    f"<![CDATA[<{MARK}>]]>",
    f"&lt;{MARK}&gt;&#60;{MARK}&#62;",
    f"{{{{ 7*7 }}}}{{% raw %}}<{MARK}>",
    f"javascript:alert('{MARK}')",
    f"<a href='javascript:{MARK}'>x</a>",
    f"<svg/onload={MARK}>",
    f"\u202e<{MARK}>\u202c",
    f"\uff1c{MARK}\uff1e",
    "'; DROP TABLE reports; --",
    "${jndi:ldap://x/y}",
    "../../../../etc/passwd",
    "%00%0d%0aSet-Cookie: x=y",
    "=cmd|' /C calc'!A0",
)
ODD = "\u200b\u200d\u2028\u2029\ufeff\u0301\u0489\u202e\u2066\u00ad\x7f\x85\x1b\x07\t\r\n🧿👩‍👩‍👧‍👦Ⅳﷺ𝔘ßİıſǅ"


def fuzzed(source: random.Random, number: int) -> str:
    """A text of one of many bad kinds."""
    words = STORY.split()
    kind = number % 10
    if kind == 0:
        return "".join(
            chr(source.choice([*range(0x20, 0xD800), *range(0xE000, 0x2FFFF, 97)]))
            for _ in range(source.randrange(1, 60))
        )
    if kind == 1:
        return "".join(source.choices(ODD + " a", k=source.randrange(1, 60)))
    if kind == 2:
        return source.choice(ATTACKS) * source.randrange(1, 4)
    if kind == 3:
        source.shuffle(words)
        return " ".join(words[: source.randrange(1, 30)])
    if kind == 4:
        return "".join(c if source.random() > 0.2 else source.choice(ODD) for c in STORY[: source.randrange(5, 150)])
    if kind == 5:
        return source.choice("a.!? 0\u0301é") * source.randrange(1, 200)
    if kind == 6:
        return "".join(chr(source.randrange(0x110000)) for _ in range(source.randrange(1, 20)))  # surrogates and all
    if kind == 7:
        return f"{source.randrange(10**9)}/{source.randrange(99)}/{source.randrange(9999)} 07{source.randrange(10**9)} {source.choice(ATTACKS)}"
    if kind == 8:
        return "\n".join(source.choice(words) + source.choice(ODD) for _ in range(source.randrange(1, 20)))
    place = source.randrange(len(STORY[:120]))
    return STORY[:place] + source.choice(ATTACKS) + STORY[place:120]


def line_of(reference: str, text: str) -> bytes:
    """As JSON. Half surrogate pairs go escaped: as a client in another language might send them."""
    return json.dumps({"reference": reference, "text": text}).encode() + b"\n"


def spans_of(found: object) -> list[tuple[int, int, str]]:
    """Every span of an assessment, wherever it is."""
    if isinstance(found, dict):
        own = [(found["start"], found["end"], found["quote"])] if "quote" in found else []
        return own + [span for value in found.values() for span in spans_of(value)]
    return [span for value in found for span in spans_of(value)] if isinstance(found, list) else []


def through_assess(console: Console, address: str, key: dict[str, str], count: int, seed: int) -> bool:
    source, size = random.Random(seed), 500
    good = refused = wrong = 0
    with httpx.Client(base_url=address, headers=key, timeout=900) as client:
        for start in range(0, count, size):
            texts = [fuzzed(source, number) for number in range(start, min(start + size, count))]
            body = b"".join(line_of(f"F{start + n}", text) for n, text in enumerate(texts))
            answer = client.post("/v1/assess/batch", content=body, headers={"Content-Type": "application/x-ndjson"})
            lines = [json.loads(line) for line in answer.content.splitlines()] if answer.status_code == 200 else []
            if answer.status_code != 200 or len(lines) != len(texts):
                wrong += 1
                console.print(f"from text {start}: status {answer.status_code}, {len(lines)} lines", highlight=False)
                continue
            for number, (text, line) in enumerate(zip(texts, lines, strict=True), start=1):
                if "error" in line:
                    refused += 1
                    wrong += line["error"]["line"] != number or "model could not read" in line["error"]["message"]
                else:
                    good += 1
                    wrong += any(text[start:end] != quote for start, end, quote in spans_of(line))
            if start % 10_000 == 0:
                console.print(f"  {start + len(texts):,} texts", highlight=False)
    console.print(
        f"{count:,} fuzzed texts through assess: {good:,} assessed, {refused:,} refused with a reason, {wrong} wrong",
        highlight=False,
    )
    return not wrong


class _Elements(HTMLParser):
    """Notes every element and attribute that bears the mark."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        names = [tag, *(name for name, _ in attributes)]
        links = [
            value or ""
            for name, value in attributes
            if name in ("href", "src", "action", "style") or name.startswith("on")
        ]
        if any(MARK in name for name in names) or any(MARK in link for link in links):
            self.found.append(tag)


def through_console(console: Console, address: str, key: dict[str, str], person: str, count: int, seed: int) -> bool:
    source = random.Random(seed + 1)
    wrong = pages = 0
    with httpx.Client(base_url=address, timeout=300, follow_redirects=True) as client:
        token = re.search(r'name="token" value="([0-9a-f]{64})"', client.get("/sign-in").text)
        assert token is not None
        client.post("/sign-in", data={"name": person, "password": PASSWORD, "token": token[1]})
        for number in range(count):
            text = fuzzed(source, source.choice((2, 4, 7, 9)))
            more = {"source": source.choice(ATTACKS), "reference": f"{source.choice(ATTACKS)} {number}"}
            answer = client.post("/v1/reports", json={"text": text, **more}, headers=key)
            if answer.status_code == 422:
                continue
            kept = answer.json()
            page = client.get(f"/reports/{kept['id']}", headers={"Accept": "text/html"})
            pages += 1
            wrong += _unsafe(console, page)
        for path in ("/", "/?status=waiting", "/?page=2", "/?reference=%3Cscript%20zzattack%3E"):
            pages += 1
            wrong += _unsafe(console, client.get(path, headers={"Accept": "text/html"}))
    console.print(f"{pages:,} pages of the console with attack texts: {wrong} wrong", highlight=False)
    return not wrong


def _unsafe(console: Console, page: httpx.Response) -> bool:
    elements = _Elements()
    elements.feed(page.text)
    bad = (
        page.status_code != 200
        or bool(elements.found)
        or "default-src 'none'" not in page.headers["content-security-policy"]
    )
    if bad:
        console.print(f"a page with status {page.status_code}: {elements.found[:3]}", highlight=False)
    return bad


def schemathesis(console: Console, address: str, role: str, key: dict[str, str], examples: int, seed: int) -> bool:
    """One walk over the document; what it says goes to the console when it fails."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        f"{address}/openapi.json",
        "--checks=all",
        f"--max-examples={examples}",
        f"--seed={seed}",
        "--continue-on-failure",
        "--suppress-health-check=all",
        "--no-color",
        f"--header=Authorization: {key['Authorization']}",
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    summary = re.findall(
        r"^\s*(\d+ (?:generated|test cases).*|.*failures? .*|No issues found.*)$", done.stdout, re.MULTILINE
    )
    console.print(
        f"schemathesis as {role}: {'holds' if done.returncode == 0 else 'FAILS'}; {' '.join(summary[-2:]).strip()}",
        highlight=False,
    )
    if done.returncode:
        console.print(done.stdout[-8000:], highlight=False, markup=False)
    return done.returncode == 0


def main() -> None:
    """Everything, or a part by --only."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--texts", type=int, default=50_000)
    options.add_argument("--pages", type=int, default=1_000)
    options.add_argument("--examples", type=int, default=100, help="Of each operation, in each phase of schemathesis.")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", choices=("schema", "assess", "console"))
    given = options.parse_args()
    console, good = Console(width=160), True
    assessor = Assessor.load()
    with scratch() as folder:
        url = f"sqlite:///{folder / 'foursight.sqlite3'}"
        filled = fill(url, 20, 1, assessor)
        store = Store(url)
        keys: dict[str, dict[str, str]] = {"reviewer": filled.people[0], "recording_system": filled.system}
        with store.write() as session:
            for role in (AccountRole.QA_LEAD, AccountRole.DATA_SCIENTIST, AccountRole.ADMINISTRATOR):
                auth.add_account(session, role.value, role, PASSWORD, COMMAND_LINE)
                key = auth.add_personal_key(session, role.value, role.value, COMMAND_LINE)
                keys[role.value] = {"Authorization": f"Bearer {key}"}
        store.close()
        with serving(url, folder / "server") as server:
            if given.only in (None, "schema"):
                for role, header in keys.items():
                    good &= schemathesis(console, server.address, role, header, given.examples, given.seed)
            if given.only in (None, "assess"):
                good &= through_assess(console, server.address, filled.system, given.texts, given.seed)
            if given.only in (None, "console"):
                good &= through_console(console, server.address, filled.system, "person.0", given.pages, given.seed)
            faults = [line for line in server.log().splitlines() if '"event": "fault"' in line]
            console.print(f"{len(faults)} faults on the server's log {faults[:2]}", highlight=False, markup=False)
            good &= not faults and MARK not in server.log()
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()

"""Hostile input, put to the real server: ``make hostile``. Ends with exit code 1 when anything was not as it must be.

1. Schemathesis walks the whole OpenAPI document with every check on, once with the key of each role.
2. Fuzzed texts go through /v1/assess/batch: each must come back as an assessment whose offsets are those of the text, or as an
   error that names its line; never a 5xx.
3. Some of them are kept as reports, opened in the console, decided on with hostile notes and exported: no character of theirs
   may become markup.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
from contextlib import nullcontext
from html.parser import HTMLParser
from pathlib import Path

import httpx
from rich.console import Console

from models.assessor import Assessor
from service import auth
from service.audit import COMMAND_LINE
from service.policy import AccountRole
from service.store import Store
from tests.load.serving import STORY, fill, postgres, scratch, serving

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
            # As JSON carries it: two halves of a surrogate pair that meet by chance are one character.
            texts = [
                json.loads(json.dumps(fuzzed(source, number))) for number in range(start, min(start + size, count))
            ]
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
    """Notes every element and attribute that bears the mark, and every address that would run it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        names = [tag, *(name for name, _ in attributes)]
        runs = [value or "" for name, value in attributes if name == "style" or name.startswith("on")]
        links = [value or "" for name, value in attributes if name in ("href", "src", "action", "formaction")]
        runs += [link for link in links if not link.startswith(("/", "#", "?"))]
        if any(MARK in word for word in names + runs):
            self.found.append(tag)


class _Reader:
    """A reviewer in the console, who looks at each page for what must not be there."""

    def __init__(self, console: Console, client: httpx.Client, person: str) -> None:
        self.console, self.client = console, client
        self.pages = self.wrong = 0
        self._post("/sign-in", self._token("/sign-in"), name=person, password=PASSWORD)
        self.token = self._token("/account")
        self._post("/content-note", self.token)

    def _token(self, path: str) -> str:
        found = re.search(r'name="token" value="([0-9a-f]{64})"', self.client.get(path).text)
        assert found is not None, f"{path} holds no form"
        return found[1]

    def _post(self, path: str, token: str, **fields: str) -> httpx.Response:
        return self.client.post(path, data={"token": token, **fields}, headers={"Accept": "text/html"})

    def look(self, path: str, shows: str = "") -> str:
        return self._checked(self.client.get(path, headers={"Accept": "text/html"}), shows)

    def decide(self, report_id: str, note: str) -> None:
        """Decide on a report, look at what that left on its page, and export it."""
        page = self.look(f"/reports/{report_id}", 'id="decide-form"')
        hidden = dict(
            re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.partition("decide-form")[2])
        )
        fields = {**hidden, "from": "/", "outcome": "ask_officer", "reason_ask_officer": "other"}
        fields |= {"note": note, "question": note, "add_quote": note, "add_code": MARK, "add_status": MARK}
        self._checked(
            self._post(f"/reports/{report_id}/decision", **fields), "There is a problem", 422
        )  # no such words
        fields |= {"add_quote": "", "add_code": ""}
        self._checked(self._post(f"/reports/{report_id}/decision", **fields), "govuk-main-wrapper")
        self._checked(self._post(f"/reports/{report_id}/decision", **fields | {"key": "f" * 32}), "", 409)
        self.look(f"/reports/{report_id}", "Asked:")
        self._checked(self._post(f"/reports/{report_id}/export", self.token, purpose="inspection"), "For an inspection")

    def _checked(self, page: httpx.Response, shows: str, status: int = 200) -> str:
        elements = _Elements()
        elements.feed(page.text)
        strict = "default-src 'none'" in page.headers["content-security-policy"]
        self.pages += 1
        if page.status_code != status or elements.found or not strict or shows not in page.text:
            self.wrong += 1
            where = page.request.url.path
            self.console.print(
                f"{where}: status {page.status_code} for {status}, elements {elements.found[:3]}, {shows!r} {'is' if shows in page.text else 'not'} shown",
                highlight=False,
            )
        return page.text


def through_console(console: Console, address: str, key: dict[str, str], person: str, count: int, seed: int) -> bool:
    """``count`` reports with hostile texts, references and sources, each opened; every tenth decided on and exported."""
    source, size = random.Random(seed + 1), 100
    with httpx.Client(base_url=address, timeout=300, follow_redirects=True) as client:
        reader, ids = _Reader(console, client, person), []
        for start in range(0, count, size):
            lines = []
            for number in range(start, min(start + size, count)):
                reference, came = f"{source.choice(ATTACKS)} {number}", source.choice(ATTACKS)
                text = fuzzed(source, source.choice((2, 4, 7, 9)))
                lines.append(json.dumps({"reference": reference, "text": text, "source": came}).encode() + b"\n")
            kind = {"Content-Type": "application/x-ndjson"}
            answer = client.post("/v1/reports/batch", content=b"".join(lines), headers=key | kind)
            receipts = [json.loads(line) for line in answer.content.splitlines()] if answer.status_code == 200 else []
            reader.wrong += len(receipts) != len(lines)
            ids += [receipt["id"] for receipt in receipts if "id" in receipt]
        for number, report_id in enumerate(ids):
            if number % 10:
                reader.look(f"/reports/{report_id}", 'id="report-text"')
            else:
                reader.decide(report_id, source.choice(ATTACKS))
        odd = "%3Cscript%20zzattack%3E%22%27"
        for path in ("/", "/?status=any&page=2", "/?status=asked", f"/?reference={odd}", "/suggested", "/samples"):
            reader.look(path)
        for path in ("/account", f"/guide?{odd}={odd}", f"/?{odd}={odd}&from={odd}"):
            reader.look(path)
    console.print(
        f"{len(ids):,} reports of attack texts in the console: {reader.pages:,} pages, {reader.wrong} wrong",
        highlight=False,
    )
    return not reader.wrong and len(ids) > count // 2


def schemathesis(console: Console, address: str, role: str, key: dict[str, str], examples: int, seed: int) -> bool:
    """One walk over the document; what it says goes to the console when it fails."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        f"--config-file={Path(__file__).with_name('schemathesis.toml')}",
        "run",
        f"{address}/openapi.json",
        "--checks=all",
        f"--max-examples={examples}",
        f"--seed={seed}",
        "--request-timeout=120",  # how fast it is, is asked elsewhere
        "--max-response-time=120",
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
        said = re.sub(r"(?:(.)\1{79,}\n?)+", r"\1…", done.stdout)  # a text of 50,000 letters would hide the rest
        console.print(said[-8000:], highlight=False, markup=False)
    return done.returncode == 0


def main() -> None:
    """Everything, or a part by --only."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--texts", type=int, default=50_000)
    options.add_argument(
        "--reports", type=int, default=1_000, help="Kept, opened in the console, one in ten decided on."
    )
    options.add_argument("--examples", type=int, default=100, help="Of each operation, in each phase of schemathesis.")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", choices=("schema", "assess", "console"))
    options.add_argument(
        "--role", choices=[role.value for role in AccountRole], help="Schemathesis in this role alone."
    )
    options.add_argument("--postgresql", action="store_true", help="Keep everything in PostgreSQL, not SQLite.")
    given = options.parse_args()
    console, good = Console(width=160), True
    assessor = Assessor.load()
    with scratch() as folder, postgres() if given.postgresql else nullcontext() as database:
        url = database.new_database() if database else f"sqlite:///{folder / 'foursight.sqlite3'}"
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
                    if given.role in (None, role):
                        good &= schemathesis(console, server.address, role, header, given.examples, given.seed)
            if given.only in (None, "assess"):
                good &= through_assess(console, server.address, filled.system, given.texts, given.seed)
            if given.only in (None, "console"):
                good &= through_console(console, server.address, filled.system, "person.0", given.reports, given.seed)
            faults = [line for line in server.log().splitlines() if '"event": "fault"' in line]
            console.print(f"{len(faults)} faults on the server's log {faults[:2]}", highlight=False, markup=False)
            good &= not faults and MARK not in server.log()
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()

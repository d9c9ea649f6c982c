"""The report page: the whole explanation, and a hostile text that stays text."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from fastapi.testclient import TestClient
from sqlalchemy import select

from models.assessor import Assessor
from models.contracts import Entity, Evidence, Point, Report, TimelineEntry
from nlp.taxonomy import FOUR_PLAIN, EntityType, Role, Status
from service.console.marking import number
from service.console.report_view import Link, links
from service.store import Store
from service.store.reports import keep_assessment, keep_report
from service.store.tables import AuditRow

LABEL = re.compile(r'<a class="fs-label[^>]*>[^<]*<span class="govuk-visually-hidden">: </span></a>')
HOSTILE = (
    '<script>alert(1)</script><img src=x onerror="alert(2)">\'"><svg/onload=alert(3)></mark></div></main> {{ 7*7 }} {% raw %} &lt;b&gt; '
    "\x1b[2J\x07 \u202eesrever\u202c \u200b he followed me home again and again \r\nand waited outside since May, I am scared of him"
)


def _text_of(page: str) -> str:
    """The report's text as a reader sees it: labels and the names of odd characters taken out."""
    found = re.search(r'<div class="fs-text" id="report-text">(.*?)</div>', page, re.S)
    assert found
    inner = re.sub(r'<span class="fs-odd[^>]*>[^<]*</span>', "", LABEL.sub("", found[1]))
    return html.unescape(re.sub(r"</?(mark|span)[^>]*>", "", inner))


def _span(text: str, start: int, end: int, code: str = "contact", status: Status = Status.ASSERTED) -> Evidence:
    return Evidence(start=start, end=end, quote=text[start:end], code=code, status=status, weight=0.1)


def test_the_report_page_shows_the_whole_explanation(
    client: TestClient, sign_in: Callable[[], None], keep: Callable[..., str], stalked: str, store: Store
) -> None:
    report_id = keep("REF-1", stalked, recorded_offence="harassment", victim_ref="Victim Name")
    sign_in()
    page = client.get(f"/reports/{report_id}").text
    assert _text_of(page) == stalked
    for heading in (
        "What the report says",
        "FOUR",
        "Points for stalking",
        "Points against",
        "The record",
        "Who looked before",
        "Decisions",
        "Timeline",
        "Rules",
        "People and contact points",
    ):
        assert heading in page
    for letter in ("Fixated", "Obsessive", "Unwanted", "Repeated"):
        assert letter in page
    assert "Nobody: you are the first" in page
    assert "Victim Name" not in page and report_id not in re.search(r"<title>.*?</title>", page)[0]  # type: ignore[index]
    assert "opened it" in client.get(f"/reports/{report_id}").text
    with store.read() as session:
        looks = list(session.scalars(select(AuditRow).where(AuditRow.subject == report_id)))
    assert len(looks) == 2 and all(stalked[:20] not in look.detail for look in looks)


def test_four_stands_once_on_the_page_and_the_text_before_its_questions(
    client: TestClient, sign_in: Callable[[], None], keep: Callable[..., str], stalked: str
) -> None:
    report_id = keep("REF-1", stalked)
    sign_in()
    page = client.get(f"/reports/{report_id}").text
    for plain in FOUR_PLAIN.values():
        assert page.count(plain) == 1, plain
    points = page[page.index('id="for"') : page.index('id="against"')]
    assert 'href="#four"' in points and "None found." not in points, "the acts stay, and the way to FOUR"
    token = re.search(r'name="token" value="([^"]+)"', page)
    assert token
    export = client.post(f"/reports/{report_id}/export", data={"token": token[1], "purpose": "case_file"}).text
    assert export.count(FOUR_PLAIN["repeated"]) == 1, "the export has no other place for it"


def test_what_would_settle_a_report_stands_under_its_text(
    client: TestClient, sign_in: Callable[[], None], store: Store, reader: Assessor
) -> None:
    report = Report(reference="R1", text="He rang me.")
    asked = reader.assess(report).model_copy(update={"questions": ["How often did he ring?"]})
    with store.write() as session:
        revision, _ = keep_report(session, report)
        keep_assessment(session, revision.id, asked)
    sign_in()
    page = client.get(f"/reports/{revision.report_id}").text
    assert page.index('href="#settle"') < page.index('id="report-text"') < page.index('id="settle"')
    assert "<li>How often did he ring?</li>" in page


def test_a_hostile_text_is_only_text(client: TestClient, sign_in: Callable[[], None], keep: Callable[..., str]) -> None:
    report_id = keep("<b>REF</b>", HOSTILE, source="<i>src</i>")
    sign_in()
    page = client.get(f"/reports/{report_id}").text
    assert "<script>alert" not in page and "<img src=x" not in page and "<svg/onload" not in page
    assert "<b>REF</b>" not in page and "<i>src</i>" not in page
    for name in ("U+001B", "U+0007", "U+202E", "U+202C", "U+200B"):
        assert name in page
    shown = re.sub("[\x1b\x07\u202e\u202c\u200b\r]", "", HOSTILE)
    assert _text_of(page) == shown
    assert "\u202e" not in page and "\x1b" not in page
    assert "<b>REF</b>" not in client.get("/").text


def test_words_of_a_report_outside_its_text_cannot_turn_the_line(
    client: TestClient, sign_in: Callable[[], None], store: Store, reader: Assessor
) -> None:
    turning = "\u202e\u00ad\u2063\U000e0041"
    report = Report(reference=f"R{turning}EF", text=f"He followed{turning} me home on Tuesday.", source=f"web{turning}")
    assessment = reader.assess(report)
    span = _span(report.text, 0, len(report.text))
    entity = Entity(start=0, end=2, quote="He", type=EntityType.PERSON, role=Role.SUSPECT, value=f"T{turning}om")
    point = Point(code="contact", text="Contact", evidence=[span])
    timeline = [TimelineEntry(start=0, end=span.end, quote=report.text, date="2026-06-04")]
    more = {"evidence": [span], "entities": [entity], "points_for": [point]}
    occasions = assessment.occasions.model_copy(update={"timeline": timeline})
    with store.write() as session:
        revision, _ = keep_report(session, report)
        keep_assessment(session, revision.id, assessment.model_copy(update={**more, "occasions": occasions}))
    sign_in()
    page = client.get(f"/reports/{revision.report_id}").text
    for address in ("/", f"/reports/{revision.report_id}"):
        found = client.get(address).text
        assert not any(character in found for character in turning), address
    odd = "".join(f'<span class="fs-odd">U+{ord(character):04X}</span>' for character in turning)
    assert f"<bdi>R{odd}EF</bdi>" in page and f"<bdi>web{odd}</bdi>" in page and f"<bdi>T{odd}om</bdi>" in page
    assert page.count(f"<bdi>He followed{odd} me home on Tuesday.</bdi>") >= 3
    assert "<title>Report R[U+202E][U+00AD][U+2063][U+E0041]EF" in page
    assert "4 Jun 2026</span>" in page and "2026-06-04" not in page


def test_a_missing_report_is_a_page(client: TestClient, sign_in: Callable[[], None]) -> None:
    sign_in()
    for path in ("/reports/" + "0" * 32, "/reports/x'--", "/reports/" + "a" * 500, "/reports/%00"):
        answer = client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 404 and "There is no such report" in answer.text, path


def test_a_point_leads_to_the_mark_of_its_own_code() -> None:
    text = "He followed me home and rang me."
    marks = number([_span(text, 0, 19, "contact"), _span(text, 0, 19, "following"), _span(text, 0, 31, "frequency")])
    by_code = {mark.evidence.code: mark.number for mark in marks}
    for code in ("contact", "following", "frequency"):
        (link,) = links([_span(text, 0, 19)], marks, code)
        assert link.number == by_code[code], code
    (link,) = links([_span(text, 0, 31)], marks)
    assert link.number == by_code["frequency"], "without a code, the very words"
    assert links([_span(text, 31, 32)], marks) == [Link(".", 0)]

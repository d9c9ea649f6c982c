"""The pages as a browser gets them: what they hold, what they must never hold, and how the text is marked."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from models.assessor import Assessor
from models.contracts import Entity, Evidence, Point, Report, TimelineEntry
from nlp.taxonomy import BY_CODE, CODE_NAMES, EntityType, RecordedOffence, Relationship, Role, Status, Style, Suggestion
from service.console import words
from service.console.marking import chunks, number, pieces
from service.console.report import _Link, _links
from service.console.templating import environment
from service.policy import AccountRole
from service.store import Store
from service.store.reports import keep_assessment, keep_report
from service.store.tables import AuditRow

ROOT = Path(__file__).parents[2]
LABEL = re.compile(r'<span class="fs-label[^>]*>[^<]*<span class="govuk-visually-hidden">: </span></span>')
HOSTILE = (
    '<script>alert(1)</script><img src=x onerror="alert(2)">\'"><svg/onload=alert(3)></mark></div></main> {{ 7*7 }} {% raw %} &lt;b&gt; '
    "\x1b[2J\x07 \u202eesrever\u202c \u200b he followed me home again and again \r\nand waited outside since May, I am scared of him"
)


def _text_of(page: str) -> str:
    """The report's text as a reader sees it: labels and the names of odd characters taken out."""
    found = re.search(r'<div class="fs-text" id="report-text">(.*?)</div>', page, re.S)
    assert found
    inner = re.sub(r'<span class="fs-odd[^>]*>[^<]*</span>', "", LABEL.sub("", found[1]))
    return html.unescape(re.sub(r"</?mark[^>]*>", "", inner))


def test_the_queue_lists_reports_with_the_reason(
    client: TestClient, sign_in: Callable[[], None], keep: Callable[..., str], stalked: str, quarrel: str
) -> None:
    keep("REF-HIGH", stalked, recorded_offence="harassment")
    keep("REF-LOW", quarrel, recorded_offence="public_order")
    sign_in()
    page = client.get("/").text
    assert "REF-HIGH" in page and "REF-LOW" in page and "Harassment" in page
    assert "REF-LOW" not in client.get("/?recorded=harassment").text
    assert "No report matches these filters" in client.get("/?recorded=breach").text
    assert client.get("/?recorded=nonsense&suggestion=<b>&page=-4").status_code == 200
    assert client.get("/?page=99999999999999999999").status_code == 200


def test_filters_stay_in_the_address_from_page_to_page(
    settings: object, client: TestClient, sign_in: Callable[[], None], keep: Callable[..., str], stalked: str
) -> None:
    client.app.state.settings.page_size = 2  # type: ignore[attr-defined]
    for n in range(5):
        keep(f"R{n}", stalked, recorded_offence="harassment")
    sign_in()
    page = client.get("/?recorded=harassment&page=2").text
    assert "page 2 of 3" in page
    assert 'href="/?recorded=harassment&amp;page=3"' in page and '<option value="harassment" selected' in page


def test_the_way_back_leads_to_the_same_list(
    client: TestClient, sign_in: Callable[[], None], keep: Callable[..., str], quarrel: str
) -> None:
    client.app.state.settings.page_size = 2  # type: ignore[attr-defined]
    for n in range(5):
        keep(f"R{n}", quarrel, recorded_offence="harassment")
    sign_in()
    for here in ("/", "/?recorded=harassment", "/?recorded=harassment&page=2"):
        found = re.search(r'href="(/reports/[^"]+)"', client.get(here).text)
        assert found
        page = client.get(html.unescape(found[1])).text
        assert f'href="{html.escape(here)}" class="govuk-back-link"' in page, here
    report = found[1].partition("?")[0]
    for wrong in (
        "//evil.example",
        "https://evil.example/",
        "/audit",
        "/reports/x",
        "/\\evil.example",
        "javascript:alert(1)",
    ):
        assert 'href="/" class="govuk-back-link"' in client.get(report, params={"from": wrong}).text, wrong


@pytest.mark.parametrize(
    ("role", "says"),
    [
        (AccountRole.REVIEWER, 'href="/">Go to the queue'),
        (AccountRole.ADMINISTRATOR, 'href="/audit">Go to the audit trail'),
        (AccountRole.DATA_SCIENTIST, 'href="/account">Go to your account'),
    ],
)
def test_a_problem_leads_on_to_the_page_of_the_role(
    client: TestClient, sign_in: Callable[[AccountRole], None], role: AccountRole, says: str
) -> None:
    sign_in(role)
    refused = "/audit" if role is AccountRole.REVIEWER else "/"
    assert says in client.get(refused, headers={"Accept": "text/html"}).text


def test_empty_lists_say_so(client: TestClient, sign_in: Callable[[], None]) -> None:
    sign_in()
    assert "The queue is empty" in client.get("/").text
    assert "No report here is recorded as stalking" in client.get("/recorded-as-stalking").text


def test_what_is_recorded_as_stalking_is_not_to_be_reviewed_as_stalking(
    client: TestClient, sign_in: Callable[[], None], keep: Callable[..., str], stalked: str
) -> None:
    keep("REF-1", stalked, recorded_offence="stalking")
    sign_in()
    assert "There is none: the one report" in client.get("/recorded-as-stalking").text
    assert words.tag(Suggestion.REVIEW, "stalking")[0] == "Recorded as stalking already"
    assert words.tag(Suggestion.REVIEW, "harassment") == words.tag(Suggestion.REVIEW, None)
    listed = client.get("/").text.split("<tbody")[1]
    assert "Recorded as stalking already" in listed and "Review as stalking" not in listed


def test_what_is_to_be_asked_leaves_the_offence_open(reader: Assessor, quarrel: str) -> None:
    assessment = reader.assess(Report(reference="A", text=quarrel)).model_copy(update={"suggestion": Suggestion.ASK})
    assert words.offence(assessment) == "Open until the answers to the questions come"
    assert "leaves open" in words.headline(Suggestion.ASK, "stalking")


def test_reports_not_yet_assessed_are_counted(client: TestClient, sign_in: Callable[[], None], store: Store) -> None:
    with store.write() as session:
        keep_report(session, Report(reference="A", text="He rang."))
    sign_in()
    assert "1 report is waiting to be assessed" in client.get("/").text


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
    ):
        assert heading in page
    for letter in ("Fixated", "Obsessive", "Unwanted", "Repeated"):
        assert letter in page
    assert "Nobody: you are the first" in page
    assert "Victim Name" not in page and report_id not in re.search(r"<title>.*?</title>", page)[0]  # type: ignore[index]
    assert "opened this report" in client.get(f"/reports/{report_id}").text
    with store.read() as session:
        looks = list(session.scalars(select(AuditRow).where(AuditRow.subject == report_id)))
    assert len(looks) == 2 and all(stalked[:20] not in look.detail for look in looks)


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


def test_a_point_leads_to_the_mark_of_its_own_code() -> None:
    text = "He followed me home and rang me."
    marks = number([_span(text, 0, 19, "contact"), _span(text, 0, 19, "following"), _span(text, 0, 31, "frequency")])
    by_code = {mark.evidence.code: mark.number for mark in marks}
    for code in ("contact", "following", "frequency"):
        (link,) = _links([_span(text, 0, 19)], marks, code)
        assert link.number == by_code[code], code
    (link,) = _links([_span(text, 0, 31)], marks)
    assert link.number == by_code["frequency"], "without a code, the very words"
    assert _links([_span(text, 31, 32)], marks) == [_Link(".", 0)]


def test_a_label_says_its_number_and_is_set_off_when_read_aloud() -> None:
    text = "He followed me home."
    macro = environment().get_template("macros.html").module.marked  # type: ignore[attr-defined]
    markup = "".join(macro(piece) for piece in pieces(text, number([_span(text, 3, 19, "following")])))
    assert '>1 Following<span class="govuk-visually-hidden">: </span></span>followed me home</mark>' in markup


def test_days_are_those_of_the_united_kingdom() -> None:
    summer = datetime(2026, 6, 3, 23, 30, tzinfo=UTC)
    assert words.day(summer) == "4 Jun 2026"
    assert words.day_and_time(summer) == words.day_and_time(summer.isoformat()) == "4 Jun 2026, 00:30 BST"
    assert words.day_and_time(datetime(2026, 12, 3, 23, 30, tzinfo=UTC), seconds=True) == "3 Dec 2026, 23:30:00 GMT"
    assert (words.written("2026-06"), words.written("2026-06-04"), words.written(None), words.day(None)) == (
        "2026-06",
        "4 Jun 2026",
        "No date",
        "Not given",
    )


def test_the_source_is_in_plain_words() -> None:
    assert set(words.SOURCE) == set(Style)
    assert (words.source("call_log"), words.source("STORM"), words.source(None)) == ("Call log", "STORM", "Not given")


def test_pages_are_strict(
    client: TestClient, sign_in: Callable[[AccountRole], None], keep: Callable[..., str], stalked: str
) -> None:
    report_id = keep("REF-1", stalked)
    pages = {
        AccountRole.REVIEWER: ("/", "/recorded-as-stalking", f"/reports/{report_id}", "/account", "/reports/none"),
        AccountRole.ADMINISTRATOR: ("/audit", "/audit?verify=1"),
    }
    for role, paths in pages.items():
        sign_in(role)
        for path in (*paths, "/docs"):
            answer = client.get(path, headers={"Accept": "text/html"})
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
            assert (
                answer.headers["x-content-type-options"] == "nosniff" and answer.headers["cache-control"] == "no-store"
            )
            assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)", answer.text), path
            assert not re.search(r'(?:src|href)="(?:https?:)?//', answer.text), "nothing loads from another host"


def test_a_missing_report_is_a_page(client: TestClient, sign_in: Callable[[], None]) -> None:
    sign_in()
    for path in ("/reports/" + "0" * 32, "/reports/x'--", "/reports/" + "a" * 500, "/reports/%00"):
        answer = client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 404 and "There is no such report" in answer.text, path


def test_the_trail_for_administrators(client: TestClient, sign_in: Callable[[AccountRole], None]) -> None:
    sign_in(AccountRole.ADMINISTRATOR)
    assert "sign_in" in client.get("/audit").text
    assert "The trail is whole" in client.get("/audit?verify=1").text


def _span(text: str, start: int, end: int, code: str = "contact", status: Status = Status.ASSERTED) -> Evidence:
    return Evidence(start=start, end=end, quote=text[start:end], code=code, status=status, weight=0.1)


@st.composite
def _marked(draw: st.DrawFn) -> tuple[str, list[Evidence]]:
    text = draw(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=80))
    spans = []
    for _ in range(draw(st.integers(0, 12))):
        start = draw(st.integers(0, len(text) - 1))
        end = draw(st.integers(start + 1, len(text)))
        spans.append(_span(text, start, end, draw(st.sampled_from(CODE_NAMES)), draw(st.sampled_from(Status))))
    return text, spans


@given(_marked())
def test_marking_keeps_every_character_under_the_right_marks(case: tuple[str, list[Evidence]]) -> None:
    text, evidence = case
    marks = number(evidence)
    found = pieces(text, marks)
    place = 0
    started = []
    for piece in found:
        plain = "".join(chr(int(c.text[2:], 16)) if c.odd else c.text for c in piece.chunks)
        # Only the carriage return of a line end is left out, and it may have been cut from its line feed.
        width = len(plain)
        while text[place : place + width].replace("\r\n", "\n") != plain and width <= len(text):
            width += 1
        covering = {m.number for m in marks if m.evidence.start <= place and place + width <= m.evidence.end}
        assert {m.number for m in piece.layers} <= covering
        assert len(piece.layers) == min(3, len(covering))
        assert all(m.evidence.start == place for m in piece.starts)
        started += [m.number for m in piece.starts]
        place += width
    assert place == len(text)
    assert sorted(started) == [m.number for m in marks]


@given(_marked())
def test_the_markup_nests_and_holds_the_text(case: tuple[str, list[Evidence]]) -> None:
    text, evidence = case
    macro = environment().get_template("macros.html").module.marked  # type: ignore[attr-defined]
    markup = "".join(macro(piece) for piece in pieces(text, number(evidence)))
    assert markup.count("<mark") == markup.count("</mark>")
    plain = html.unescape(re.sub(r"<[^>]+>", "", LABEL.sub("", markup)))
    expected = "".join(c.text for c in chunks(text))
    if not any("\r" in e.quote for e in evidence):
        assert plain == expected


def test_unasserted_marks_are_named_and_look_different() -> None:
    text = "He says he never rang."
    labels = {}
    for status in Status:
        (mark,) = number([_span(text, 11, 21, "contact", status)])
        labels[status] = mark.label
        assert ("fs-mark--unasserted" in mark.classes) == (status is not Status.ASSERTED)
    assert labels[Status.ASSERTED] == "Contact" and labels[Status.SUSPECT_ACCOUNT] == "Suspect says: contact"
    assert len(set(labels.values())) == len(Status)


def test_three_hundred_marks_render(client: TestClient) -> None:
    text = "he rang me again " * 300
    evidence = [_span(text, 17 * n, 17 * n + 7, CODE_NAMES[n % len(CODE_NAMES)]) for n in range(300)]
    assert sum(len(piece.starts) for piece in pieces(text, number(evidence))) == 300


def test_every_code_has_words_and_a_style() -> None:
    styles = (ROOT / "service/console/static/foursight.css").read_text(encoding="utf-8")
    assert all(f".fs-code-{code}" in styles for code in BY_CODE)
    assert set(words.SUGGESTION_TAG) == set(Suggestion) and set(words.RECORDED) == set(words.RECORDED_AS) == set(
        RecordedOffence
    )
    assert set(words.RELATIONSHIP) == set(Relationship) and set(words.STATUS) == set(words.STATUS_PREFIX) == set(Status)
    assert set(words.ROLE) == set(Role)


@pytest.mark.parametrize(
    ("probability", "says"), [(0.0, "under 1%"), (0.004, "under 1%"), (0.5, "50%"), (0.994, "99%"), (1.0, "over 99%")]
)
def test_percentages_never_claim_certainty(probability: float, says: str) -> None:
    assert words.percent(probability) == says


def test_the_macros_and_the_stylesheet_belong_together() -> None:
    """govuk-frontend-jinja 4.1 renders GOV.UK Frontend 6.3; another pair may draw components without their styles."""
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    pairs = {"4.1": "6.3"}
    macros = ".".join(version("govuk-frontend-jinja").split(".")[:2])
    assert macros in pairs, (
        f"govuk-frontend-jinja {macros}: see its README for the GOV.UK Frontend that it renders, and add the pair"
    )
    assert package["dependencies"]["govuk-frontend"].startswith(pairs[macros])


def test_the_built_files_are_there(client: TestClient) -> None:
    for name in (
        "govuk/govuk-frontend.min.css",
        "govuk/govuk-frontend.min.js",
        "swagger/swagger-ui-bundle.js",
        "foursight.css",
    ):
        assert client.get(f"/static/{name}").status_code == 200, f"{name} is missing: run npm ci && npm run build"
    assert "GDS Transport" not in client.get("/static/govuk/govuk-frontend.min.css").text


def test_the_queue_says_why_in_one_line(reader: Assessor, stalked: str) -> None:
    assessment = reader.assess(Report(reference="A", text=stalked))
    no_evidence = assessment.model_copy(update={"evidence": [], "suggestion": Suggestion.REVIEW})
    assert words.why(no_evidence) == "No act of stalking is said to have happened."
    acts = [
        _span(stalked, 0, 2, "following"),
        _span(stalked, 3, 5, "contact"),
        _span(stalked, 3, 5, "threat", Status.NEGATED),
    ]
    four = assessment.four.model_copy(
        update={"unwanted": assessment.four.unwanted.model_copy(update={"present": True})}
    )
    occasions = assessment.occasions.model_copy(update={"at_least": 3})
    shown = no_evidence.model_copy(update={"evidence": acts, "four": four, "occasions": occasions})
    assert words.why(shown) == "Following and contact, on 3 or more occasions; made plain that it is unwanted."
    asked = shown.model_copy(update={"suggestion": Suggestion.ASK, "questions": ["When?"]})
    assert words.why(asked) == "When?"

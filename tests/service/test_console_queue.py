"""The queue as a browser gets it: lists, filters in the address, counts, order, what comes next."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from fastapi.testclient import TestClient

from models.contracts import Report
from nlp.taxonomy import Suggestion
from service.console import words
from service.store import Store
from service.store.reports import keep_report


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


def test_a_report_that_the_model_could_not_read_waits_for_a_person(
    client: TestClient, sign_in: Callable[[], None], store: Store, keep: Callable[..., str], stalked: str
) -> None:
    keep("ASSESSED-1", stalked)
    with store.write() as session:
        keep_report(session, Report(reference="CANNOT", text="He rang."))
    sign_in()
    page = client.get("/").text
    assert page.index("CANNOT") < page.index("ASSESSED-1") and "Not assessed (1)" in page
    alone = client.get("/", params={"unread": "1"}).text
    assert "CANNOT" in alone and "ASSESSED-1" not in alone and "decide them from the text alone" in alone
    token = re.search(r'name="token" value="([0-9a-f]{64})"', alone)
    assert token
    onward = client.post("/next", data={"token": token[1], "from": "/?unread=1"})
    assert "has not been assessed yet" in client.get(onward.headers["location"]).text

"""The report page as a place to read and to write: what is in sight, and what leaving it would lose."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from moving import follow
from playwright.sync_api import Dialog, Locator, Page, expect

Enter = Callable[..., None]
Open = Callable[[Page, str], None]


@pytest.mark.parametrize("width", [1280], indirect=True, ids=["wide"])
def test_leaving_with_a_note_half_typed_asks_first(page: Page, enter: Enter, open_report: Open) -> None:
    enter(page)
    open_report(page, "REF-022")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    def asks(way: Locator) -> None:
        with page.expect_event("dialog"):
            way.click(no_wait_after=True)

    page.on("dialog", stay)
    address = page.url
    note = page.get_by_role("textbox", name="Note (optional")
    note.fill("Rang the caller, who")
    asks(page.get_by_role("button", name="Sign out"))
    asks(page.get_by_role("link", name="Guide", exact=True))
    expect(note).to_have_value("Rang the caller, who")
    assert asked == ["beforeunload"] * 2 and page.url == address
    follow(page.locator("#decide-form .fs-decide__do button"))
    expect(page.get_by_role("alert")).to_contain_text("Choose what to do with this report")
    assert len(asked) == 2, "sending the form asks nothing"
    # What came back with a fault is kept nowhere yet.
    asks(page.get_by_role("link", name="Back to the queue"))
    page.get_by_label("Keep as recorded").check()
    page.get_by_label("A dispute explains the conduct").check()
    follow(page.locator("#decide-form .fs-decide__do button"))
    expect(page.get_by_role("status").filter(has_text="Kept as recorded")).to_be_visible()
    open_report(page, "REF-022")
    follow(page.get_by_role("link", name="Guide", exact=True))
    assert len(asked) == 3, "nothing typed, nothing asked"


def test_the_suggestion_the_first_words_and_the_way_to_the_decision_are_in_sight(
    page: Page, enter: Enter, open_report: Open, width: int
) -> None:
    enter(page)
    page.set_viewport_size({"width": width, "height": 800})
    open_report(page, "REF-STALKED")
    expect(page.locator(".fs-suggestion")).to_be_in_viewport(ratio=1)
    assert page.locator("#report-text").evaluate("e => innerHeight - e.getBoundingClientRect().top") > 100
    page.get_by_role("heading", name="Who looked before").scroll_into_view_if_needed()
    way = page.get_by_role("link", name="Go to the decision")
    expect(way).to_be_in_viewport(ratio=1)
    way.click()
    heading = page.get_by_role("heading", name="Decide", exact=True)
    expect(heading).to_be_focused()
    bar = way.evaluate("e => e.closest('nav').getBoundingClientRect().bottom")
    assert heading.evaluate("e => e.getBoundingClientRect().top") >= bar, "the bar hides nothing that a link leads to"

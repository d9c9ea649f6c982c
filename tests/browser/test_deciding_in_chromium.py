"""Deciding as a person does it: by keys, by mouse, without JavaScript, when a session ends, when somebody else was first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from moving import follow, press
from playwright.sync_api import BrowserContext, Locator, Page, expect

if TYPE_CHECKING:
    from conftest import Site

# One width is enough where the layout is not what is asked.
wide = pytest.mark.parametrize("width", [1280], indirect=True, ids=["wide"])
Axe = Callable[..., list[str]]
Enter = Callable[..., None]
Open = Callable[[Page, str], None]


def _note(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Note (optional")


def _decide(page: Page) -> None:
    follow(page.locator("#decide-form .fs-decide__do button"))


def _reference(page: Page) -> str:
    return page.get_by_role("heading", level=1).inner_text().removeprefix("Report ")


def test_two_keys_decide_and_the_next_report_opens(page: Page, enter: Enter, open_report: Open, axe: Axe) -> None:
    enter(page)
    open_report(page, "REF-007")
    page.keyboard.press("1")
    expect(page.get_by_label("Record as stalking")).to_be_checked()
    expect(page.get_by_role("group", name="Offence")).to_be_visible()
    assert axe(page) == []
    press(page, "a")
    expect(page.get_by_role("status").filter(has_text="To be recorded as stalking")).to_be_visible()
    assert _reference(page) != "REF-007", "the next report is open, and the last one can be taken back"
    assert axe(page) == []
    page.get_by_role("button", name="Undo").focus()
    press(page, "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Report REF-007")
    expect(page.get_by_text("Decision taken back").first).to_be_visible()
    page.keyboard.press("4")
    page.keyboard.press("l")
    assert _reference(page) == "REF-007", "a letter that is no reason does nothing"
    page.keyboard.press("?")
    expect(page.get_by_text("next and previous mark")).to_be_visible()


@wide
def test_z_takes_the_last_decision_back_and_the_list_is_kept(page: Page, enter: Enter, open_report: Open) -> None:
    enter(page)
    open_report(page, "REF-020")
    page.keyboard.press("4")
    last, decide = page.locator("[data-letter]:visible").last, page.locator(".fs-decide__do button")
    expect(last).to_be_in_viewport()
    expect(decide).to_be_in_viewport(ratio=1)
    under, over = last.bounding_box(), decide.bounding_box()
    assert under and over and under["y"] + under["height"] <= over["y"], (
        "the bar does not lie over what was just opened"
    )
    press(page, "a")
    expect(page.get_by_role("status").filter(has_text="Sent to a second reviewer")).to_be_visible()
    press(page, "z")
    expect(page.get_by_role("status").filter(has_text="Your decision was taken back.")).to_be_visible()
    assert _reference(page) == "REF-020"
    assert "reference=REF-020" in (page.get_by_role("link", name="Back to the queue").get_attribute("href") or "")


@wide
def test_keys_never_decide_while_somebody_types(page: Page, enter: Enter, open_report: Open) -> None:
    enter(page)
    open_report(page, "REF-008")
    page.keyboard.press("n")
    page.keyboard.type("1a on the 4th he rang")
    expect(_note(page)).to_have_value("1a on the 4th he rang")
    assert page.locator("[data-digit]:checked").count() == 0 and _reference(page) == "REF-008"
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("a.fs-label").nth(1)).to_be_focused()
    expect(page.locator("#mark-detail")).to_contain_text("Weight")
    page.keyboard.press("Escape")
    expect(page.locator("#mark-detail")).to_be_hidden()


@wide
def test_what_is_missing_is_said_and_nothing_typed_is_lost(
    page: Page, enter: Enter, open_report: Open, axe: Axe
) -> None:
    enter(page)
    open_report(page, "REF-009")
    _note(page).fill("Rang the caller.")
    _decide(page)
    expect(page.get_by_role("alert")).to_contain_text("Choose what to do with this report")
    assert axe(page) == []
    page.get_by_label("Ask the officer").check()
    page.get_by_label("Question for the officer").fill("")
    _decide(page)
    for words in ("Choose a reason", "Write the question for the officer"):
        expect(page.get_by_role("alert")).to_contain_text(words)
    expect(_note(page)).to_have_value("Rang the caller.")
    assert page.title().startswith("Error: ")
    assert axe(page) == []


@wide
def test_selected_words_and_wrong_marks_go_with_the_decision(
    page: Page, enter: Enter, open_report: Open, axe: Axe
) -> None:
    enter(page)
    open_report(page, "REF-010")
    words = "from new numbers"
    page.evaluate(
        """words => {
          const walk = document.createTreeWalker(document.getElementById('report-text'), NodeFilter.SHOW_TEXT)
          while (walk.nextNode()) {
            const at = walk.currentNode.data.indexOf(words)
            if (at < 0) continue
            const range = new Range()
            range.setStart(walk.currentNode, at)
            range.setEnd(walk.currentNode, at + words.length)
            getSelection().removeAllRanges()
            getSelection().addRange(range)
            document.dispatchEvent(new MouseEvent('mouseup', {bubbles: true}))
            return
          }
          throw new Error('the words are not in one stretch')
        }""",
        words,
    )
    bar = page.get_by_role("group", name="Mark the selected words")
    expect(bar).to_be_visible()
    assert axe(page) == []
    bar.get_by_label("Behaviour or context").select_option("breach")
    bar.get_by_role("button", name="Mark these words").click()
    expect(page.locator("[name=add_quote]").first).to_have_value(words)
    mark = page.locator("a.fs-label").first
    mark.focus()
    page.get_by_role("button", name="This mark is wrong").click()
    assert page.locator("[name=wrong]:checked").count() == 1
    page.get_by_label("Keep as recorded").check()
    page.get_by_label("A dispute explains the conduct").check()
    _decide(page)
    expect(page.get_by_role("status").filter(has_text="Kept as recorded")).to_be_visible()
    open_report(page, "REF-010")
    expect(page.locator(".fs-decided")).to_contain_text("2 corrections to the marks")
    assert axe(page) == []


@wide
def test_words_selected_over_a_windows_line_end_keep_their_place(page: Page, enter: Enter, open_report: Open) -> None:
    enter(page)
    open_report(page, "REF-010")
    page.evaluate(
        """([first, last]) => {
          const find = words => {
            const walk = document.createTreeWalker(document.getElementById('report-text'), NodeFilter.SHOW_TEXT)
            while (walk.nextNode()) {
              const at = walk.currentNode.data.indexOf(words)
              if (at >= 0 && walk.currentNode.parentElement.dataset.at) return [walk.currentNode, at]
            }
            throw new Error(words)
          }
          const range = new Range()
          range.setStart(...find(first))
          const [node, at] = find(last)
          range.setEnd(node, at + last.length)
          getSelection().removeAllRanges()
          getSelection().addRange(range)
          document.dispatchEvent(new MouseEvent('mouseup', {bubbles: true}))
        }""",
        ["night", "June"],
    )
    bar = page.get_by_role("group", name="Mark the selected words")
    bar.get_by_label("Behaviour or context").select_option("frequency")
    bar.get_by_role("button", name="Mark these words").click()
    start, end = (int(page.locator(f"[name=add_{side}]").first.input_value()) for side in ("start", "end"))
    assert end - start == len("night.\r\nOn 3 June"), "the carriage return is stored, though nobody sees it"


@wide
def test_control_and_enter_decide_from_the_note_and_escape_leaves_it(
    page: Page, enter: Enter, open_report: Open
) -> None:
    enter(page)
    open_report(page, "REF-021")
    page.keyboard.press("n")
    page.keyboard.type("Rang.")
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    expect(page.get_by_label("Keep as recorded")).to_be_checked()
    expect(_note(page)).to_have_value("Rang.")
    page.get_by_label("A dispute explains the conduct").check()
    _note(page).focus()
    press(page, "Control+Enter")
    expect(page.get_by_role("status").filter(has_text="Kept as recorded")).to_be_visible()


def test_deciding_without_javascript(
    open_browser: Callable[..., BrowserContext], enter: Enter, open_report: Open, width: int
) -> None:
    reference = f"REF-01{1 if width > 400 else 2}"
    page = open_browser(width, java_script_enabled=False).new_page()
    enter(page)
    open_report(page, reference)
    follow(page.get_by_role("button", name="Assign it to me"))
    expect(page.get_by_text("Yours until")).to_be_visible()
    page.get_by_text("Correct the marks").click()
    row = page.locator("[data-row-of=add]").first
    row.get_by_label("Words").fill("he followed  me home")
    row.get_by_label("Behaviour").select_option("following")
    row.get_by_label("Status").select_option("negated")
    change = page.locator("[data-row-of=change]").first
    change.get_by_label("Mark number").fill("99")
    follow(page.get_by_role("button", name="More rows"))
    assert page.locator("[data-row-of=add]").count() == 3
    page.get_by_label("Record as stalking").check()
    page.locator("#offence-s4A").check()
    page.locator("[name=reason_record_as_stalking][value=breach]").check()
    _decide(page)
    expect(page.get_by_role("alert")).to_contain_text("There is no mark with the number given")
    page.locator("[data-row-of=change]").first.get_by_label("Mark number").fill("")
    _decide(page)
    expect(page.get_by_role("status")).to_contain_text("To be recorded as stalking")
    assert _reference(page) != reference
    follow(page.get_by_role("button", name="Undo"))
    assert _reference(page) == reference
    page.get_by_label("Not sure: second review").check()
    page.locator("[name=reason_not_sure][value=borderline]").check()
    _decide(page)
    open_report(page, reference)
    expect(page.get_by_text("It waits for somebody else to read it")).to_be_visible()
    assert page.locator("#decide-form").count() == 0


@pytest.mark.parametrize("scripts", [True, False])
def test_a_session_that_ends_loses_nothing_typed(
    open_browser: Callable[..., BrowserContext], site: Site, enter: Enter, open_report: Open, axe: Axe, scripts: bool
) -> None:
    page = open_browser(java_script_enabled=scripts).new_page()
    enter(page)
    open_report(page, "REF-013")
    note = 'Line one <b>\nline "two" & more'
    _note(page).fill(note)
    page.get_by_label("Keep as recorded").check()
    page.locator("[name=reason_keep][value=mutual]").check()
    page.context.clear_cookies()
    _decide(page)
    expect(page.get_by_role("alert")).to_contain_text("what you typed is kept")
    if scripts:
        assert axe(page) == []
    page.get_by_label("Name").fill(site.name)
    page.get_by_label("Password", exact=True).fill("wrong")
    follow(page.get_by_role("main").get_by_role("button", name="Sign in"))
    page.get_by_label("Name").fill(site.name)
    page.get_by_label("Password", exact=True).fill(site.password)
    follow(page.get_by_role("main").get_by_role("button", name="Sign in"))
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed in again")
    if scripts:
        assert axe(page) == []
    follow(page.get_by_role("button", name="Go on with your decision"))
    expect(_note(page)).to_have_value(note)
    expect(page.locator("[name=reason_keep][value=mutual]")).to_be_checked()


def test_who_was_first_is_said_and_the_note_is_kept(
    open_browser: Callable[..., BrowserContext],
    enter: Enter,
    open_report: Open,
    second: tuple[str, str],
    axe: Axe,
    width: int,
) -> None:
    reference = "REF-014"
    mine, theirs = open_browser(400).new_page(), open_browser().new_page()
    enter(mine)
    enter(theirs, *second)
    for page in (mine, theirs):
        open_report(page, reference)
    theirs.keyboard.press("2")
    press(theirs, "a")
    expect(theirs.get_by_role("status").filter(has_text="Kept as recorded")).to_be_visible()
    _note(mine).fill("My own note")
    mine.get_by_label("Record as stalking").check()
    mine.locator("[name=reason_record_as_stalking][value=history]").check()
    _decide(mine)
    expect(mine.get_by_role("heading", level=1)).to_have_text("Your decision was not kept")
    expect(mine.get_by_role("main")).to_contain_text("second.reviewer")
    expect(mine.get_by_role("main")).to_contain_text("Kept as recorded")
    expect(mine.get_by_role("main")).to_contain_text("My own note")
    assert axe(mine) == []
    follow(mine.get_by_role("button", name="Look at it again with what I typed"))
    expect(_note(mine)).to_have_value("My own note")
    expect(mine.locator("[name=reason_record_as_stalking][value=history]")).to_be_checked()
    _decide(mine)
    expect(mine.get_by_role("status").filter(has_text="To be recorded as stalking")).to_be_visible()


def test_claimed_by_another_is_said(
    open_browser: Callable[..., BrowserContext], enter: Enter, open_report: Open, second: tuple[str, str], axe: Axe
) -> None:
    mine, theirs = open_browser().new_page(), open_browser().new_page()
    enter(theirs, *second)
    open_report(theirs, "REF-016")
    follow(theirs.get_by_role("button", name="Assign it to me"))
    enter(mine)
    open_report(mine, "REF-016")
    expect(mine.get_by_text("second.reviewer is at work on this report")).to_be_visible()
    assert mine.locator("#decide-form").count() == 0
    assert axe(mine) == []
    follow(theirs.get_by_role("button", name="Give it back"))
    mine.reload()
    expect(mine.locator("#decide-form")).to_be_visible()


@wide
def test_a_sample_is_planned_drawn_read_blind_and_shown(
    page: Page, site: Site, enter: Enter, lead: tuple[str, str], second: tuple[str, str], axe: Axe
) -> None:
    enter(page, *lead)
    follow(page.get_by_role("link", name="Samples", exact=True))
    follow(page.get_by_role("button", name="Plan a new sample"))
    page.get_by_label("Name", exact=True).fill("Damage")
    page.get_by_text("Only some reports, a number of your own, the seed").click()
    page.get_by_role("group", name="Only recorded as").get_by_label("Criminal damage").check()
    follow(page.get_by_role("button", name="Work out how many to read"))
    expect(page.get_by_role("heading", name="Read 2 of 2 reports")).to_be_visible()
    assert axe(page) == []
    page.get_by_label("First reader").select_option(site.name)
    page.get_by_label("Second reader").select_option(second[0])
    page.get_by_label("Settles where they differ").select_option(lead[0])
    follow(page.get_by_role("button", name="Draw the sample"))
    expect(page.get_by_role("heading", name="Damage", exact=True)).to_be_visible()
    results = page.url
    for name, password in ((site.name, site.password), second):
        page.context.clear_cookies()
        enter(page, name, password)
        page.goto(f"{site.address}/samples")
        assert axe(page) == []
        follow(page.get_by_role("button", name="Read the next report"))
        follow(page.get_by_role("button", name="Open the report"))
        for _ in range(2):
            expect(page.get_by_text("A blind reading for a quality sample")).to_be_visible()
            assert page.locator("mark, .fs-suggestion, .fs-four, .fs-marks").count() == 0
            for words in ("Stalking described", "Points for stalking", "Who looked before", "Export this report"):
                assert words not in page.content()
            assert axe(page) == []
            outcome = "keep" if "parking space" in page.content() else "record_as_stalking"
            page.locator(f"[name=outcome][value={outcome}]").check()
            if outcome == "record_as_stalking":
                page.locator("[name=offence]").first.check()
            page.locator(f"[name=reason_{outcome}]").first.check()
            _decide(page)
        expect(page.get_by_text("You have read all of them")).to_be_visible()
    page.context.clear_cookies()
    enter(page, *lead)
    for path in ("", "/summary", "?correct=1"):
        page.goto(f"{results}{path}")
        assert "2 settled" in page.content() or "2 of 2 reports settled" in page.content()
        assert axe(page) == []


@wide
def test_reports_do_not_print(page: Page, enter: Enter, open_report: Open) -> None:
    enter(page)
    open_report(page, "REF-STALKED")
    page.emulate_media(media="print")
    assert page.locator("#report-text").is_hidden() and page.locator("header").is_hidden()
    page.emulate_media(media="screen")
    follow(page.get_by_role("link", name="Export this report"))
    page.get_by_label("For the case file").check()
    follow(page.get_by_role("button", name="Make the export"))
    page.emulate_media(media="print")
    assert page.locator(".fs-text").is_visible()


@wide
def test_hundreds_of_marks_stay_quick(page: Page, enter: Enter, open_report: Open, axe: Axe) -> None:
    enter(page)
    open_report(page, "REF-MANY")
    expect(page.locator("#report-text .fs-label").nth(200)).to_be_attached()
    took = page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    assert took < 8000, "milliseconds; make bench measures it properly"
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    # Contrast is checked where fewer marks hold the same colours: axe takes a minute for it here.
    assert axe(page, skip="color-contrast") == []

"""The console's jobs in a real browser, at 1280 and 400 pixels."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from moving import follow, press
from playwright.sync_api import BrowserContext, Page, expect

if TYPE_CHECKING:
    from conftest import Site

Axe = Callable[..., list[str]]
Enter = Callable[..., None]
Open = Callable[[Page, str], None]


def _fits(page: Page) -> bool:
    """Nothing makes the page wider than the window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_a_reviewer_signs_in_finds_a_report_and_reads_it(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/?recorded=harassment")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("Name").fill(site.name)
    page.get_by_label("Password", exact=True).fill(site.password)
    follow(page.get_by_role("main").get_by_role("button", name="Sign in"))
    expect(page.get_by_role("heading", name="Reports to review")).to_be_visible()
    assert page.url.endswith("/?recorded=harassment"), "sign-in leads back to the page asked for"

    page.get_by_label("Recorded as").select_option("public_order")
    follow(page.get_by_role("button", name="Filter"))
    expect(page.get_by_text("1 report", exact=False).first).to_be_visible()
    assert "recorded=public_order" in page.url
    follow(page.get_by_role("link", name="Clear filters"))

    page.goto(f"{site.address}/?recorded=harassment&page=1")
    page.get_by_text("More filters").click()
    page.get_by_label("Reference starts with").fill("REF-ST")
    follow(page.get_by_role("button", name="Filter"))
    follow(page.get_by_role("link", name="REF-STALKED"))
    expect(page.get_by_role("heading", name="Before you open a report")).to_be_visible()
    assert "Tom" not in page.content(), "no text before the note is read"
    follow(page.get_by_role("button", name="Open the report"))
    expect(page).to_have_title("Report REF-STALKED – Foursight")
    assert "STALKED" not in page.url, "an address names no report; what the reviewer typed to filter by leads back"
    marks = page.locator("#report-text mark")
    expect(marks.first).to_be_visible()
    expect(page.locator("#report-text .fs-label").first).to_be_visible()
    for heading in ("What the report says", "FOUR", "Points for stalking", "Points against", "Who looked before"):
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
    page.locator(".fs-quotes__link").first.click()
    assert "#mark-" in page.url and page.locator(":target").count() == 1
    follow(page.get_by_role("button", name="Sign out"))
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.go_back()
    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_marks_differ_by_more_than_colour(page: Page, enter: Enter, open_report: Open) -> None:
    enter(page)
    open_report(page, "REF-STALKED")
    for mark in page.locator("#report-text mark").all():
        line = mark.evaluate("e => getComputedStyle(e).borderBottomStyle")
        assert line in ("solid", "double", "dotted", "dashed")
    words = page.locator("#report-text .fs-label").all_inner_texts()
    assert words and all(word.strip() for word in words)


def test_a_wrong_password_is_explained(page: Page, site: Site, axe: Axe) -> None:
    page.goto(f"{site.address}/sign-in")
    page.get_by_label("Name").fill(site.name)
    page.get_by_label("Password", exact=True).fill("not the password")
    follow(page.get_by_role("main").get_by_role("button", name="Sign in"))
    expect(page.get_by_role("alert")).to_contain_text("not right")
    assert axe(page) == [] and _fits(page)


def test_a_hostile_text_stays_text(page: Page, enter: Enter, open_report: Open) -> None:
    enter(page)
    open_report(page, "REF-HOSTILE")
    expect(page).to_have_title("Report REF-HOSTILE – Foursight")
    assert page.locator("#report-text script, #report-text img, #report-text h1").count() == 0
    assert page.get_by_role("heading", level=1).all_inner_texts() == ["Report REF-HOSTILE"]
    shown = page.locator("#report-text").inner_text()
    assert '<script>document.title="owned"</script>' in shown.replace("\n", "") or "<script>" in shown
    assert "U+202E" in shown and "\u202e" not in shown
    assert _fits(page)


def test_every_page_is_accessible_and_fits(
    page: Page,
    site: Site,
    enter: Enter,
    open_report: Open,
    administrator: tuple[str, str],
    scientist: tuple[str, str],
    axe: Axe,
) -> None:
    def check(what: str) -> None:
        assert axe(page) == [], what
        assert _fits(page), what

    page.goto(f"{site.address}/sign-in")
    check("sign-in")
    enter(page)
    lists = (
        "/",
        "/?page=2",
        "/?recorded=breach",
        "/?band=high&relationship=family",
        "/?status=decided",
        "/recorded-as-stalking",
        "/suggested",
    )
    for path in (*lists, "/account", "/audit", "/nothing", "/guide", "/models"):
        page.goto(site.address + path)
        check(path)
    page.goto(f"{site.address}/?reference=REF-QUARREL&status=any")
    follow(page.get_by_role("link", name="REF-QUARREL"))
    check("content note")
    for reference in ("REF-STALKED", "REF-HOSTILE", "REF-QUARREL", "REF-BLANK"):
        open_report(page, reference)
        check(reference)
    follow(page.get_by_role("link", name="Export this report"))
    check("export, asked")
    follow(page.get_by_role("button", name="Make the export"))
    check("export, without a purpose")
    page.get_by_label("For the case file").check()
    follow(page.get_by_role("button", name="Make the export"))
    expect(page.get_by_text("For the case file.")).to_be_visible()
    check("export")
    for who, paths in (
        (administrator, ("/audit", "/audit?verify=1", "/audit?who=nobody", "/account")),
        (scientist, ("/models",)),
    ):
        page.context.clear_cookies()
        enter(page, *who)
        for path in paths:
            page.goto(site.address + path)
            check(path)


def test_the_api_documentation_works_under_the_policy(page: Page, site: Site, axe: Axe) -> None:
    page.goto(f"{site.address}/docs")
    expect(page.get_by_text("/v1/assess/batch")).to_be_visible()
    # Swagger UI's own order of headings and what it unfolds are not ours to mend: the rules of WCAG on the page as it opens.
    assert axe(page, "wcag2a") == []
    page.get_by_text("Assess one report").click()
    expect(page.get_by_text("No valid API key.")).to_be_visible()


def test_the_queue_by_keyboard(open_browser: Callable[..., BrowserContext], site: Site, enter: Enter) -> None:
    page = open_browser().new_page()
    enter(page)
    rows = page.locator("[data-row]")
    page.keyboard.press("j")
    expect(rows.nth(0)).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_text("open the report in focus")).to_be_visible()
    page.get_by_role("button", name="Turn the keys off").click()
    rows.nth(1).focus()
    page.keyboard.press("j")
    expect(rows.nth(1)).to_be_focused()
    reference = rows.nth(1).inner_text()
    press(page, "Enter")
    page.get_by_role("button", name="Open the report").focus()
    press(page, "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Report {reference}")


def test_looking_up_works_without_javascript(
    open_browser: Callable[..., BrowserContext], site: Site, enter: Enter, open_report: Open, width: int
) -> None:
    page = open_browser(width, java_script_enabled=False).new_page()
    enter(page)
    page.get_by_label("Recorded as").select_option("harassment")
    follow(page.get_by_role("button", name="Filter"))
    follow(page.get_by_role("link", name="Next"))
    expect(page.locator("[data-row]").first).to_be_visible()
    open_report(page, "REF-MANY")
    before = page.locator("#report-text .fs-label:visible").count()
    page.locator("#show-following").uncheck()
    assert 0 < page.locator("#report-text .fs-label:visible").count() < before, "the legend filters without a script"
    page.get_by_role("button", name="Show all").click()
    assert page.locator("#report-text .fs-label:visible").count() == before
    follow(page.get_by_role("link", name="Recorded as stalking"))
    follow(page.get_by_role("button", name="Sign out"))
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

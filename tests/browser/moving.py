"""From one page to the next: a click that waits, so that what is read afterwards is read on the page that it led to."""

from __future__ import annotations

from playwright.sync_api import Locator, Page


def follow(link: Locator) -> None:
    """Click a link or a button and wait until the page that it leads to has loaded (Playwright's click does not wait)."""
    with link.page.expect_navigation():
        link.click()


def press(page: Page, key: str) -> None:
    """Press a key that leads to another page, and wait for that page."""
    with page.expect_navigation():
        page.keyboard.press(key)

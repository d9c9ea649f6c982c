"""What every page keeps to: the content policy, escaping, files that are there, a way on from every problem."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.policy import AccountRole

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("role", "says"),
    [
        (AccountRole.REVIEWER, 'href="/">Go to the queue'),
        (AccountRole.ADMINISTRATOR, 'href="/audit">Go to the audit trail'),
        (AccountRole.DATA_SCIENTIST, 'href="/models">Go to the models'),
    ],
)
def test_a_problem_leads_on_to_the_page_of_the_role(
    client: TestClient, sign_in: Callable[[AccountRole], None], role: AccountRole, says: str
) -> None:
    sign_in(role)
    refused = "/audit" if role is AccountRole.REVIEWER else "/"
    assert says in client.get(refused, headers={"Accept": "text/html"}).text


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


def test_the_trail_for_administrators(client: TestClient, sign_in: Callable[[AccountRole], None]) -> None:
    sign_in(AccountRole.ADMINISTRATOR)
    assert "sign_in" in client.get("/audit").text
    assert "The trail is whole" in client.get("/audit?verify=1").text


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

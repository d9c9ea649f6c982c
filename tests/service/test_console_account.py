"""A person's own page, the search of the trail, the guide, and the page of models."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from fastapi.testclient import TestClient

from nlp.taxonomy import CODES
from service.policy import AccountRole
from service.settings import Settings

SignIn = Callable[..., None]


def _change(client: TestClient, **fields: str) -> tuple[int, str]:
    token = re.search(r'name="token" value="(\w+)"', client.get("/account").text)
    assert token
    answer = client.post("/account/password", data={"token": token[1], **fields})
    return answer.status_code, answer.text


def test_a_new_password_needs_the_old_one_and_ends_other_sessions(
    client: TestClient, sign_in: SignIn, password: str
) -> None:
    sign_in()
    fresh = "three random words"
    for fields, says in (
        ({"current": "", "fresh": fresh, "again": fresh}, "Enter your current password"),
        ({"current": password, "fresh": "short", "again": "short"}, "12 to 256"),
        ({"current": password, "fresh": fresh, "again": fresh + "x"}, "not the same"),
        ({"current": password, "fresh": password, "again": password}, "is the current one"),
        ({"current": "not the password", "fresh": fresh, "again": fresh}, "current password is not right"),
    ):
        status, page = _change(client, **fields)
        assert status == 422 and says in page and fresh not in page, says
    other = dict(client.cookies)
    status, _ = _change(client, current=password, fresh=fresh, again=fresh)
    assert status == 303 and "Your password is changed" in client.get("/account?changed=1").text
    client.cookies.clear()
    client.cookies.update(other)
    assert client.get("/account").status_code == 303, "the session of before has ended"


def test_the_trail_is_searched_by_who_what_and_when(
    client: TestClient, sign_in: SignIn, keep: Callable[..., str]
) -> None:
    report_id = keep("REF 1", "He rang me.")
    sign_in()
    client.get(f"/reports/{report_id}")
    reader = re.search(r'fs-header__person">([^<]+)<', client.get("/account").text)
    assert reader
    sign_in(AccountRole.ADMINISTRATOR)

    def rows(**search: str) -> int:
        return client.get("/audit", params=search).text.split("<tbody")[-1].count("<tr ")

    assert rows(about="REF 1") == rows(about=report_id) == rows(what="report.viewed") == 1
    assert rows(who=reader[1]) == rows(who=f"account:{reader[1]}") >= 2
    assert rows(from_day="2020-01-01") == rows() and "No entry matches" in client.get("/audit?to_day=2020-01-01").text
    assert "Opened a report" in client.get("/audit").text
    for odd in ("%00", "'--", "<b>", "2026-13-45"):
        assert client.get(f"/audit?who={odd}&from_day={odd}&about={odd}&page={odd}").status_code == 200


def test_the_guide_has_a_place_for_every_code(client: TestClient, sign_in: SignIn) -> None:
    sign_in()
    page = client.get("/guide").text
    for code in CODES:
        assert f'id="{code.code}"' in page and code.title in page, code
    assert 'id="when-it-is-stalking"' in page and "Record format" not in page


def test_the_models_page_shows_the_bundle_and_its_curves(
    client: TestClient, sign_in: SignIn, settings: Settings
) -> None:
    sign_in(AccountRole.DATA_SCIENTIST)
    page = client.get("/models").text
    assert "Serves" in page and "Average precision" in page and "No measurement of this bundle lies here" in page
    digest = re.search(r'fs-hash">(\w{64})<', page)
    assert digest
    folder: Path = settings.var / "evaluation"
    folder.mkdir(parents=True)
    curves = {"truth": [n % 3 == 0 for n in range(60)], "probability": [n / 60 for n in range(60)]}
    for given, shown in (("f" * 64, False), (digest[1], True)):
        result = {"model": {"digest": given}, "curves": curves}
        (folder / "evaluation-test.json").write_text(json.dumps(result), encoding="utf-8")
        page = client.get("/models").text
        assert ("<polyline" in page) is shown
    (folder / "evaluation-test.json").write_text("[1, 2", encoding="utf-8")
    assert client.get("/models").status_code == 200

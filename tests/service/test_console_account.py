"""A person's own page, the search of the trail, the guide, and the page of models."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from fastapi.testclient import TestClient
from sqlalchemy import select

from models.bundle import DEFAULT_BUNDLE, MANIFEST, Manifest
from nlp.taxonomy import CODES
from service import auth, sessions
from service.audit import COMMAND_LINE
from service.console.science import _curves
from service.policy import AccountRole
from service.settings import Settings
from service.store import Store
from service.store.tables import AccountRow, AssessmentRow, AuditRow, SessionRow

SignIn = Callable[..., None]
Keep = Callable[..., str]


def _change(client: TestClient, **fields: str) -> tuple[int, str]:
    token = re.search(r'name="token" value="(\w+)"', client.get("/account").text)
    assert token
    answer = client.post("/account/password", data={"token": token[1], **fields})
    return answer.status_code, answer.text


def test_a_new_password_needs_the_old_one_and_ends_other_sessions(
    client: TestClient, sign_in: SignIn, password: str, store: Store
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
    with store.read() as session:
        assert len(session.scalars(select(SessionRow)).all()) == 1, "no session is left over"
    client.cookies.clear()
    client.cookies.update(other)
    assert client.get("/account").status_code == 303, "the session of before has ended"


def test_a_person_sees_their_sessions_and_ends_the_others(
    client: TestClient, sign_in: SignIn, store: Store, settings: Settings, password: str
) -> None:
    sign_in()
    assert "Sign out everywhere else" not in client.get("/account").text, "there is no other"
    with store.read() as session:
        name = session.scalars(select(AccountRow.name)).one()
    other = sessions.sign_in(store, settings, name, password).token
    with store.write() as session:
        auth.add_account(session, "somebody.else", AccountRole.REVIEWER, password, COMMAND_LINE)
    theirs = sessions.sign_in(store, settings, "somebody.else", password).token
    page = client.get("/account").text
    assert page.count("Here, since") == page.count("Elsewhere, since") == 1
    token = re.search(r'name="token" value="(\w+)"', page)
    assert token and client.post("/account/sessions", data={"token": "0" * 64}).status_code == 403
    assert client.post("/account/sessions", data={"token": token[1]}).headers["location"] == "/account?ended=1"
    assert "signed out everywhere else" in client.get("/account?ended=1").text
    assert sessions.by_session(store, settings, other) is None and sessions.by_session(store, settings, theirs)
    with store.read() as session:
        assert (
            session.scalars(select(AuditRow.detail).where(AuditRow.action == "sessions.ended")).one()
            == '{"sessions": 1}'
        )


def test_the_trail_is_searched_by_who_what_and_when(
    client: TestClient, sign_in: SignIn, keep: Callable[..., str], store: Store
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
    page = client.get("/audit").text
    assert "Opened a report" in page and "Disabled an account" not in page
    with store.write() as session:
        auth.set_disabled(session, reader[1], True, COMMAND_LINE)
    page = client.get("/audit").text
    offered = page.split('name="what"')[1].split("</select>")[0]
    assert "Opened a report" in offered and "Disabled an account" in offered, "what was done since the last look too"
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
    assert "Serves" in page and "Average precision" in page
    digest = re.search(r'fs-hash">(\w{64})<', page)
    assert digest
    assert page.count("<polyline") == 2, "the shipped bundle carries the curves of its measurement"
    # A bundle without curves: those of the last evaluation, if that was of this very bundle.
    manifest = Manifest.model_validate_json((DEFAULT_BUNDLE / MANIFEST).read_text(encoding="utf-8"))
    folder: Path = settings.var / "evaluation"
    folder.mkdir(parents=True)
    curves = {"truth": [n % 3 == 0 for n in range(60)], "probability": [n / 60 for n in range(60)]}
    for given, found in (("f" * 64, None), (digest[1], curves)):
        result = {"model": {"digest": given}, "curves": curves}
        (folder / "evaluation-test.json").write_text(json.dumps(result), encoding="utf-8")
        assert _curves(folder, manifest, {}) == found
    (folder / "evaluation-test.json").write_text("[1, 2", encoding="utf-8")
    assert _curves(folder, manifest, {}) is None


def test_the_models_page_shows_what_has_read_reports_drift_and_the_way_to_mlflow(
    client: TestClient, sign_in: SignIn, keep: Keep, store: Store, stalked: str, settings: Settings
) -> None:
    sign_in(AccountRole.DATA_SCIENTIST)
    page = client.get("/models").text
    assert "No report has been read here yet" in page and "No measurement of drift lies here" in page
    assert "in MLflow" not in page
    keep("R1", stalked)
    moved = {"measure": "function_words", "reports": 40, "psi": 0.314, "p_value": 0.01, "verdict": "much drift"}
    drift = {"reports": 40, "verdict": ["<b>Much</b> has moved."], "overall": [moved], "weeks": []}
    (settings.var / "drift").mkdir(parents=True)
    (settings.var / "drift" / "drift.json").write_text(json.dumps(drift), encoding="utf-8")
    settings.tracking_url = "https://mlflow.example/"
    page = client.get("/models").text
    assert 'href="https://mlflow.example/"' in page
    assert "&lt;b&gt;Much&lt;/b&gt; has moved." in page and "0.31" in page and "Function words" in page
    with store.read() as session:
        version, digest = session.execute(select(AssessmentRow.model_version, AssessmentRow.model_digest)).one()
    read = page.split('aria-label="Models that have read reports here"')[1].split("</table>")[0]
    assert version in read and digest[:12] in read and read.count(">1</td>") == 2, "one text read, and shown"
    keep("R2", f"{stalked} Again.")
    page = client.get("/models").text
    read = page.split('aria-label="Models that have read reports here"')[1].split("</table>")[0]
    assert read.count(">2</td>") == 2, "a report that came after the last look is counted"
    assert "40 reports beside the training data" in page, "a file of before it said what it compared with"
    drift |= {"against": "50 reports of the weeks of 2026-01-05 to 2026-02-02", "weeks": [{"week": "2026-03-02"}]}
    (settings.var / "drift" / "drift.json").write_text(json.dumps(drift), encoding="utf-8")
    said = (
        "40 reports of the weeks of 2026-03-02 to 2026-03-02 beside 50 reports of the weeks of 2026-01-05 to 2026-02-02"
    )
    assert said in client.get("/models").text
    (settings.var / "drift" / "drift.json").write_text('{"reports": 1}', encoding="utf-8")
    assert "No measurement of drift lies here" in client.get("/models").text

"""Deciding through the pages: what is kept, what is refused and said, who was first, and what comes next."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import select

from nlp.taxonomy import Status
from service.console.decision_form import Added, Change, Draft, read_corrections
from service.console.marking import number
from service.policy import AccountRole
from service.store import Store
from service.store.tables import AuditRow, DecisionRow

SignIn = Callable[..., None]
Keep = Callable[..., str]


def _fields(page: str, of: str = "decide-form") -> dict[str, str]:
    """The hidden fields of a form, as a browser would send them."""
    form = re.search(rf'<form id="{of}".*?</form>', page, re.S)
    assert form, "the page holds no form to decide"
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form[0])
    return {name: html.unescape(value) for name, value in found if not name.startswith("add_")}


def _decide(client: TestClient, report_id: str, fields: dict[str, str] | None = None, **more: object) -> Response:
    fields = fields or _fields(client.get(f"/reports/{report_id}").text)
    answer: Response = client.post(
        f"/reports/{report_id}/decision",
        data={**fields, "outcome": "keep", "reason_keep": "dispute", **more},  # type: ignore[arg-type]
    )
    return answer


def _decisions(store: Store) -> list[DecisionRow]:
    with store.read() as session:
        return list(session.scalars(select(DecisionRow).order_by(DecisionRow.decided_at)))


def test_a_decision_is_kept_once_and_the_next_report_opens(
    client: TestClient, sign_in: SignIn, keep: Keep, store: Store, stalked: str
) -> None:
    first, second = (keep(f"R{n}", stalked, recorded_offence="harassment") for n in (1, 2))
    sign_in()
    fields = _fields(client.get(f"/reports/{first}").text)
    answer = _decide(client, first, fields, note=" Spoke to the caller. ")
    assert answer.status_code == 303 and f"/reports/{second}?done=" in answer.headers["location"]
    again = _decide(client, first, fields, note=" Spoke to the caller. ")
    assert again.status_code == 303 and len(_decisions(store)) == 1, "the same form sent twice decides once"
    (row,) = _decisions(store)
    assert (row.outcome, row.reason, row.note) == ("keep", "dispute", "Spoke to the caller.")
    page = client.get(answer.headers["location"]).text
    assert "Kept as recorded:" in page and "Undo" in page and "Yours</strong> until" in page
    last = _decide(client, second)
    assert last.headers["location"].startswith("/?done="), "with none left, back to the list"
    assert "The queue is empty" in client.get("/").text
    assert "R1" in client.get("/?status=decided").text


def test_undo_brings_the_report_back(
    client: TestClient, sign_in: SignIn, keep: Keep, store: Store, stalked: str
) -> None:
    report_id = keep("R1", stalked)
    sign_in()
    page = client.get(_decide(client, report_id).headers["location"]).text
    fields = dict(
        re.findall(r'name="(token|version|key)" value="([^"]*)"', page.split('id="done"')[1].split("</form>")[0])
    )
    listed = fields | {"from": "/?band=high"}
    to = client.post(f"/reports/{report_id}/withdraw", data=listed).headers["location"]
    assert to == f"/reports/{report_id}?from=%2F%3Fband%3Dhigh&undone=1", "the filtered list is still the way back"
    assert "Your decision was taken back." in client.get(to).text
    assert [row.outcome for row in _decisions(store)] == ["keep", "withdrawn"]
    page = client.get(f"/reports/{report_id}").text
    assert "Decision taken back" in page and 'id="decide-form"' in page
    assert "R1" in client.get("/").text


def test_after_an_undo_the_report_that_lay_open_comes_again(
    client: TestClient, sign_in: SignIn, keep: Keep, store: Store, stalked: str
) -> None:
    first, second = keep("R1", stalked), keep("R2", stalked)
    sign_in()
    to = _decide(client, first).headers["location"]
    assert to.startswith(f"/reports/{second}?"), "the second lies open, and is claimed"
    notice = client.get(to).text.split('id="done"')[1].split("</form>")[0]
    client.post(f"/reports/{first}/withdraw", data=dict(re.findall(r'name="(\w+)" value="([^"]*)"', notice)))
    again = _decide(client, first).headers["location"]
    assert again.startswith(f"/reports/{second}?"), "it is not passed over for being one's own"


def test_every_fault_of_the_form_is_said_at_once_and_what_was_typed_stays(
    client: TestClient, sign_in: SignIn, keep: Keep, store: Store, stalked: str
) -> None:
    report_id = keep("R1", stalked)
    sign_in()
    answer = _decide(
        client, report_id, outcome="ask_officer", question=" ", note="<b>kept</b>" * 300, add_quote="not there"
    )
    assert answer.status_code == 422 and not _decisions(store)
    for words in ("Choose a reason", "Write the question for the officer", "2,000 is the most"):
        assert words in answer.text
    assert html.escape("<b>kept</b>") in answer.text and "<b>kept</b>" not in answer.text
    other = _decide(client, report_id, outcome="keep", reason_keep="other")
    assert other.status_code == 422 and "Write the other reason in the note" in other.text
    assert "Choose what to do" in _decide(client, report_id, outcome="nonsense").text
    assert _decide(client, report_id, key="").status_code == 422
    assert _decide(client, report_id, note="\0").status_code == 422
    assert not _decisions(store)


def test_without_the_token_nothing_happens(
    client: TestClient, sign_in: SignIn, keep: Keep, store: Store, stalked: str
) -> None:
    report_id = keep("R1", stalked)
    sign_in()
    for path in ("decision", "draft", "withdraw", "claim", "release", "export"):
        assert client.post(f"/reports/{report_id}/{path}", data={"token": "0" * 64}).status_code == 403, path
    assert client.post("/next").status_code == 403 and client.post("/content-note").status_code == 403
    assert not _decisions(store)


def test_who_came_first_is_said_and_the_note_is_carried_on(
    client: TestClient, sign_in: SignIn, keep: Keep, store: Store, stalked: str
) -> None:
    report_id = keep("R1", stalked)
    sign_in()
    version = _fields(client.get(f"/reports/{report_id}").text)["version"]
    _decide(client, report_id)
    sign_in()
    fields = _fields(client.get(f"/reports/{report_id}").text) | {"version": version}
    answer = _decide(
        client,
        report_id,
        fields,
        outcome="record_as_stalking",
        reason_record_as_stalking="breach",
        offence="s4A",
        note="Mine",
    )
    assert answer.status_code == 409 and len(_decisions(store)) == 1
    assert "Your decision was not kept" in answer.text and "Kept as recorded" in answer.text and "Mine" in answer.text
    assert stalked[:30] not in answer.text, "a conflict shows no text of the report"
    kept = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.text.split("/draft")[1]))
    page = client.post(f"/reports/{report_id}/draft", data=kept).text
    assert ">Mine</textarea>" in page and re.search(r'value="breach"[^>]* checked', page)
    assert _fields(page)["version"] != version
    assert _decide(client, report_id, _fields(page)).status_code == 303


def test_a_claim_keeps_others_from_deciding(client: TestClient, sign_in: SignIn, keep: Keep, stalked: str) -> None:
    report_id = keep("R1", stalked)
    sign_in()
    fields = _fields(client.get(f"/reports/{report_id}").text)
    assert client.post(f"/reports/{report_id}/claim", data=fields).status_code == 303
    assert ">Yours<" in client.get("/?assigned=me").text.replace("\n", "").replace("  ", "")
    sign_in()
    page = client.get(f"/reports/{report_id}").text
    assert "is at work on this report until" in page and 'id="decide-form"' not in page
    assert "No report matches" in client.get("/?assigned=me").text
    token = re.search(r'name="token" value="(\w+)"', page)
    assert token and client.post(f"/reports/{report_id}/claim", data={"token": token[1]}).status_code == 409
    none = client.post("/next", data={"token": token[1]}).headers["location"]
    assert "No other report in this list waits for you" in client.get(none).text


def test_not_sure_waits_for_somebody_else(client: TestClient, sign_in: SignIn, keep: Keep, stalked: str) -> None:
    report_id = keep("R1", stalked)
    sign_in()
    assert _decide(client, report_id, outcome="not_sure", reason_not_sure="borderline").status_code == 303
    page = client.get(f"/reports/{report_id}").text
    assert "It waits for somebody else" in page and 'id="decide-form"' not in page
    assert "Assign it to me" not in page
    token = re.search(r'name="token" value="(\w+)"', page)
    assert token and client.post(f"/reports/{report_id}/claim", data={"token": token[1]}).status_code == 409
    first = dict(client.cookies)
    sign_in()
    assert _decide(client, report_id, outcome="not_sure", reason_not_sure="law_unclear").status_code == 303
    second = dict(client.cookies)
    client.cookies.clear()
    client.cookies.update(first)
    page = client.get(f"/reports/{report_id}").text
    assert 'id="decide-form"' not in page, "still not, when another was not sure either"
    client.cookies.clear()
    client.cookies.update(second)
    sign_in()
    assert "R1" in client.get("/?status=second_review").text
    assert _decide(client, report_id).status_code == 303


def test_corrections_are_kept_with_offsets_into_the_text(
    client: TestClient, sign_in: SignIn, keep: Keep, store: Store, stalked: str
) -> None:
    report_id = keep("R1", stalked)
    sign_in()
    page = client.get(f"/reports/{report_id}").text
    marks = len(re.findall(r'id="row-\d+"', page))
    assert marks >= 2
    answer = _decide(
        client,
        report_id,
        wrong=["1"],
        change_mark=["2"],
        change_code=[""],
        change_status=["negated"],
        add_quote=["told   him to stop"],
        add_code=["impact"],
        add_status=["asserted"],
        add_start=[""],
        add_end=[""],
    )
    assert answer.status_code == 303, answer.text
    (row,) = _decisions(store)
    actions = {item["action"]: item for item in row.corrections}
    assert set(actions) == {"removed", "relabelled", "added"}
    added = actions["added"]
    assert stalked[added["start"] : added["end"]] == "told him to stop" and added["code"] == "impact"
    assert actions["relabelled"]["status"] == "negated"
    assert "3 corrections to the marks" in client.get(f"/reports/{report_id}").text


@pytest.mark.parametrize(
    ("added", "says"),
    [
        (Added("he rang", "contact"), "stand 2 times"),
        (Added("she rang", "contact"), "not in the report"),
        (Added("rang twice", ""), "Choose the behaviour"),
        (Added("", "contact", start="5", end="900"), "outside the text"),
    ],
)
def test_words_that_cannot_be_marked_are_explained(added: Added, says: str) -> None:
    text = "At nine he rang. At ten he rang twice."
    _, (fault,) = read_corrections(Draft(added=[added]), text, [])
    assert says in fault.text and fault.field == "add"


def test_a_correction_that_would_be_made_twice_is_explained(
    client: TestClient, sign_in: SignIn, keep: Keep, store: Store, stalked: str
) -> None:
    report_id = keep("R1", stalked)
    sign_in()
    rows = {"add_quote": ["told him to stop"] * 2, "add_code": ["impact"] * 2, "add_status": ["asserted"] * 2}
    answer = _decide(client, report_id, **rows, add_start=["", ""], add_end=["", ""])
    assert answer.status_code == 422 and "carry that behaviour and status already" in answer.text
    rows = {"change_mark": ["1", "1"], "change_code": ["", ""], "change_status": ["negated", "hypothetical"]}
    answer = _decide(client, report_id, **rows)
    assert answer.status_code == 422 and "Mark 1 is changed in two rows" in answer.text
    assert not _decisions(store)


def test_marks_that_cannot_be_changed_are_explained() -> None:
    from test_console_marking import _span

    marks = number([_span("he rang", 0, 7)])
    for draft, says in (
        (Draft(changes=[Change("9", "threat")]), "no mark with the number"),
        (Draft(changes=[Change("1")]), "Choose another"),
        (Draft(changes=[Change("1", "threat")], wrong={1}), "both changed and ticked"),
    ):
        _, (fault,) = read_corrections(draft, "he rang", marks)
        assert says in fault.text and fault.field == "change"
    (correction,), faults = read_corrections(Draft(changes=[Change("1", "", Status.NEGATED)]), "he rang", marks)
    assert not faults and (correction.was, correction.status) == ("contact", Status.NEGATED)


def test_only_an_items_own_readers_read_it(
    client: TestClient, sign_in: SignIn, keep: Keep, store: Store, stalked: str
) -> None:
    report_id = keep("R1", stalked)
    sign_in()
    page = client.get(f"/reports/{report_id}?sample_item={'a' * 32}").text
    assert "A blind reading" not in page, "no sample gives this reader anything to read"
    assert "not yours to make" in _decide(client, report_id, sample_item="a" * 32).json()["detail"]
    assert not _decisions(store)


def test_a_form_that_is_no_text_and_an_address_that_is_no_id_are_refused(
    client: TestClient, sign_in: SignIn, keep: Keep, store: Store, stalked: str
) -> None:
    report_id = keep("R1", stalked)
    sign_in()
    token = _fields(client.get(f"/reports/{report_id}").text)["token"]
    kind = {"Content-Type": "multipart/form-data; boundary=x; charset=utf-7"}
    for name in ("token", "note", "question", "sample_item", "any"):
        body = f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n+2AA-\r\n--x--\r\n'
        for path in (f"/reports/{report_id}/decision", f"/reports/{report_id}/draft", "/next"):
            assert client.post(path, content=body, headers=kind).status_code == 422, name
    for action in ("claim", "release", "withdraw"):
        assert client.post(f"/reports/{'%00' * 32}/{action}", data={"token": token}).status_code == 404
    assert not _decisions(store)


def test_a_session_that_ended_keeps_what_was_typed(
    client: TestClient, sign_in: SignIn, keep: Keep, store: Store, stalked: str, password: str
) -> None:
    report_id = keep("R1", stalked)
    sign_in()
    fields = _fields(client.get(f"/reports/{report_id}").text)
    client.cookies.clear()
    answer = _decide(client, report_id, fields, note="Typed\r\nfor long", wrong=["1"])
    assert answer.status_code == 401 and "what you typed is kept" in answer.text and not _decisions(store)
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.text))
    with store.read() as session:
        actor = session.scalars(select(AuditRow.actor).where(AuditRow.action == "sign_in")).one()
    name = actor.removeprefix("account:")
    entry = {key: html.unescape(value) for key, value in hidden.items()} | {"name": name}
    wrong = client.post("/sign-in", data=entry | {"password": "not it"})
    assert 'name="draft"' in wrong.text, "a wrong password loses nothing either"
    page = client.post("/sign-in", data=entry | {"password": password})
    assert page.status_code == 200 and "You are signed in again" in page.text
    kept = [
        (n, html.unescape(v)) for n, v in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text)
    ]
    body = client.post(f"/reports/{report_id}/draft", data={n: [v for m, v in kept if m == n] for n, _ in kept}).text
    assert "Typed\nfor long</textarea>" in body and re.search(r'name="wrong" value="1"[^>]* checked', body)


def test_the_text_comes_after_the_note_and_each_look_is_on_the_record(
    client: TestClient, sign_in: SignIn, keep: Keep, store: Store, stalked: str
) -> None:
    report_id = keep("R1", stalked)
    sign_in()
    client.cookies.delete("foursight_note")
    page = client.get(f"/reports/{report_id}").text
    assert "Before you open a report" in page and stalked[:20] not in page
    with store.read() as session:
        assert not session.scalars(select(AuditRow).where(AuditRow.subject == report_id)).all()
    assert client.get(f"/reports/{report_id}/export").status_code == 303


def test_an_export_needs_a_purpose_and_is_on_the_record(
    client: TestClient, sign_in: SignIn, keep: Keep, store: Store, stalked: str
) -> None:
    report_id = keep("R1", stalked)
    sign_in()
    token = {"token": _fields(client.get(f"/reports/{report_id}").text)["token"]}
    assert client.post(f"/reports/{report_id}/export", data=token).status_code == 422
    page = client.post(f"/reports/{report_id}/export", data=token | {"purpose": "inspection"}).text
    assert "For an inspection or audit" in page and "fs-no-print" not in page and html.escape(stalked)[:40] in page
    with store.read() as session:
        (entry,) = session.scalars(select(AuditRow).where(AuditRow.action == "report.exported"))
    assert "inspection" in entry.detail and entry.subject == report_id


def test_an_earlier_wording_is_read_and_not_decided(
    client: TestClient, sign_in: SignIn, keep: Keep, stalked: str, quarrel: str
) -> None:
    report_id = keep("R1", quarrel)
    keep("R1", stalked)
    sign_in()
    page = client.get(f"/reports/{report_id}?revision=1").text
    assert "parking space" in page and "has been replaced" in page and 'id="decide-form"' not in page
    assert 'id="decide-form"' in client.get(f"/reports/{report_id}").text
    assert client.get(f"/reports/{report_id}?revision=7").status_code == 404


def test_a_data_scientist_decides_nothing(client: TestClient, sign_in: SignIn, keep: Keep, stalked: str) -> None:
    report_id = keep("R1", stalked)
    sign_in(AccountRole.DATA_SCIENTIST)
    assert client.post(f"/reports/{report_id}/decision").status_code == 403
    assert client.get("/models").status_code == 200


def test_undo_keeps_what_was_chosen_and_written_and_the_report_is_ones_own_again(
    client: TestClient, sign_in: SignIn, keep: Keep, stalked: str
) -> None:
    report_id = keep("R1", stalked)
    sign_in()
    added = {
        "add_quote": "Outside My Work",
        "add_code": "loitering",
        "add_status": "negated",
        "add_start": "",
        "add_end": "",
    }
    page = client.get(_decide(client, report_id, note="Typed for long", wrong=["1"], **added).headers["location"]).text
    notice = page.split('id="done"')[1].split("</form>")[0]
    to = client.post(f"/reports/{report_id}/withdraw", data=dict(re.findall(r'name="(\w+)" value="([^"]*)"', notice)))
    body = client.get(to.headers["location"]).text
    assert "Typed for long</textarea>" in body and "Yours</strong> until" in body
    assert re.search(r'value="keep"[^>]* checked', body) and re.search(r'name="wrong" value="1"[^>]* checked', body)
    assert 'value="outside my work"' in body, "as it stands in the text, whatever the capitals that were typed"
    assert "Typed for long</textarea>" not in client.get(f"/reports/{report_id}").text


def test_a_reason_of_section_4a_goes_with_section_4a(
    client: TestClient, sign_in: SignIn, keep: Keep, store: Store, stalked: str
) -> None:
    report_id = keep("R1", stalked)
    sign_in()
    chosen = {"outcome": "record_as_stalking", "reason_record_as_stalking": "fear_or_distress"}
    answer = _decide(client, report_id, offence="s2A", **chosen)
    assert answer.status_code == 422 and "choose section 4A" in answer.text and not _decisions(store)
    assert _decide(client, report_id, offence="s4A", **chosen).status_code == 303


def test_what_one_has_taken_comes_before_anything_new(
    client: TestClient, sign_in: SignIn, keep: Keep, stalked: str
) -> None:
    first, second, third = (keep(f"R{n}", stalked) for n in (1, 2, 3))
    sign_in()
    token = _fields(client.get(f"/reports/{third}").text)["token"]
    assert client.post(f"/reports/{third}/claim", data={"token": token}).status_code == 303
    onward = _decide(client, first).headers["location"]
    assert onward.startswith(f"/reports/{third}?"), "taken earlier, not decided yet"
    assert _decide(client, third).headers["location"].startswith(f"/reports/{second}?")

"""Claim, next, decide, withdraw, history, on both databases: who may, what stands, and what two people at once get."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from models.assessor import Assessor
from models.contracts import Assessment, Report
from nlp.taxonomy import Offence, RecordedOffence, Suggestion
from service import audit, auth
from service.audit import COMMAND_LINE
from service.auth import Identity
from service.decisions import Conflict, DecisionIn, NoReport, Refused, ReviewStatus, Why
from service.policy import AccountRole
from service.reviewing import claim, decide, history, live_claim, next_report, release, withdraw
from service.reviewing_export import decided
from service.reviewing_queue import Assigned, Band, Filters, Sort, queue
from service.store import Store
from service.store.reports import keep_assessment, keep_report
from service.store.tables import AuditRow, ReportRow, SampleItemRow, SampleRow

NOW = datetime(2026, 6, 4, 9, tzinfo=UTC)
Decide = Callable[..., DecisionIn]


@pytest.fixture(scope="session")
def read(reader: Assessor, stalked_once: str) -> Assessment:
    """One assessment of the shipped bundle, for reports that need any."""
    return reader.assess(Report(reference="x", text=stalked_once))


@pytest.fixture(scope="session")
def stalked_once() -> str:
    return "My ex waits outside my work every night. I told him to stop and he texts me from new numbers."


@pytest.fixture
def people(any_store: Store, monkeypatch: pytest.MonkeyPatch) -> list[Identity]:
    """Two reviewers and a quality-assurance lead."""
    monkeypatch.setattr(auth, "hash_password", lambda password: "x")
    found = []
    for name, role in (("ann", AccountRole.REVIEWER), ("bob", AccountRole.REVIEWER), ("cat", AccountRole.QA_LEAD)):
        with any_store.write() as session:
            auth.add_account(session, name, role, "long enough password", COMMAND_LINE)
            key = auth.add_personal_key(session, f"{name} key", name, COMMAND_LINE)
        identity = auth.by_key(any_store, key)
        assert identity and identity.account_id and identity.role is role
        found.append(identity)
    return found


def keep_one(
    store: Store,
    read: Assessment,
    text: str,
    reference: str = "A1",
    recorded: RecordedOffence | None = RecordedOffence.HARASSMENT,
    **changes: object,
) -> str:
    with store.write() as session:
        revision, _ = keep_report(session, Report(reference=reference, text=text, recorded_offence=recorded))
        keep_assessment(session, revision.id, read.model_copy(update=changes))
        return revision.report_id


def wish(version: int = 1, outcome: str = "record_as_stalking", **more: object) -> DecisionIn:
    given: dict[str, dict[str, object]] = {
        "record_as_stalking": {"offence": "s2A", "reason": "course_of_conduct"},
        "keep": {"reason": "single_occasion"},
        "ask_officer": {"reason": "occasions_missing", "question": "How often?"},
        "not_sure": {"reason": "borderline"},
    }
    return DecisionIn.model_validate(
        {"outcome": outcome, "expected_version": version, "idempotency_key": uuid.uuid4().hex} | given[outcome] | more
    )


def test_a_decision_is_kept_with_what_was_seen_and_the_same_request_twice_is_one(
    any_store: Store, people: list[Identity], read: Assessment, stalked_once: str
) -> None:
    ann, bob, _ = people
    report_id = keep_one(any_store, read, stalked_once)
    wanted = wish(note="Two “occasions” 🐈")
    with any_store.write() as session:
        first = decide(session, report_id, ann, wanted, NOW)
    with any_store.write() as session:
        again = decide(session, report_id, ann, wanted, NOW + timedelta(hours=1))
    assert (first.id, first.number) == (again.id, again.number)
    with any_store.read() as session:
        found = history(session, report_id)
        row = session.get_one(ReportRow, report_id)
        assert (row.version, row.status) == (2, "decided")
    assert [d.account.name for d in found.decisions] == ["ann"]
    assert found.in_force and found.in_force.assessment_id and found.in_force.decided_at == NOW
    with pytest.raises(Conflict) as caught, any_store.write() as session:
        decide(session, report_id, ann, wanted.model_copy(update={"note": "Another"}), NOW)
    assert caught.value.why is Why.KEY_REUSED
    with pytest.raises(Conflict) as caught, any_store.write() as session:
        decide(session, report_id, bob, wish(1, "keep"), NOW)
    assert (caught.value.why, caught.value.who, caught.value.when) == (Why.DECIDED, "ann", NOW)
    assert caught.value.version == 2
    with any_store.write() as session:
        revised = decide(session, report_id, bob, wish(2, "keep"), NOW)
    assert revised.supersedes == first.id
    assert audit.verify(any_store).whole
    with pytest.raises(NoReport), any_store.write() as session:
        decide(session, "0" * 32, ann, wish(), NOW)


def test_a_claim_keeps_others_out_until_it_expires(
    any_store: Store, people: list[Identity], read: Assessment, stalked_once: str
) -> None:
    ann, bob, _ = people
    report_id = keep_one(any_store, read, stalked_once)
    with any_store.write() as session:
        held = claim(session, report_id, ann, NOW)
        assert held.expires_at == NOW + timedelta(minutes=15)
    for attempt in (
        lambda s: claim(s, report_id, bob, NOW),
        lambda s: decide(s, report_id, bob, wish(), NOW),
    ):
        with pytest.raises(Conflict) as caught, any_store.write() as session:
            attempt(session)
        assert (caught.value.why, caught.value.who) == (Why.CLAIMED, "ann")
        assert caught.value.when == NOW + timedelta(minutes=15)
    with any_store.write() as session:
        assert not release(session, report_id, bob)
        assert next_report(session, bob, Filters(), NOW) is None
        claim(session, report_id, ann, NOW + timedelta(minutes=10))
    later = NOW + timedelta(minutes=24)
    with any_store.read() as session:
        found = live_claim(session, report_id, later)
        assert found and found.account.name == "ann"
        assert queue(session, Filters(assigned=Assigned.ME), 1, 10, ann.account_id, later).total == 1
        assert queue(session, Filters(assigned=Assigned.NONE), 1, 10, ann.account_id, later).total == 0
        assert queue(session, Filters(assigned=Assigned.ANYONE), 1, 10, bob.account_id, later).items[0].claimed_by
    with any_store.write() as session:
        taken = next_report(session, bob, Filters(), NOW + timedelta(minutes=25))
        assert taken and (taken.report_id, taken.account_id) == (report_id, bob.account_id)
        assert release(session, report_id, bob)
        claim(session, report_id, bob, NOW)
        decide(session, report_id, bob, wish(), NOW)
        assert live_claim(session, report_id, NOW) is None


def test_not_sure_goes_to_somebody_else(
    any_store: Store, people: list[Identity], read: Assessment, stalked_once: str
) -> None:
    ann, bob, cat = people
    report_id = keep_one(any_store, read, stalked_once)
    with any_store.write() as session:
        decide(session, report_id, ann, wish(1, "not_sure"), NOW)
        assert session.get_one(ReportRow, report_id).status == "second_review"
        assert next_report(session, ann, Filters(), NOW) is None
    with pytest.raises(Conflict) as caught, any_store.write() as session:
        decide(session, report_id, ann, wish(2), NOW)
    assert caught.value.why is Why.SECOND_REVIEW
    with pytest.raises(Conflict) as caught, any_store.write() as session:
        claim(session, report_id, ann, NOW)
    assert caught.value.why is Why.SECOND_REVIEW, "she would only keep others from it"
    with any_store.write() as session:
        taken_back = withdraw(session, report_id, ann, 2, "withdraw-1", NOW)
        assert withdraw(session, report_id, ann, 2, "withdraw-1", NOW).id == taken_back.id
        assert next_report(session, ann, Filters(), NOW) is not None
        decide(session, report_id, ann, wish(3, "not_sure"), NOW)
    with any_store.write() as session:
        assert next_report(session, bob, Filters(), NOW) is not None
        decide(session, report_id, bob, wish(4, "not_sure"), NOW)
        assert next_report(session, bob, Filters(), NOW) is None
        assert next_report(session, cat, Filters(), NOW) is not None
        decide(session, report_id, cat, wish(5, "keep"), NOW)
    with any_store.read() as session:
        found = history(session, report_id)
    assert [(d.account.name, d.outcome) for d in found.decisions] == [
        ("ann", "not_sure"),
        ("ann", "withdrawn"),
        ("ann", "not_sure"),
        ("bob", "not_sure"),
        ("cat", "keep"),
    ]


def test_undo_brings_back_what_stood_before(
    any_store: Store, people: list[Identity], read: Assessment, stalked_once: str
) -> None:
    ann, bob, _ = people
    report_id = keep_one(any_store, read, stalked_once)
    with any_store.write() as session:
        decide(session, report_id, ann, wish(1, "ask_officer"), NOW)
        decide(session, report_id, bob, wish(2), NOW)
    with pytest.raises(Refused), any_store.write() as session:
        withdraw(session, report_id, ann, 3, "withdraw-1", NOW)
    with any_store.write() as session:
        withdraw(session, report_id, bob, 3, "withdraw-2", NOW)
        row, found = session.get_one(ReportRow, report_id), history(session, report_id)
        assert row.status == "asked" and found.in_force and found.in_force.account.name == "ann"
        withdraw(session, report_id, ann, 4, "withdraw-3", NOW)
        assert (row.status, history(session, report_id).in_force) == ("waiting", None)


def test_a_new_wording_waits_again_and_one_who_read_the_old_is_told(
    any_store: Store, people: list[Identity], read: Assessment, stalked_once: str
) -> None:
    ann, _, _ = people
    report_id = keep_one(any_store, read, stalked_once)
    with any_store.write() as session:
        decide(session, report_id, ann, wish(1, "ask_officer"), NOW)
    keep_one(any_store, read, f"{stalked_once} It has been going on since March.")
    with any_store.read() as session:
        assert session.get_one(ReportRow, report_id).status == "waiting"
    with pytest.raises(Conflict) as caught, any_store.write() as session:
        decide(session, report_id, ann, wish(2), NOW)
    assert (caught.value.why, caught.value.who, caught.value.version) == (Why.CHANGED, "", 3)


def test_a_reading_within_a_sample_leaves_the_queue_alone(
    any_store: Store, people: list[Identity], read: Assessment, stalked_once: str
) -> None:
    ann, bob, _ = people
    report_id = keep_one(any_store, read, stalked_once)
    with any_store.write() as session:
        for who in (ann, bob):
            decide(session, report_id, who, wish(1, "keep", sample_item_id="s1", blind=True), NOW)
        row = session.get_one(ReportRow, report_id)
        assert (row.version, row.status) == (1, "waiting")
        found = history(session, report_id)
        assert len(found.decisions) == 2 and found.in_force is None


def test_what_a_sample_settles_as_stalking_waits_for_a_second_review(
    any_store: Store, people: list[Identity], read: Assessment, stalked_once: str
) -> None:
    one, two, three = (person.account_id for person in people)
    yes, no = "record_as_stalking", "keep"
    cases = [(yes, yes), (yes, no), (yes, no, yes), (no, yes, no), (no, no)]
    with any_store.write() as session:
        sample = SampleRow(
            name="s", plan={}, strata=[], drawn_by="x", reader_one=one, reader_two=two, reader_three=three
        )
        session.add(sample)
        session.flush()
    for number, said in enumerate(cases):
        report_id = keep_one(any_store, read, stalked_once, f"A{number}")
        with any_store.write() as session:
            decide(session, report_id, people[0], wish(1, "keep"), NOW)
            report = session.get_one(ReportRow, report_id)
            more = {"number": number, "stratum": 0, "flagged": False, "groups": {}}
            item = SampleItemRow(sample_id=sample.id, report_id=report_id, revision_id=report.revisions[0].id, **more)
            session.add(item)
            session.flush()
            for person, outcome in zip(people, said, strict=False):
                assert (report.status, report.version) == ("decided", 2), "not before it is settled"
                decide(session, report_id, person, wish(2, outcome, sample_item_id=item.id, blind=True), NOW)
    with any_store.write() as session:
        waits = Filters(status=ReviewStatus.SECOND_REVIEW)
        assert [i.reference for i in queue(session, waits, 1, 10, one, NOW).items] == ["A0", "A2"]
        assert next_report(session, people[0], waits, NOW) is None, "who decided on it is no second reviewer"
        taken = next_report(session, people[1], waits, NOW)
        assert taken is not None
        decide(session, taken.report_id, people[1], wish(2), NOW)
        found = session.query(AuditRow).filter(AuditRow.action == "report.found_in_sample").count()
        assert (found, session.get_one(ReportRow, taken.report_id).status) == (2, "decided")


def test_corrections_must_fit_the_text_and_its_evidence(
    any_store: Store, people: list[Identity], read: Assessment, stalked_once: str
) -> None:
    ann = people[0]
    report_id = keep_one(any_store, read, stalked_once)
    evidence = read.evidence[0]
    where = {"start": evidence.start, "end": evidence.end}
    fits = [
        {"action": "relabelled", "code": "watching", "status": "negated", "was": evidence.code, **where},
        {"action": "added", "code": "impact", "start": 0, "end": 5, "quote": "My ex"},
    ]
    added = {"action": "added", "code": "impact", "start": 0, "end": 5}
    misfits: list[tuple[dict[str, object], str]] = [
        ({"action": "removed", "code": "violence", **where}, "1.code: no such span"),
        ({"action": "removed", "code": evidence.code, "start": 1, "end": 2}, "1.start: no such span"),
        ({"action": "relabelled", "code": "impact", "was": "violence", **where}, "1.was: no such span"),
        (added | {"end": 5000}, "1.end: it is after the end of the text"),
        (added | {"start": 5, "end": 10, "quote": "My ex"}, "1.quote: the text does not say that"),
        (added, "1.start: these words are marked so already"),
    ]
    for misfit, message in misfits:
        with pytest.raises(Refused, match=f"corrections.{message}") as caught, any_store.write() as session:
            decide(session, report_id, ann, wish(corrections=[added, misfit]), NOW)
        assert "My ex" not in str(caught.value)
    with any_store.write() as session:
        row = decide(session, report_id, ann, wish(corrections=fits), NOW)
        assert [c["action"] for c in row.corrections] == ["relabelled", "added"]
        assert stalked_once[:5] not in str(row.corrections), "the quotation is compared and not kept"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"offence": None}, "needs the offence"),
        ({"reason": "mutual"}, "the reason is not one of"),
        ({"reason": "other"}, "needs a note"),
        ({"question": "Why?"}, "ask_officer only"),
        ({"note": "a\0b"}, "NUL"),
        ({"note": "a" * 2001}, "2000 characters"),
        ({"idempotency_key": "short"}, "8 characters"),
        ({"corrections": [{"action": "added", "code": "nonsense", "start": 0, "end": 1}]}, "no such code"),
        ({"corrections": [{"action": "added", "code": "threat", "start": 3, "end": 3}]}, "end must be after start"),
    ],
)
def test_a_decision_that_does_not_hang_together_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        wish(**{"version": 1, **changes})  # type: ignore[arg-type]


def test_the_queue_filters_counts_and_sorts(
    any_store: Store, people: list[Identity], read: Assessment, stalked_once: str
) -> None:
    ann = people[0]
    cases: list[tuple[str, RecordedOffence | None, float, Suggestion, Offence]] = [
        ("a", RecordedOffence.HARASSMENT, 0.9, Suggestion.REVIEW, Offence.S2A),
        ("b", None, 0.6, Suggestion.ASK, Offence.NONE),
        ("c", RecordedOffence.HARASSMENT, 0.1, Suggestion.NO_CHANGE, Offence.NONE),
        ("d", RecordedOffence.STALKING, 0.95, Suggestion.REVIEW, Offence.S2A),
        ("e", RecordedOffence.STALKING, 0.2, Suggestion.NO_CHANGE, Offence.NONE),
    ]
    for reference, recorded, probability, suggestion, offence in cases:
        keep_one(
            any_store, read, stalked_once, reference, recorded,
            probability=probability, suggestion=suggestion, offence=offence,
        )  # fmt: skip

    with any_store.read() as session:

        def listed(**filters: object) -> list[str]:
            wanted = Filters(**filters)  # type: ignore[arg-type]
            return [i.reference for i in queue(session, wanted, 1, 10, ann.account_id, NOW).items]

        assert listed() == ["a", "b", "c", "d"]
        assert listed(apart=True) == ["e"]
        assert listed(band=Band.MEDIUM) == ["b"]
        assert listed(relationship=read.relationship) == ["a", "b", "c", "d"]
        assert listed(recorded=RecordedOffence.HARASSMENT) == ["a", "c"]
        assert listed(suggestion=Suggestion.REVIEW) == ["a", "d"]
        for sort in Sort:  # the second half is read from the other end
            whole = queue(session, Filters(sort=sort), 1, 10, ann.account_id, NOW).items
            for size in (1, 3):
                pages = [queue(session, Filters(sort=sort), n, size, ann.account_id, NOW) for n in range(1, 9)]
                assert [i.id for page in pages[: pages[0].pages] for i in page.items] == [i.id for i in whole]
                assert pages[-1] == pages[pages[0].pages - 1], "a page beyond the last gives the last"
        assert listed(reference="%") == [] and listed(reference="b") == ["b"] == listed(reference="B")
        today = datetime.now(UTC).date()
        assert listed(reported_from=today + timedelta(days=2)) == []
        assert listed(reported_from=today - timedelta(days=2), reported_to=today + timedelta(days=2), sort=Sort.NEWEST)
        page = queue(session, Filters(band=Band.HIGH), 1, 10, ann.account_id, NOW)
        assert page.total == 2 and list(page.bands.values()) == [2, 1, 0, 1]
    taken = []
    with any_store.write() as session:
        while (got := next_report(session, ann, Filters(), NOW)) is not None:
            taken.append(session.get_one(ReportRow, got.report_id).reference)
    assert taken == ["a", "b", "c"], "what is recorded as stalking is no suggestion"


def test_decisions_in_force_are_ready_to_learn_from(
    any_store: Store, people: list[Identity], read: Assessment, stalked_once: str
) -> None:
    ann, bob, _ = people
    first, second, third = (keep_one(any_store, read, stalked_once, name) for name in ("A", "B", "C"))
    span = read.evidence[0]
    with any_store.write() as session:
        decide(session, first, ann, wish(1, "keep"), NOW)
        drop = {"action": "removed", "code": span.code, "start": span.start, "end": span.end}
        decide(session, first, bob, wish(2, corrections=[drop]), NOW + timedelta(days=1))
        decide(session, second, ann, wish(1), NOW)
        withdraw(session, second, ann, 2, "withdraw-1", NOW)
        decide(session, third, ann, wish(1, "ask_officer"), NOW)
        decide(session, third, bob, wish(2, "keep", sample_item_id="s"), NOW)
    with any_store.read() as session:
        found = list(decided(session))
        assert [d.reference for d in decided(session, NOW + timedelta(hours=1))] == ["A"]
    assert [(d.reference, d.outcome) for d in found] == [("A", "record_as_stalking"), ("C", "ask_officer")]
    assert (len(found[0].evidence), found[0].corrections) == (len(read.evidence) - 1, 1)
    assert all(d.text[e.start : e.end] == e.quote for d in found for e in d.evidence)
    assert found[0].reviewer != found[1].reviewer and "bob" not in found[0].reviewer

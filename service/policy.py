"""Who may do what: one table, route by route. A route that is not in it is closed to everyone.

``service.access.enforce`` reads it for every request; tests/service/test_policy_table.py walks every route and role.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AccountRole(StrEnum):
    """The roles of the design. A recording system holds keys only and cannot sign in."""

    RECORDING_SYSTEM = "recording_system"
    REVIEWER = "reviewer"
    QA_LEAD = "qa_lead"
    DATA_SCIENTIST = "data_scientist"
    ADMINISTRATOR = "administrator"


ROLE_PLAIN: dict[AccountRole, str] = {
    AccountRole.RECORDING_SYSTEM: "Recording system",
    AccountRole.REVIEWER: "Crime-recording reviewer",
    AccountRole.QA_LEAD: "Quality-assurance lead",
    AccountRole.DATA_SCIENTIST: "Data scientist",
    AccountRole.ADMINISTRATOR: "Administrator",
}


class Via(StrEnum):
    """How a caller proves who it is."""

    OPEN = "open"
    KEY = "key"
    SESSION = "session"


@dataclass(frozen=True)
class Rule:
    via: Via
    roles: frozenset[AccountRole] = frozenset()


_OPEN = Rule(Via.OPEN)
_ANY_PERSON = Rule(Via.SESSION, frozenset(AccountRole) - {AccountRole.RECORDING_SYSTEM})
_RECORDS = Rule(Via.KEY, frozenset({AccountRole.RECORDING_SYSTEM}))
# Over the API with a person's own key (foursight keys add NAME --person).
_REVIEWS = Rule(Via.KEY, frozenset({AccountRole.REVIEWER, AccountRole.QA_LEAD}))
_READS_REPORTS = Rule(Via.SESSION, frozenset({AccountRole.REVIEWER, AccountRole.QA_LEAD}))
_DECIDES = Rule(Via.SESSION, frozenset({AccountRole.REVIEWER, AccountRole.QA_LEAD}))
# Quality assurance: plans, draws and results of samples. Reviewers read what is assigned to them.
_ASSURES = Rule(Via.SESSION, frozenset({AccountRole.QA_LEAD}))
_MEASURES = Rule(Via.SESSION, frozenset({AccountRole.DATA_SCIENTIST, AccountRole.QA_LEAD, AccountRole.REVIEWER}))
_ASSESSES = Rule(Via.KEY, frozenset({AccountRole.RECORDING_SYSTEM, AccountRole.DATA_SCIENTIST}))
# Systems that run the service: monitoring, and the job that brings a new model.
_OPERATES = Rule(Via.KEY, frozenset({AccountRole.ADMINISTRATOR}))
_ADMINISTERS = Rule(Via.SESSION, frozenset({AccountRole.ADMINISTRATOR}))

POLICY: dict[tuple[str, str], Rule] = {
    ("GET", "/healthz"): _OPEN,
    ("GET", "/readyz"): _OPEN,
    ("GET", "/openapi.json"): _OPEN,
    ("GET", "/docs"): _OPEN,
    ("GET", "/metrics"): _OPERATES,
    ("GET", "/v1/model"): Rule(Via.KEY, _ASSESSES.roles | _OPERATES.roles),
    ("POST", "/v1/model/reload"): _OPERATES,
    ("POST", "/v1/assess"): _ASSESSES,
    ("POST", "/v1/assess/batch"): _ASSESSES,
    ("POST", "/v1/reports"): _RECORDS,
    ("POST", "/v1/reports/batch"): _RECORDS,
    ("GET", "/v1/decisions"): _RECORDS,
    ("GET", "/v1/queue"): _REVIEWS,
    ("POST", "/v1/queue/next"): _REVIEWS,
    ("GET", "/v1/reasons"): _REVIEWS,
    ("GET", "/v1/reports/{report_id}"): _REVIEWS,
    ("POST", "/v1/reports/{report_id}/claim"): _REVIEWS,
    ("DELETE", "/v1/reports/{report_id}/claim"): _REVIEWS,
    ("POST", "/v1/reports/{report_id}/decisions"): _REVIEWS,
    ("POST", "/v1/reports/{report_id}/withdrawals"): _REVIEWS,
    ("GET", "/v1/reports/{report_id}/history"): _REVIEWS,
    ("GET", "/sign-in"): _OPEN,
    ("POST", "/sign-in"): _OPEN,
    ("POST", "/sign-in/go-on"): _OPEN,
    ("GET", "/sign-in/oidc"): _OPEN,
    ("GET", "/sign-in/oidc/callback"): _OPEN,
    ("POST", "/sign-out"): _ANY_PERSON,
    ("GET", "/account"): _ANY_PERSON,
    ("POST", "/account/password"): _ANY_PERSON,
    ("POST", "/account/sessions"): _ANY_PERSON,
    ("GET", "/guide"): _ANY_PERSON,
    ("GET", "/models"): _MEASURES,
    ("GET", "/"): _READS_REPORTS,
    ("GET", "/recorded-as-stalking"): _READS_REPORTS,
    ("GET", "/suggested"): _READS_REPORTS,
    ("GET", "/reports/{report_id}"): _READS_REPORTS,
    ("POST", "/content-note"): _READS_REPORTS,
    ("GET", "/reports/{report_id}/export"): _READS_REPORTS,
    ("POST", "/reports/{report_id}/export"): _READS_REPORTS,
    ("POST", "/next"): _DECIDES,
    ("POST", "/reports/{report_id}/decision"): _DECIDES,
    ("POST", "/reports/{report_id}/draft"): _DECIDES,
    ("POST", "/reports/{report_id}/withdraw"): _DECIDES,
    ("POST", "/reports/{report_id}/claim"): _DECIDES,
    ("POST", "/reports/{report_id}/release"): _DECIDES,
    ("GET", "/samples"): _READS_REPORTS,
    ("POST", "/samples"): _ASSURES,
    ("GET", "/samples/new"): _ASSURES,
    ("GET", "/samples/{sample_id}"): _ASSURES,
    ("GET", "/samples/{sample_id}/summary"): _ASSURES,
    ("GET", "/samples/{sample_id}/estimates.csv"): _ASSURES,
    ("GET", "/audit"): _ADMINISTERS,
}

# Folders of files anyone may fetch: stylesheets and scripts, nothing about a report.
OPEN_MOUNTS: frozenset[str] = frozenset({"/static"})


def home(role: AccountRole) -> str:
    """Where a person lands after signing in: the first page that their role may see."""
    if role in _READS_REPORTS.roles:
        return "/"
    if role in _MEASURES.roles:
        return "/models"
    return "/audit" if role in _ADMINISTERS.roles else "/account"

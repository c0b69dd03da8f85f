"""The matrix lines of clients' pages, and of the page of people that partners have as well."""

from tests.portal.asks import Ask, Builder, Ids, alarm, platform_rule

CANDIDATE = "/client/candidates/{candidate_id}"


def _plain(path: str, form: dict[str, str] | None = None) -> Builder:
    return lambda _ids: Ask(path=path, form=form)


def _candidate(rest: str = "", form: dict[str, str] | None = None) -> Builder:
    """Return an example about a candidate where clients decide themselves."""

    def ask(ids: Ids) -> Ask:
        id = ids.stage.own_decision(ids.stage.cast.site, rest.strip("/") or "approve")
        return Ask(path=f"/client/candidates/{id}{rest}", form=form)

    return ask


def _colleague(root: str, home: str, verb: str) -> Builder:
    return lambda ids: Ask(
        path=f"{root}/{ids.stage.colleagues[home]}/{verb}", form={"email": "somebody@example.com"}
    )


def _people(root: str, home: str) -> dict[str, Builder]:
    return {
        f"GET {root}": _plain(root),
        f"GET {root}/{{id}}/disable": _colleague(root, home, "disable"),
        f"POST {root}": _plain(root, {"email": "new@example.com", "role": "viewer"}),
        **{
            f"POST {root}/{{id}}/{verb}": _colleague(root, home, verb)
            for verb in ("invitation", "link", "sign-out", "disable", "enable")
        },
    }


PAGES: dict[str, Builder] = {
    "GET /client/healing": _plain("/client/healing"),
    "GET /client/candidates": _plain("/client/candidates"),
    f"GET {CANDIDATE}": _candidate(),
    f"GET {CANDIDATE}/approve": _candidate("/approve"),
    f"POST {CANDIDATE}/approve": _candidate("/approve", {"notes": "Proven."}),
    f"GET {CANDIDATE}/reject": _candidate("/reject"),
    f"POST {CANDIDATE}/reject": _candidate("/reject", {"reason": "Not here."}),
    f"GET {CANDIDATE}/reopen": _candidate("/reopen"),
    f"POST {CANDIDATE}/reopen": _candidate("/reopen", {"reason": "It is mended."}),
    f"GET {CANDIDATE}/forward": _candidate("/forward"),
    f"POST {CANDIDATE}/forward": _candidate("/forward", {"notes": "Every Monday."}),
    "GET /client/rules": _plain("/client/rules"),
    "POST /client/rules/{id}/alarms/{alarm_id}": alarm("/client/rules", "client"),
    "POST /partner/learning/rules/{id}/alarms/{alarm_id}": alarm(
        "/partner/learning/rules", "partner"
    ),
    "POST /partner/learning/platform-rules/{id}/alarms/{alarm_id}": alarm(
        "/partner/learning/platform-rules", "partner"
    ),
    **platform_rule("/client/rules"),
    **platform_rule("/partner/learning/platform-rules"),
    "GET /partner/learning/platform-rules": _plain("/partner/learning/platform-rules"),
    "GET /client/audit": _plain("/client/audit"),
    "GET /partner/audit": _plain("/partner/audit"),
    "GET /client/shared-learning": _plain("/client/shared-learning"),
    "GET /client/shared-learning/change": _plain("/client/shared-learning/change"),
    "POST /client/shared-learning": _plain("/client/shared-learning", {"contributes": "no"}),
    **_people("/client/people", "client"),
    **_people("/partner/people", "partner"),
}

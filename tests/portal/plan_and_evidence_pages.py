"""The matrix lines of the pages of plans and evidence: the same for partners and clients."""

from tests.portal.asks import Ask, Builder, Ids

ROOTS = ("/partner", "/client")


def _plan(root: str, verb: str, rest: str = "", form: dict[str, str] | None = None) -> Builder:
    return lambda ids: Ask(path=f"{root}/plans/{ids.stage.plans[verb]}{rest}", form=form)


def _evidence(root: str, rest: str = "") -> Builder:
    def ask(ids: Ids) -> Ask:
        filled = rest.format(bundle_id=ids.stage.bundle_id)
        return Ask(path=f"{root}/evidence/{ids.stage.cast.site.id}{filled}")

    return ask


def _list(path: str) -> Builder:
    return lambda _ids: Ask(path=path)


def _key(verb: str, form: dict[str, str] | None = None) -> Builder:
    return lambda ids: Ask(
        path=f"/partner/evidence/{ids.stage.cast.site.id}"
        f"/keys/{ids.stage.evidence_keys[verb == 'refuse']}/{verb}",
        form=form,
    )


PAGES: dict[str, Builder] = {
    "GET /partner/evidence/{id}/keys/{key_id}/{verb}": _key("approve"),
    "POST /partner/evidence/{id}/keys/{key_id}/{verb}": _key("refuse", {"reason": "Unknown."}),
}
for _root in ROOTS:
    PAGES |= {
        f"GET {_root}/plans": _list(f"{_root}/plans"),
        f"GET {_root}/plans/{{id}}": _plan(_root, "approve"),
        f"GET {_root}/plans/{{id}}/approve": _plan(_root, "approve", "/approve"),
        f"POST {_root}/plans/{{id}}/approve": _plan(
            _root, "approve", "/approve", {"notes": "Go on."}
        ),
        f"GET {_root}/plans/{{id}}/reject": _plan(_root, "reject", "/reject"),
        f"POST {_root}/plans/{{id}}/reject": _plan(_root, "reject", "/reject", {"reason": "No."}),
        f"GET {_root}/evidence": _list(f"{_root}/evidence"),
        f"GET {_root}/evidence/{{id}}": _evidence(_root),
        f"GET {_root}/evidence/{{id}}/export": _evidence(_root, "/export"),
        f"GET {_root}/evidence/{{id}}/bundles/{{bundle_id}}": _evidence(
            _root, "/bundles/{bundle_id}"
        ),
    }

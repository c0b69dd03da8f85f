"""Completes /openapi.json: what every route answers when it refuses.

FastAPI describes its own validation answer, which is not ours: each error is a problem document.
"""

import json
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

from flywheel_server.web import problems

_NOT_OURS = ("HTTPValidationError", "ValidationError")
# Where two classes have one name, FastAPI names their schemas by module. Clients are generated from
# these names, so a class that moves keeps the one under which it was published.
_PUBLISHED = {
    "flywheel_server__accounts__views__audit__ChainView": (
        "flywheel_server__api__admin_audit__ChainView"
    ),
    "flywheel_server__accounts__views__keys__KeyView": (
        "flywheel_server__api__admin_keys__KeyView"
    ),
    "flywheel_server__evidence__routes__evidence__ChainView": (
        "flywheel_server__api__evidence__ChainView"
    ),
    "flywheel_server__evidence__routes__evidence_figures__DayView": (
        "flywheel_server__api__evidence_figures__DayView"
    ),
    "flywheel_server__evidence__routes__evidence_keys__KeyView": (
        "flywheel_server__api__evidence_keys__KeyView"
    ),
    "flywheel_server__learning__views__candidates__DecidedView": (
        "flywheel_server__api__learning_views__DecidedView"
    ),
    "flywheel_server__learning__views__details__DayView": (
        "flywheel_server__api__partner_learning__DayView"
    ),
    "flywheel_server__learning__views__promoted_rules__PromotedRule": (
        "flywheel_server__api__partner_decisions__PromotedRule"
    ),
    "flywheel_server__overview__routes__operator_overview__DecidedView": (
        "flywheel_server__api__admin_overview__DecidedView"
    ),
    "flywheel_server__overview__routes__operator_overview__FunnelView": (
        "flywheel_server__api__admin_overview__FunnelView"
    ),
    "flywheel_server__plans__routes__operator_plans__DayView": (
        "flywheel_server__api__admin_plans__DayView"
    ),
    "flywheel_server__plans__routes__operator_plans__FunnelView": (
        "flywheel_server__api__admin_plans__FunnelView"
    ),
    "flywheel_server__rules__routes__agent_sync__PromotedRule": (
        "flywheel_server__api__agent_sync__PromotedRule"
    ),
    "flywheel_server__rules__views__deliveries__DeliveryView": (
        "flywheel_server__api__deliveries__DeliveryView"
    ),
    "flywheel_server__rules__views__rules__SuccessView": (
        "flywheel_server__api__admin_rules__SuccessView"
    ),
    "flywheel_server__web__keysets__Listing_DeliveryView___1": (
        "flywheel_server__api__pages__Listing_DeliveryView___1"
    ),
    "flywheel_server__web__keysets__Listing_DeliveryView___2": (
        "flywheel_server__api__pages__Listing_DeliveryView___2"
    ),
    "flywheel_server__web__rates__SuccessView": (
        "flywheel_server__api__learning_views__SuccessView"
    ),
    "flywheel_server__webhooks__views__DeliveryView": (
        "flywheel_server__api__webhook_views__DeliveryView"
    ),
}


class Problem(BaseModel):
    """A problem document (RFC 9457); docs/problems.md lists every type."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="Which problem.", examples=["urn:flywheel:problem:not-found"])
    title: str = Field(description="The same for each problem of this type.")
    status: int = Field(description="The HTTP status.", examples=[404])
    detail: str | None = Field(
        default=None,
        description="What to do about it.",
        examples=["No candidate has this id: take one from the list."],
    )


def install(app: FastAPI) -> None:
    """Have ``app`` describe problem documents instead of FastAPI's validation errors."""
    described = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = _renamed(described())
            _complete(document)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _renamed(document: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(document)
    for name, published in _PUBLISHED.items():
        text = text.replace(f'"{name}"', f'"{published}"').replace(f'/{name}"', f'/{published}"')
    renamed: dict[str, Any] = json.loads(text)
    components = renamed["components"]
    components["schemas"] = dict(sorted(components["schemas"].items()))
    return renamed


def _complete(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for name in _NOT_OURS:
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema()
    content = {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = {
                "description": "Refused: a problem document says why and what to do.",
                "content": content,
            }

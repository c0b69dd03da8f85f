"""Settings, read once from the environment and passed down as a value.

Every variable is named ``FLYWHEEL_…`` and documented in ``docs/settings.md``; a law compares both.
"""

import ipaddress
from collections.abc import Iterable
from difflib import get_close_matches
from email.utils import formataddr, getaddresses
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from flywheel_server.core import database_urls, errors

# What Compose's file reads beside ours.
_OTHERS = frozenset({"PUBLISH"})
_PREFIX = "FLYWHEEL_"

EVERY_ADDRESS = frozenset({"0.0.0.0", "::", "0", ""})  # noqa: S104 - asked for, not bound


def _trimmed(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def _url(value: object) -> object:
    """Take a URL with space around it or a slash at its end, which mean nothing."""
    return value.strip().rstrip("/") if isinstance(value, str) else value


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _own_port(value: object) -> object:
    """Pass over what Kubernetes sets for a service called `flywheel`: tcp://10.0.0.1:8000."""
    return 8000 if isinstance(value, str) and value.startswith("tcp://") else value


def _readable_url(value: str) -> str:
    database_urls.parse(value)
    return value


def _networks(value: str) -> str:
    """Take addresses and networks with commas between. Raises ValueError for anything else."""
    for each in value.split(","):
        if each.strip():
            ipaddress.ip_network(each.strip())
    return value


def _sender(value: str) -> str:
    """Take an address alone or behind a name: Flywheel <flywheel@example.com>."""
    given = getaddresses([value])
    name, address = given[0] if len(given) == 1 else ("", "")
    local, _, domain = address.rpartition("@")
    if not local or not domain or any(sign.isspace() for sign in address) or "\n" in value:
        raise ValueError("give an address, or a name and an address as in Flywheel <a@example.com>")
    return formataddr((name, address)) if name else address


class Settings(BaseSettings):
    """What can be set from outside. Units are in the names or descriptions."""

    # A variable that is set to nothing is not set: so do Compose and CI pass on what is left out.
    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_ignore_empty=True, frozen=True, extra="ignore"
    )

    host: str = Field(default="127.0.0.1", min_length=1, description="address to listen on")
    port: Annotated[int, BeforeValidator(_own_port)] = Field(
        default=8000, ge=1, le=65_535, description="port to listen on"
    )
    database_url: (
        Annotated[str, BeforeValidator(_trimmed), AfterValidator(_readable_url)] | None
    ) = Field(
        default=None,
        repr=False,
        description="PostgreSQL 18 to use; unset: the embedded one",
    )
    data_dir: Path = Field(
        default=Path(".flywheel"), description="where the embedded PostgreSQL keeps its data"
    )
    app_password: str | None = Field(
        default=None,
        min_length=12,
        repr=False,
        description="`migrate` sets it for the login role flywheel_app",
    )
    loop: bool = Field(
        default=True, description="run the learning loop and send webhooks in this process"
    )
    loop_interval: Annotated[float, Field(ge=0.2, le=3_600)] = Field(
        default=60.0, description="seconds between two turns of the loop"
    )
    pool_size: int = Field(
        default=10, ge=2, le=200, description="database connections for requests"
    )
    writer_pool_size: int = Field(
        default=2, ge=1, le=32, description="database connections that write executions"
    )
    statement_timeout: float = Field(
        default=15.0, ge=1, le=600, description="seconds one statement of a request may take"
    )
    execution_retention_days: int = Field(
        default=400, ge=31, le=36_500, description="days an execution is kept"
    )
    log_retention_days: int = Field(
        default=14, ge=1, le=3_650, description="days an appliance's log lines are kept"
    )
    public_url: Annotated[str, BeforeValidator(_url)] | None = Field(
        default=None,
        pattern=r"^https?://[^/?#\s]+$",
        description="where people reach the server, for links: https://flywheel.example.com",
    )
    insecure_cookies: bool = Field(
        default=False, description="let session cookies travel over plain HTTP, also afar"
    )
    session_idle_hours: float = Field(
        default=12.0, ge=0.1, le=720, description="hours after which an unused session ends"
    )
    session_hours: float = Field(
        default=168.0, ge=0.1, le=8_760, description="hours after which any session ends"
    )
    smtp_url: Annotated[str, BeforeValidator(_trimmed)] | None = Field(
        default=None,
        pattern=r"^smtps?://\S+$",
        repr=False,
        description="mail server for sign-in links: smtp://user:password@host:587",
    )
    mail_from: Annotated[str, AfterValidator(_sender)] = Field(
        default="flywheel@localhost",
        description="sender of the server's mails",
    )
    smtp_allow_plain: bool = Field(
        default=False,
        description="let mails and the password travel unencrypted to another machine",
    )
    telemetry_rate: float = Field(
        default=100.0,
        ge=50,
        le=1_000_000,
        description="requests a second with which a site may send telemetry",
    )
    max_connections: int = Field(
        default=10_000,
        ge=100,
        le=1_000_000,
        description="connections of clients that may be open at once",
    )
    trusted_proxies: Annotated[str, AfterValidator(_networks)] = Field(
        default="127.0.0.1,::1",
        description="whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed: addresses and "
        "networks with commas between",
    )
    signing_secret: str | None = Field(
        default=None,
        min_length=32,
        repr=False,
        description="encrypts the signing key in the database",
    )
    metrics_token: str | None = Field(
        default=None, min_length=16, repr=False, description="bearer token that opens `/metrics`"
    )
    metrics_from: Annotated[str, AfterValidator(_networks)] | None = Field(
        default=None,
        description="who may read `/metrics` without a token: addresses and networks",
    )
    webhook_allow_private: bool = Field(
        default=False, description="let webhooks go to private addresses and over plain HTTP"
    )
    ots_calendars: Annotated[str, BeforeValidator(_url)] | None = Field(
        default=None,
        pattern=r"^https?://[^\s,]+(\s*,\s*https?://[^\s,]+)*$",
        description="OpenTimestamps calendars that evidence is submitted to, with commas between",
    )
    bitcoin_headers: Annotated[str, BeforeValidator(_trimmed)] | None = Field(
        default=None,
        min_length=1,
        description="where Bitcoin block headers come from: a file, or the URL of an Esplora API",
    )
    evidence_batch_minutes: float = Field(
        default=60.0,
        ge=0,
        le=1_440,
        description="minutes between two timestamps of an organization's evidence",
    )
    l2_base_url: Annotated[str, BeforeValidator(_url)] | None = Field(
        default=None,
        pattern=r"^https?://[^\s?#]+$",
        description="an OpenAI-compatible API for plans at L2: https://llm.example.com/v1",
    )
    l2_api_key: str | None = Field(
        default=None, min_length=1, repr=False, description="the bearer key of that API"
    )
    l2_model: str | None = Field(
        default=None, min_length=1, max_length=200, description="the model that is asked for plans"
    )
    l2_timeout: float = Field(
        default=10.0, ge=0.1, le=12, description="seconds one attempt to get a plan may take"
    )
    l2_answer_tokens: int = Field(
        default=500, ge=50, le=16_000, description="tokens an answer of the model may have"
    )
    l2_min_confidence: float = Field(
        default=0.6, ge=0, le=1, description="how sure a planner has to be"
    )
    l2_calls_per_day: int = Field(
        default=200, ge=0, le=1_000_000, description="calls of the model a site may cause in a day"
    )
    l2_usd_per_day: float = Field(
        default=5.0, ge=0, le=100_000, description="US dollars a site's plans may cost in a day"
    )
    l2_input_price: float = Field(
        default=3.0, ge=0, le=10_000, description="US dollars for a million tokens of a question"
    )
    l2_output_price: float = Field(
        default=15.0, ge=0, le=10_000, description="US dollars for a million tokens of an answer"
    )
    l2_cache_seconds: float = Field(
        default=3_600.0,
        ge=0,
        le=604_800,
        description="seconds for which the model's answer holds for the same question of a site",
    )
    plan_approval_hours: float = Field(
        default=4.0, ge=0.01, le=168, description="hours a plan waits for a person's approval"
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)] = (
        Field(default="INFO", description="least severe level that is logged")
    )
    log_format: Annotated[Literal["json", "text"], BeforeValidator(_lower)] = Field(
        default="json", description="`text` for people at a terminal"
    )

    @property
    def calendars(self) -> tuple[str, ...]:
        """Return the calendars, each once."""
        given = (self.ots_calendars or "").split(",")
        return tuple(dict.fromkeys(url.strip().rstrip("/") for url in given if url.strip()))

    @property
    def served_over_https(self) -> bool:
        """Say whether people reach the server over HTTPS."""
        return (self.public_url or "").startswith("https://")

    @property
    def reached_at(self) -> str:
        """Return where people reach the server, without a slash at the end."""
        # No one can open the address that stands for all of a machine's.
        host = "localhost" if self.host in EVERY_ADDRESS else self.host
        host = f"[{host}]" if ":" in host else host
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")


def load() -> Settings:
    """Read the environment. Raises SetupError that names each wrong variable and its remedy."""
    try:
        settings = Settings()
    except ValidationError as error:
        problems = "; ".join(_problem(item) for item in error.errors())
        raise errors.SetupError(
            f"wrong settings: {problems}. See docs/settings.md for what each accepts."
        ) from error
    if settings.l2_base_url is not None and settings.l2_model is None:
        raise errors.SetupError(
            "FLYWHEEL_L2_BASE_URL needs FLYWHEEL_L2_MODEL: name the model, or leave both out"
        )
    return settings


def unknown(names: Iterable[str]) -> dict[str, str | None]:
    """Return each name that looks like a setting and is none, with the one that may be meant."""
    known = {name.upper() for name in Settings.model_fields}
    # The rest of each name, for all begin alike.
    given = {name: name.upper().removeprefix(_PREFIX) for name in sorted(names)}
    return {
        name: next((_PREFIX + near for near in get_close_matches(rest, known, n=1)), None)
        for name, rest in given.items()
        if name.upper() == _PREFIX + rest and rest not in known | _OTHERS
    }


def _problem(item: ErrorDetails) -> str:
    """Say what is wrong with one variable, in words: a pattern means nothing to a reader."""
    name = str(item["loc"][0])
    if item["type"] == "string_pattern_mismatch":
        return f"{_PREFIX}{name.upper()}: give {Settings.model_fields[name].description}"
    return f"{_PREFIX}{name.upper()}: {item['msg'].removeprefix('Value error, ')}"

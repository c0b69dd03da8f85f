"""Reads a database's URL once, for every connection that is made: pools, listener, migrations.

The grammar is libpq's. Whatever is wrong is refused without a word of the URL's user or password.
"""

import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlencode

from flywheel_server.core import errors

_SCHEME = re.compile(r"postgres(?:ql)?://", re.IGNORECASE)
_ESCAPE_BROKEN = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.%\w]+\]|[^:\[\]]*)(?::(?P<port>[0-9]*))?")
_PORT = 5432
_MOST_PORT = 65_535
# All hosts together: less than a request waits for a connection.
_CONNECT_SECONDS = 4.0
_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
# What the driver itself reads from a URL.
_DRIVERS = frozenset(
    {
        *_FILES,
        "sslmode",
        "sslpassword",
        "sslnegotiation",
        "ssl_min_protocol_version",
        "ssl_max_protocol_version",
    }
)
# What libpq knows and means nothing here: keepalives are set on the server's side, and the driver
# always names the host in its TLS greeting.
_IDLE = frozenset(
    {
        "keepalives",
        "keepalives_idle",
        "keepalives_interval",
        "keepalives_count",
        "tcp_user_timeout",
        "client_encoding",
        "fallback_application_name",
        "sslcompression",
        "sslsni",
        "load_balance_hosts",
    }
)
# What would be less safe than asked for if it was passed over.
_ELSEWHERE = frozenset({"gssencmode", "channel_binding"})
_NOT_TAKEN = frozenset(
    {"hostaddr", "service", "servicefile", "requirepeer", "require_auth", "requiressl"}
)
_MAY_HOLD_AT = frozenset({"user", "password"})
_ENCODE = (
    "FLYWHEEL_DATABASE_URL cannot be read: in its user and password write /, @, : and % as %2F, "
    "%40, %3A and %25, and give it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a database is, and how to get in. Its values hold the password: they are not shown."""

    # Each with its port; a name that starts with a slash is a folder of sockets.
    hosts: tuple[tuple[str, int], ...]
    # Seconds that one host may take.
    seconds: float
    # What the driver's ``connect`` takes for each of them.
    arguments: Mapping[str, Any] = field(repr=False)
    # Session settings that the URL asks for.
    session: Mapping[str, str] = field(repr=False)


def parse(url: str) -> Target:
    """Return what ``url`` says. Raises SetupError with the remedy, and nothing of its secrets."""
    credentials, places, database, query = _parts(url)
    user, _, password = credentials.partition(":")
    said = _parameters(query)
    hosts = _hosts(said.pop("host", None), said.pop("port", None), places)
    arguments: dict[str, Any] = {
        "user": said.pop("user", None) or unquote(user) or None,
        "password": said.pop("password", unquote(password) if ":" in credentials else None),
        "database": _database(said) or unquote(database) or None,
        "target_session_attrs": said.pop("target_session_attrs", None) or _attributes(len(hosts)),
    }
    for name in ("passfile", "krbsrvname", "gsslib"):
        if name in said:
            arguments[name] = said.pop(name)
    arguments |= _tls(said, sockets=all(name.startswith("/") for name, _ in hosts))
    return Target(
        hosts=hosts,
        seconds=_seconds(said.pop("connect_timeout", None), len(hosts)),
        arguments=MappingProxyType(arguments),
        session=MappingProxyType(_session(said)),
    )


def _parts(url: str) -> tuple[str, str, str, str]:
    """Return credentials, hosts, database and query, as they stand in the URL."""
    begun = _SCHEME.match(url)
    if begun is None or _ESCAPE_BROKEN.search(url) or any(sign.isspace() for sign in url):
        raise errors.SetupError(_ENCODE)
    rest = url[begun.end() :]
    # As libpq does: credentials are what stands before the first @, if no slash comes first.
    head, sign, behind = rest.partition("@")
    credentials, rest = (head, behind) if sign and "/" not in head else ("", rest)
    places, query = _split(rest, "?")
    places, database = _split(places, "/")
    if "@" in places or any(sign in database for sign in "/@#"):
        raise errors.SetupError(_ENCODE)
    return credentials, places, database, query


def _split(text: str, sign: str) -> tuple[str, str]:
    before, _, after = text.partition(sign)
    return before, after


def _parameters(query: str) -> dict[str, str]:
    said: dict[str, str] = {}
    for part in filter(None, query.split("&")):
        name, equals, value = part.partition("=")
        # An @ here may end a password that holds a slash: nothing of it may be shown later.
        if not equals or ("@" in part and name not in _MAY_HOLD_AT):
            raise errors.SetupError(_ENCODE)
        if value or name == "password":
            said[unquote(name)] = unquote(value)
    return said


def _database(said: dict[str, str]) -> str | None:
    named = said.pop("dbname", None)
    return said.pop("database", None) or named


def _hosts(names: str | None, ports: str | None, places: str) -> tuple[tuple[str, int], ...]:
    """Return each host with its port; the parameters win over what stands before the path."""
    found: list[tuple[str, int | None]] = [
        (name, None) for name in (names.split(",") if names else [])
    ]
    if not found and places:
        found = [_host(each) for each in places.split(",")]
    if not found:
        given = os.environ.get("PGHOST") or "/run/postgresql,/var/run/postgresql,/tmp,localhost"
        found = [(name, None) for name in given.split(",")]
    each_port = (ports or os.environ.get("PGPORT") or str(_PORT)).split(",")
    if len(each_port) not in {1, len(found)}:
        raise errors.SetupError(
            "FLYWHEEL_DATABASE_URL has more or fewer ports than hosts: name one, or one each"
        )
    each_port *= len(found) if len(each_port) == 1 else 1
    return tuple(
        (name or "localhost", _port(each) if given is None or ports else given)
        for (name, given), each in zip(found, each_port, strict=True)
    )


def _host(place: str) -> tuple[str, int | None]:
    matched = _HOST.fullmatch(place)
    if matched is None:
        raise errors.SetupError(_ENCODE)
    name = unquote(matched["name"].strip("[]"))
    return name, _port(matched["port"]) if matched["port"] else None


def _port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 0 < int(text) <= _MOST_PORT:
        raise errors.SetupError(_ENCODE)
    return int(text)


def _attributes(hosts: int) -> str:
    """Return which of several servers is wanted: this server has to write."""
    return os.environ.get("PGTARGETSESSIONATTRS") or ("read-write" if hosts > 1 else "any")


def _seconds(given: str | None, hosts: int) -> float:
    if given is None:
        return _CONNECT_SECONDS / hosts
    try:
        seconds = float(given)
    except ValueError as error:
        raise errors.SetupError(
            "FLYWHEEL_DATABASE_URL has a connect_timeout that is not a number: give seconds"
        ) from error
    return seconds if seconds > 0 else _CONNECT_SECONDS / hosts


def _tls(said: dict[str, str], *, sockets: bool) -> dict[str, Any]:
    """Return the driver's arguments for TLS. A socket of this machine has none, as in libpq."""
    wanted = {name: said.pop(name) for name in sorted(_DRIVERS & said.keys())}
    if sockets:
        return {"ssl": False, "direct_tls": False, "gsslib": "gssapi"}
    if wanted.get("sslrootcert") == "system":
        if wanted.get("sslmode", "verify-full") != "verify-full":
            raise errors.SetupError(
                "FLYWHEEL_DATABASE_URL has sslrootcert=system: that needs sslmode=verify-full"
            )
        return {"ssl": ssl.create_default_context()}
    for name in _FILES:
        _check_readable(name, wanted.get(name))
    return {"dsn": f"postgresql://?{urlencode(wanted)}"} if wanted else {}


def _check_readable(name: str, file: str | None) -> None:
    if file is None:
        return
    try:
        with Path(file).open("rb"):
            pass
    except OSError as error:
        raise errors.SetupError(
            f"the {name} of FLYWHEEL_DATABASE_URL cannot be read ({error.strerror}: {file})"
        ) from error


def _session(said: dict[str, str]) -> dict[str, str]:
    """Return what is left as session settings, of which the database knows whether they exist."""
    for name in _ELSEWHERE & said.keys():
        if said.pop(name) not in {"prefer", "disable"}:
            raise errors.SetupError(
                f"FLYWHEEL_DATABASE_URL requires {name}, which this server cannot do: leave it "
                "out, and use sslmode=verify-full"
            )
    if unusable := sorted(_NOT_TAKEN & said.keys()):
        raise errors.SetupError(
            f"FLYWHEEL_DATABASE_URL has the parameter {unusable[0]}, which this server does not "
            "take: leave it out"
        )
    return {name: value for name, value in said.items() if name not in _IDLE}

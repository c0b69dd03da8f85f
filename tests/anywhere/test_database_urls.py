"""A URL of a database means the same to every command, and a wrong one tells no secret."""

import pytest

from flywheel_server.core import database_urls, db, errors
from tests.anywhere import commands
from tests.anywhere.conftest import Hosted

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("postgresql://u:p@db.example.com/x", (("db.example.com", 5432),)),
        ("postgres://u:p@db:6432/x", (("db", 6432),)),
        ("POSTGRESQL://u@[::1]:6000/x", (("::1", 6000),)),
        ("postgresql://u@a:1,b:2,c/x", (("a", 1), ("b", 2), ("c", 5432))),
        ("postgresql://u@/x?host=a,b&port=7", (("a", 7), ("b", 7))),
        ("postgresql://u@%2Fvar%2Frun/x", (("/var/run", 5432),)),
        ("postgresql://u@/x?host=/tmp&port=6543", (("/tmp", 6543),)),
        ("postgresql://u:p?q#r:s@db/x", (("db", 5432),)),
    ],
)
def test_hosts_are_read_as_libpq_reads_them(
    url: str, hosts: tuple[tuple[str, int], ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGPORT", raising=False)
    assert database_urls.parse(url).hosts == hosts


def test_credentials_are_decoded_and_parameters_keep_their_plus_signs() -> None:
    target = database_urls.parse(
        "postgresql://me%40corp:p%2Fw%25%3A@h/d%20b?application_name=a+b&options=-c%20jit%3Doff"
    )

    assert target.arguments["user"] == "me@corp"
    assert target.arguments["password"] == "p/w%:"
    assert target.arguments["database"] == "d b"
    assert target.session == {"application_name": "a+b", "options": "-c jit=off"}
    assert "p/w%:" not in repr(target)


def test_of_several_hosts_one_that_writes_is_wanted_and_each_gets_its_share_of_time() -> None:
    one, three = (database_urls.parse(f"postgresql://u@{h}/x") for h in ("a", "a,b,c"))

    assert one.arguments["target_session_attrs"] == "any"
    assert three.arguments["target_session_attrs"] == "read-write"
    assert three.seconds == pytest.approx(one.seconds / 3)
    assert database_urls.parse("postgresql://u@a/x?connect_timeout=9").seconds == 9


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://u:{SECRET}/x@host/db",
        f"postgresql://u:12/{SECRET}@host/db",
        f"postgresql://u:a@{SECRET}@host/db",
        f"postgresql://u:{SECRET}%zz@host/db",
        f"postgresql://u:{SECRET} x@host/db",
        f"postgresql://u:12/x?{SECRET}=1@host/db",
        f"mysql://u:{SECRET}@host/db",
        f"postgresql://u:{SECRET}@host:99999/db",
        f"postgresql://u:{SECRET}@h1,h2/db?port=1,2,3",
        f"postgresql://u:{SECRET}@host/db?connect_timeout=soon",
        f"postgresql://u:{SECRET}@host/db?sslrootcert=/nowhere/ca.pem",
        f"postgresql://u:{SECRET}@host/db?sslrootcert=system&sslmode=require",
        f"postgresql://u:{SECRET}@host/db?channel_binding=require",
        f"postgresql://u:{SECRET}@host/db?service=prod",
    ],
)
@pytest.mark.parametrize(
    "command", [("migrate",), ("serve",), ("operator", "token", "--email=a@b")]
)
def test_a_wrong_url_ends_every_command_with_a_sentence_without_the_password(
    url: str, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Broken by urllib's own errors: "Port could not be cast to integer value as 's3cr3t'"."""
    code, told = commands.run(capsys, *command, database_url=url)

    assert code == 1
    assert told.startswith("flywheel-server: FLYWHEEL_DATABASE_URL ") or "of FLYWHEEL_DATA" in told
    assert len(told.strip().splitlines()) == 1
    assert SECRET not in told


FORMS = {
    "postgres scheme": ("postgres://", ""),
    "sslmode": ("postgresql://", "sslmode=require"),
    "certificate": ("postgresql://", "sslmode=verify-full&sslrootcert={certificate}"),
    "timeout and name": ("postgresql://", "connect_timeout=7&application_name=deploy+job"),
    "keepalives": ("postgresql://", "keepalives=1&keepalives_idle=30&target_session_attrs=any"),
    "options": ("postgresql://", "options=-c%20geqo%3Doff&gssencmode=disable"),
}


@pytest.mark.parametrize("form", FORMS)
def test_migrate_takes_what_managed_databases_give(
    hosted: Hosted, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Broken by SQLAlchemy's reading of the URL: `connect() got an unexpected keyword argument`."""
    scheme, query = FORMS[form]
    place = hosted.tls if "sslmode" in query else hosted.postgres
    address = place.owner_url.removeprefix("postgresql://")
    url = f"{scheme}{address}?{query.format(certificate=hosted.certificate)}"

    code, told = commands.run(capsys, "migrate", database_url=url)

    assert (code, "the schema is at revision" in told) == (0, True), told


def test_migrate_passes_over_a_host_that_is_down(
    hosted: Hosted, capsys: pytest.CaptureFixture[str]
) -> None:
    url = hosted.postgres.owner_url.replace("@127", "@127.0.0.1:1,127")

    code, told = commands.run(capsys, "migrate", database_url=url)

    assert code == 0, told


async def test_the_next_connection_begins_with_the_host_that_answered(hosted: Hosted) -> None:
    url = hosted.postgres.app_url.replace("@127", "@127.0.0.1:1,127")
    dial = db.Dialer(database_urls.parse(url))

    for _ in range(2):
        connection = await dial(session={})
        assert await connection.fetchval("SELECT current_user") == "flywheel_app"
        await connection.close()

    assert dial._place == 1


async def test_sessions_carry_the_name_that_the_url_gives(hosted: Hosted) -> None:
    connection = await db.connect(f"{hosted.postgres.app_url}?application_name=blue+green")

    assert await connection.fetchval("SELECT current_setting('application_name')") == "blue+green"
    assert await connection.fetchval("SELECT current_setting('statement_timeout')") == "15s"
    await connection.close()


async def test_what_is_wrong_with_tls_is_a_sentence(hosted: Hosted) -> None:
    other = hosted.other_certificate
    wrong = {
        f"{hosted.tls.app_url}?sslmode=verify-full&sslrootcert={other}": "failed",
        f"{hosted.tls.app_url}?sslmode=verify-full&sslrootcert=system": "failed",
        hosted.tls.app_url.replace("127.0.0.1", "localhost")
        + f"?sslmode=verify-full&sslrootcert={hosted.certificate}": "failed",
        f"{hosted.postgres.app_url}?sslmode=require": "does not speak TLS",
    }
    for url, word in wrong.items():
        with pytest.raises(errors.SetupError, match=word) as refused:
            await db.connect(url)
        assert "TLS" in str(refused.value)

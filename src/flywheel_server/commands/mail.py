"""The command ``test-mail``: sends as sign-in links are sent, and says what came of it."""

import typer

from flywheel_server import assembly
from flywheel_server.core import clock, db, errors, service_health
from flywheel_server.core.mail import NotSent
from flywheel_server.core.scope import LoopScope
from flywheel_server.core.settings import Settings

_SCOPE = LoopScope(reason="whether mails are taken is the platform's to know")
_TEXT = "This is a test of the mail server that {reached_at} uses. Nothing needs to be done.\n"


async def test(settings: Settings, to: str) -> None:
    """Send a mail. Raises SetupError that says why it was not taken."""
    text = _TEXT.format(reached_at=settings.reached_at)
    try:
        await assembly.mailer_of(settings).send(to, "Test of the mail server", text, clock.now())
    except NotSent as error:
        raise errors.SetupError(f"the mail was not sent: {error}") from error
    typer.echo(f"the mail server took the mail to {to}")


async def end_alarm(url: str) -> None:
    """End the alarm of mails that could not be sent."""
    database = await db.open_database(url, pool_size=1, writer_pool_size=1)
    try:
        async with db.transaction(database, _SCOPE) as connection:
            await service_health.works(connection, "mail")
    finally:
        await database.close()

"""Every error raised on purpose. A class is its docstring: the docstring is the problem's title.

FlywheelError
├── Unauthenticated          401
│   └── BadSignature         401
├── Forbidden                403
│   ├── ForeignSite          403
│   └── NotFromOurPages      403
├── NotFound                 404
├── Conflict                 409
│   ├── AlreadyExists        409
│   ├── AlreadyDecided       409
│   ├── NotEligible          409
│   ├── RuleChanged          409
│   └── LoopBusy             409
├── TooSlow                  408
├── TooLarge                 413
│   └── HeadTooLarge         431
├── UnsupportedEncoding      415
├── InvalidInput             422
│   └── Malformed            400
├── TooManyRequests          429
├── QuotaReached             507
├── Unavailable              503
│   ├── Busy                 503
│   └── DatabaseUnavailable  503
└── SetupError               (commands only: printed, exit code 1)

A door turns an error into an RFC 9457 problem document; ``code`` is its stable type, ``detail``
says what to do. Nothing internal is ever put into ``detail``.
"""


class FlywheelError(Exception):
    """Something was refused."""

    status = 400
    code = "refused"

    def __init__(self, detail: str = "", **extensions: object) -> None:
        """Keep ``detail`` (a sentence that names the remedy) and extra problem members."""
        super().__init__(detail or type(self).title())
        self.detail = detail
        self.extensions = extensions

    @classmethod
    def title(cls) -> str:
        """Return the problem's title: the first line of the class docstring, without its stop."""
        return (cls.__doc__ or "").strip().splitlines()[0].rstrip(".")


class Unauthenticated(FlywheelError):
    """A valid credential is needed."""

    status = 401
    code = "unauthenticated"


class BadSignature(Unauthenticated):
    """The evidence is not signed by a key of this site."""

    code = "bad-signature"


class Forbidden(FlywheelError):
    """This credential may not do that."""

    status = 403
    code = "forbidden"


class ForeignSite(Forbidden):
    """The credential belongs to another site."""

    code = "foreign-site"


class NotFromOurPages(Forbidden):
    """A signed-in browser asks without proof that its person meant it."""

    code = "not-from-our-pages"


class NotFound(FlywheelError):
    """There is no such thing here."""

    status = 404
    code = "not-found"


class Conflict(FlywheelError):
    """The request does not fit the present state."""

    status = 409
    code = "conflict"


class AlreadyExists(Conflict):
    """That exists already."""

    code = "already-exists"


class AlreadyDecided(Conflict):
    """Somebody decided on this already."""

    code = "already-decided"


class NotEligible(Conflict):
    """This is no candidate for promotion now."""

    code = "not-eligible"


class RuleChanged(Conflict):
    """Approval would make another rule than the one that was shown."""

    code = "rule-changed"


class LoopBusy(Conflict):
    """Another turn of the loop is still running."""

    code = "loop-busy"


class TooSlow(FlywheelError):
    """The request did not arrive in time."""

    status = 408
    code = "too-slow"


class TooLarge(FlywheelError):
    """The request is larger than allowed."""

    status = 413
    code = "too-large"


class HeadTooLarge(TooLarge):
    """The head of the request is larger than allowed."""

    status = 431
    code = "head-too-large"


class UnsupportedEncoding(FlywheelError):
    """The body's encoding is not supported."""

    status = 415
    code = "unsupported-encoding"


class InvalidInput(FlywheelError):
    """The request has a value that cannot be accepted."""

    status = 422
    code = "invalid-input"


class Malformed(InvalidInput):
    """The request body cannot be read."""

    status = 400
    code = "malformed"


class TooManyRequests(FlywheelError):
    """Too many requests of this kind."""

    status = 429
    code = "too-many-requests"


class QuotaReached(FlywheelError):
    """The site's quota is reached."""

    status = 507
    code = "quota-reached"


class Unavailable(FlywheelError):
    """The service cannot answer now; try again."""

    status = 503
    code = "unavailable"


class Busy(Unavailable):
    """Too much of this kind of traffic at once; try again."""

    code = "busy"


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached; try again."""

    code = "database-unavailable"


class SetupError(FlywheelError):
    """The server cannot start or the command cannot run as asked."""

    status = 500
    code = "setup"

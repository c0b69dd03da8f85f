"""The words by which agents say that a runbook never ran. Data, with an example of each.

Found by plain search, so that hostile text costs no more than its length. Fail safe: words that are
not in these tables and come before the runbook could have run are "unclassified", which counts as
not attempted and is listed for operators; what a script itself said stays a failure.
"""

from typing import NamedTuple

# Error categories of the newer daemon.
CATEGORIES = frozenset({"no_credentials", "auth_failure", "network_error"})
# What an unclassified execution has as its category.
UNCLASSIFIED = "unclassified"
# Categories that say that a script ran: words that are not known change nothing about it.
_RAN_CATEGORIES = frozenset({"script_error", "timeout"})


class Words(NamedTuple):
    """Words that stand in an error in this order, in lower case, and an error that has them."""

    parts: tuple[str, ...]
    example: str


# Whatever else is said, nothing ran.
NEVER_RAN = (
    # Credentials.
    Words(("no winrm credentials",), "no WinRM credentials for host WS-TEST-30"),
    Words(("no ssh credentials",), "no SSH credentials for LNX-1"),
    Words(
        ("no auth method for",),
        "execute runbook: get connection: no auth method for LNX-1 (need key or password)",
    ),
    Words(
        ("401 - invalid content type",),
        "create shell: http response error: 401 - invalid content type",
    ),
    Words(
        ("unable to authenticate", "attempted methods"),
        "ssh: handshake failed: ssh: unable to authenticate, attempted methods [none password]",
    ),
    Words(
        ("credentials were rejected by the server",),
        "the specified credentials were rejected by the server",
    ),
    Words(
        ("no authentication methods available",),
        "SSHException: No authentication methods available",
    ),
    Words(("authenticationexception",), "paramiko.ssh_exception.AuthenticationException: failed"),
    # No such target.
    Words(("is not a known ", " target"), "WS-9 is not a known Windows target"),
    Words(("no windows target available",), "No Windows target available"),
    Words(("no linux target available",), "No Linux target available"),
    # The way there.
    Words(("connection refused",), "dial tcp 192.0.2.7:5985: connect: connection refused"),
    Words(("no route to host",), "dial tcp 192.0.2.7:22: connect: no route to host"),
    Words(("host unreachable",), "host unreachable"),
    Words(("host is unreachable",), "[Errno 113] Host is unreachable"),
    Words(("network is unreachable",), "dial tcp 192.0.2.7:22: connect: network is unreachable"),
    Words(("lookup ", "no such host"), "dial tcp: lookup WS-TEST-2: no such host"),
    Words(("name or service not known",), "[Errno -2] Name or service not known"),
    Words(
        ("temporary failure in name resolution",),
        "[Errno -3] Temporary failure in name resolution",
    ),
    Words(("nodename nor servname provided",), "[Errno 8] nodename nor servname provided"),
    Words(
        ("failed to establish a new connection",),
        "NewConnectionError: Failed to establish a new connection: [Errno 110]",
    ),
    Words(
        ("connecttimeouterror",),
        "Max retries exceeded with url: /wsman (Caused by ConnectTimeoutError(...))",
    ),
    Words(("connect timeout=",), "Connection to WS-9 timed out. (connect timeout=30)"),
    Words(
        ("unable to connect to port ",),
        "NoValidConnectionsError: [Errno None] Unable to connect to port 22 on 192.0.2.7",
    ),
    Words(
        ("error reading ssh protocol banner",), "SSHException: Error reading SSH protocol banner"
    ),
    # The daemon was being stopped.
    Words(("context canceled",), "context cancelled: context canceled"),
    Words(("context cancelled",), "run: context cancelled"),
)

# The way to a host, before anything is sent to it.
CONNECTING = (
    Words(("create shell",), "create shell: http response error: 500"),
    Words(("get connection",), "get connection: ssh: handshake failed: EOF"),
    Words(("connect:",), "dial tcp 192.0.2.7:5986: connect: operation timed out"),
    Words(("dial tcp",), "dial tcp 192.0.2.7:5985: i/o timeout"),
    Words(("dial unix",), "dial unix /run/agent.sock: operation not permitted"),
    Words(("tls: ",), "remote error: tls: handshake failure"),
    Words(("tls handshake",), "net/http: TLS handshake timeout"),
    Words(("handshake failed",), "ssh: handshake failed: read tcp: connection reset by peer"),
    Words(("sslerror",), "SSLError(SSLCertVerificationError(1, 'certificate verify failed'))"),
    Words(("max retries exceeded with url",), "HTTPSConnectionPool: Max retries exceeded with url"),
    Words(("winrmtransporterror",), "WinRMTransportError: Bad HTTP response returned from server"),
)
# While connecting these are known; after it they are failures.
CONNECTING_FAILED = (
    Words(("i/o timeout",), "dial tcp 192.0.2.7:5985: i/o timeout"),
    Words(("timed out",), "dial tcp 192.0.2.7:5986: connect: operation timed out"),
    Words(("timeout",), "net/http: TLS handshake timeout"),
    Words(("deadline exceeded",), "dial tcp 192.0.2.7:5985: context deadline exceeded"),
    Words(("x509:",), "tls: failed to verify certificate: x509: signed by unknown authority"),
    Words(("certificate verify failed",), "SSLError: certificate verify failed"),
    Words(("handshake",), "remote error: tls: handshake failure"),
    Words(("connection reset by peer",), "get connection: read tcp: connection reset by peer"),
    Words(("eof",), "create shell: Post http://192.0.2.7:5985/wsman: EOF"),
)
# A script ran and said so.
RAN = (
    Words(("exit code",), "script failed with exit code 1"),
    Words(("exit status",), "Process exited with status 1: exit status 1"),
    Words(("exited with",), "Process exited with status 2"),
    Words(("at line:",), "Set-Service : Access is denied. At line:1 char:1"),
    Words(("fullyqualifiederrorid",), "FullyQualifiedErrorId : ServiceNotFound"),
    Words(("stderr",), "stderr: sysctl: permission denied on key"),
    Words(("verification failed",), "verification failed: still disabled"),
    Words(("verify phase",), "verify phase failed"),
)


def known(error_category: str | None, error_message: str | None) -> bool:
    """Say whether what an agent says of a failure is known to mean that nothing ran."""
    if error_category in CATEGORIES:
        return True
    text = (error_message or "").lower()
    if _any(NEVER_RAN, text):
        return True
    return _any(CONNECTING_FAILED, text) and _any(CONNECTING, text) and not _any(RAN, text)


def unclassified(
    *,
    error_category: str | None,
    error_message: str | None,
    duration_seconds: float | None,
    stepped: bool,
) -> bool:
    """Say whether a failure came before the runbook could have run, by words that are not known.

    ``stepped``: the agent lists steps that it carried out.
    """
    text = (error_message or "").lower()
    if not text or stepped or error_category in _RAN_CATEGORIES or _any(RAN, text):
        return False
    before = duration_seconds == 0 or _any(CONNECTING, text)
    return before and not known(error_category, error_message)


def _any(table: tuple[Words, ...], text: str) -> bool:
    return any(_has(words.parts, text) for words in table)


def _has(parts: tuple[str, ...], text: str) -> bool:
    """Say whether all parts stand in a text, one after the other."""
    place = 0
    for part in parts:
        place = text.find(part, place)
        if place < 0:
            return False
        place += len(part)
    return True

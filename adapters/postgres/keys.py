"""What a profile says of a PostgreSQL database: where it is, who we are, and how long to wait.

The keys are dbt-postgres's (https://docs.getdbt.com/docs/core/connect-data-platform/postgres-setup).
Further ones are `retry_backoff`, `lock_timeout`, `swap_timeout`, `run_lock_timeout`,
`run_lock_lease` and `commit_timeout`: see `PostgresKeys`; and `dsn`, a URL in the place of host,
port, user, password and dbname.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from ..base import Target
from ..errors import ProfileKeyError
from ..profile_keys import ProfileKeys
from .dsn import KEY as DSN
from .dsn import expanded

DEFAULT_PORT = 5432
DEFAULT_CONNECT_TIMEOUT = 10.0
DEFAULT_RETRIES = 3
DEFAULT_RETRY_BACKOFF = 0.2
DEFAULT_LOCK_TIMEOUT = 0.3
DEFAULT_SWAP_TIMEOUT = 30.0
DEFAULT_RUN_LOCK_TIMEOUT = 300.0
DEFAULT_RUN_LOCK_LEASE = 30.0
DEFAULT_COMMIT_TIMEOUT = 20.0

MOST_RETRIES = 100
MOST_KEEPALIVES_IDLE = 32_767
"""The most that Linux takes (`MAX_TCP_KEEPIDLE`)."""

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")

_SECRET_KEYS = frozenset({"password", "pass"})

_OPTIONAL_PUBLIC_KEYS = (
    *("role", "search_path", "application_name"),
    *("sslmode", "sslcert", "sslkey", "sslrootcert"),
)


@dataclass(frozen=True, slots=True)
class PostgresKeys:
    """The profile's keys.

    Attributes:
        host: a name, an address, or the directory of a Unix socket.
        connect_timeout: seconds for one attempt to connect; 0 is no limit, as libpq has it.
        retries: how often more to try what may pass by itself: to connect, and to build a node.
        retry_backoff: seconds before the first of these; each further one waits longer.
        lock_timeout: seconds for which one attempt of a swap waits for its locks. Readers that
            come later wait behind it for as long, so that it is short.
        swap_timeout: seconds after which a swap that never gets its locks is given up.
        run_lock_timeout: seconds for which another run in the same schemas is waited for.
        run_lock_lease: seconds after which the server frees the locks of a run that it no longer
            hears of; 0 is never.
        commit_timeout: seconds for which the server is asked what became of a COMMIT whose answer
            was lost; from then on it is in doubt.
        keepalives_idle: seconds of silence before a system asks whether the other end is there;
            0 is ours to choose.
        public: what `target.<key>` answers, as it was given; no secret.
    """

    host: str
    port: int
    user: str
    database: str
    password: str | None = field(default=None, repr=False)
    sslmode: str | None = None
    sslcert: str | None = None
    sslkey: str | None = None
    sslrootcert: str | None = None
    search_path: str | None = None
    role: str | None = None
    application_name: str | None = None
    run_lock_lease: float = DEFAULT_RUN_LOCK_LEASE
    commit_timeout: float = DEFAULT_COMMIT_TIMEOUT
    keepalives_idle: int = 0
    connect_timeout: float = DEFAULT_CONNECT_TIMEOUT
    retries: int = DEFAULT_RETRIES
    retry_backoff: float = DEFAULT_RETRY_BACKOFF
    lock_timeout: float = DEFAULT_LOCK_TIMEOUT
    swap_timeout: float = DEFAULT_SWAP_TIMEOUT
    run_lock_timeout: float = DEFAULT_RUN_LOCK_TIMEOUT
    public: Mapping[str, object] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Where the server is, for people."""
        return f"{self.host}:{self.port}"

    @property
    def is_socket(self) -> bool:
        """Whether the server is reached through a Unix socket."""
        return self.host.startswith("/")

    @property
    def certificates_dsn(self) -> str | None:
        """A DSN with the files of `sslcert`, `sslkey` and `sslrootcert`, and nothing else.

        The driver takes them in no other way. What it hasn't got it is told by argument.
        """
        files = {"sslcert": self.sslcert, "sslkey": self.sslkey, "sslrootcert": self.sslrootcert}
        query = {key: value for key, value in files.items() if value}
        return f"postgresql://?{urlencode(query)}" if query else None


def read_keys(target: Target) -> PostgresKeys:
    """Make sense of a target's keys.

    Raises:
        ProfileKeyError: a key is missing, unknown, or not what it should be.
    """
    given = expanded(target.keys)
    keys = ProfileKeys(given)
    for known in (DSN, "dbname"):  # read by now: into the other keys, and as the target's database
        keys.text(known)
    read = PostgresKeys(
        host=_required(keys.text("host"), "host", "such as localhost"),
        port=keys.integer("port", DEFAULT_PORT, least=1, most=65535),
        user=_sendable(_required(keys.text("user"), "user", "the role to connect as"), "user"),
        database=_sendable(
            _required(target.database, "dbname", "the database to build in"), "dbname"
        ),
        password=_password(keys),
        sslmode=keys.choice("sslmode", SSL_MODES),
        sslcert=keys.text("sslcert"),
        sslkey=keys.text("sslkey"),
        sslrootcert=keys.text("sslrootcert"),
        search_path=keys.text("search_path"),
        role=keys.text("role"),
        application_name=keys.text("application_name"),
        keepalives_idle=keys.integer("keepalives_idle", 0, most=MOST_KEEPALIVES_IDLE),
        connect_timeout=keys.seconds("connect_timeout", DEFAULT_CONNECT_TIMEOUT),
        retries=keys.integer("retries", DEFAULT_RETRIES, most=MOST_RETRIES),
        retry_backoff=keys.seconds("retry_backoff", DEFAULT_RETRY_BACKOFF),
        lock_timeout=keys.seconds("lock_timeout", DEFAULT_LOCK_TIMEOUT),
        run_lock_timeout=keys.seconds("run_lock_timeout", DEFAULT_RUN_LOCK_TIMEOUT),
        run_lock_lease=keys.seconds("run_lock_lease", DEFAULT_RUN_LOCK_LEASE),
        commit_timeout=keys.seconds("commit_timeout", DEFAULT_COMMIT_TIMEOUT),
        swap_timeout=keys.seconds("swap_timeout", DEFAULT_SWAP_TIMEOUT),
        public={
            **dict.fromkeys(_OPTIONAL_PUBLIC_KEYS),
            "connect_timeout": int(DEFAULT_CONNECT_TIMEOUT),
            "keepalives_idle": 0,
            "retries": DEFAULT_RETRIES,
            **{key: value for key, value in given.items() if key not in _SECRET_KEYS},
            "dbname": target.database,
            "port": given.get("port") or DEFAULT_PORT,
        },
    )
    keys.reject_unknown()
    return read


def _required(value: str | None, key: str, example: str) -> str:
    if value is None:
        raise ProfileKeyError(key, f"is missing: {example}.")
    return value


def _sendable(text: str, key: str) -> str:
    """A text that the protocol can carry: as UTF-8, up to a NUL.

    An environment variable that isn't UTF-8 arrives with surrogates in it. The driver would
    quote them in an error that is none of its usual ones.
    """
    if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text):
        raise ProfileKeyError(
            key,
            "holds a NUL or a character that isn't Unicode: see that where it comes from is UTF-8.",
        )
    return text


def _password(keys: ProfileKeys) -> str | None:
    """The password by either name. An empty one is none: the server may trust us."""
    given = {key: keys.secret(key) for key in ("password", "pass")}
    named = {key: value for key, value in given.items() if value}
    if len(named) > 1:
        raise ProfileKeyError("pass", "and 'password' are two names of one key: leave one out.")
    return next((_sendable(value, key) for key, value in named.items()), None)

"""As whom we meet Kafka: users, their passwords in files of their owner alone, and TLS.

A user's file is `<user>.json` in the home's directory of secrets. A password is never logged and in
no repr; it leaves its file only towards Kafka.
"""

import os
import secrets
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError, field_serializer

from strowger.broker.errors import BrokerError
from strowger.settings import SecurityProtocol, Settings

OURS: Final = "exchange."
"""What the exchange's own users begin with; no participant's name holds a dot."""

BROKER: Final = f"{OURS}broker"
"""The broker towards itself."""

ROOT: Final = f"{OURS}root"
"""Who makes topics, users and rights; used for nothing else."""

OPERATOR: Final = f"{OURS}operator"
"""Who commands markets, and reads decisions and dead letters."""

_LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
_PASSWORD_BYTES: Final = 32


def user_of(service: str) -> str:
    """Name the user that a service of the exchange is."""
    return OURS + service


class NoCredentials(BrokerError):
    """A user's password isn't here, or isn't for others' eyes as it should be."""


class Credentials(BaseModel):
    """A user of Kafka's and what proves it; kept as JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    username: str
    password: SecretStr
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-256"

    @field_serializer("password", when_used="json")
    def _in_its_file(self, password: SecretStr) -> str:
        return password.get_secret_value()

    @classmethod
    def fresh(cls, username: str, mechanism: Literal["PLAIN", "SCRAM-SHA-256"]) -> Self:
        """Make a password that nobody guesses: 256 random bits."""
        password = SecretStr(secrets.token_urlsafe(_PASSWORD_BYTES))
        return cls(username=username, password=password, mechanism=mechanism)

    @classmethod
    def load(cls, directory: Path, username: str) -> Self | None:
        """Read a user's file; None where there is none.

        Raises:
            NoCredentials: others may read the file, or it isn't one of ours.
        """
        path = path_of(directory, username)
        try:
            if path.stat().st_mode & 0o077:
                raise NoCredentials(f"{path} is open to others than its owner: chmod 600 {path}")
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise NoCredentials(f"{path} can't be read as a user's credentials") from error

    def save(self, directory: Path) -> None:
        """Replace the user's file at once; nobody but its owner can ever read it."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = path_of(directory, self.username)
        write_privately(path, self.model_dump_json() + "\n")


def path_of(directory: Path, username: str) -> Path:
    """Say where a user's password is kept."""
    return directory / f"{username}.json"


def write_privately(path: Path, text: str) -> None:
    """Replace a file at once by one that only its owner may read."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    part.replace(path)


@dataclass(frozen=True)
class Access:
    """How a connection is secured and who it says it is."""

    protocol: SecurityProtocol = "PLAINTEXT"
    credentials: Credentials | None = field(default=None, repr=False)
    ca_file: Path | None = None

    @property
    def ssl_context(self) -> ssl.SSLContext | None:
        """Give what checks the broker's certificate and name; None without TLS."""
        if not self.protocol.endswith("SSL"):
            return None
        return ssl.create_default_context(cafile=self.ca_file)

    def for_aiokafka(self) -> dict[str, Any]:
        """Give the settings of aiokafka's clients."""
        settings: dict[str, Any] = {"security_protocol": self.protocol}
        if (context := self.ssl_context) is not None:
            settings["ssl_context"] = context
        if self.credentials is not None:
            settings |= {
                "sasl_mechanism": self.credentials.mechanism,
                "sasl_plain_username": self.credentials.username,
                "sasl_plain_password": self.credentials.password.get_secret_value(),
            }
        return settings

    def for_librdkafka(self) -> dict[str, Any]:
        """Give the settings of confluent-kafka's clients."""
        settings: dict[str, Any] = {"security.protocol": self.protocol}
        if self.protocol.endswith("SSL") and self.ca_file is not None:
            settings["ssl.ca.location"] = str(self.ca_file)
        if self.credentials is not None:
            settings |= {
                "sasl.mechanism": self.credentials.mechanism,
                "sasl.username": self.credentials.username,
                "sasl.password": self.credentials.password.get_secret_value(),
            }
        return settings


class Bootstrap(str):
    """Kafka's servers and how they are met. A plain string of servers is met as nobody.

    It is a string, since that is all that most of the code is to know of it. What is made from it
    as from any string is a plain one again, so access is only ever lost by accident, never won.
    """

    __slots__ = ("access",)

    access: Access

    def __new__(cls, servers: str, access: Access) -> Self:
        """Take host:port, several with commas between."""
        made = super().__new__(cls, servers)
        made.access = access
        return made


def access_of(bootstrap: str) -> Access:
    """Say how these servers are met."""
    return bootstrap.access if isinstance(bootstrap, Bootstrap) else Access()


def meet(settings: Settings, bootstrap: str, *users: str) -> Bootstrap:
    """Give these servers, to be met as the first of the users whose password is kept here.

    Servers on this machine are met in plain text, others over TLS, unless the settings say how.

    Raises:
        NoCredentials: none of the users has a file here.
    """
    protocol = settings.security_protocol or _protocol(bootstrap)
    if not protocol.startswith("SASL"):
        return Bootstrap(bootstrap, Access(protocol, ca_file=settings.ca_file))
    for user in users:
        if (credentials := _credentials(settings, user)) is not None:
            return Bootstrap(bootstrap, Access(protocol, credentials, settings.ca_file))
    raise NoCredentials(
        f"no password of {' or '.join(users)} in {settings.secrets_dir}: `strowger topics apply` "
        "makes those of the exchange and `strowger participant add` a participant's; for a Kafka "
        "without authorisation set STROWGER_SECURITY_PROTOCOL=PLAINTEXT"
    )


def _credentials(settings: Settings, user: str) -> Credentials | None:
    if user == ROOT and settings.root_password is not None:
        return Credentials(username=ROOT, password=settings.root_password, mechanism="PLAIN")
    return Credentials.load(settings.secrets_dir, user)


def as_user(bootstrap: str, user: str) -> str:
    """Give these servers, to be met as a user whose password this machine's home keeps.

    Servers that come with an access of their own keep that.

    Raises:
        SettingsError: the environment's settings can't be used.
        NoCredentials: the home has no password of the user.
    """
    if isinstance(bootstrap, Bootstrap):
        return bootstrap
    return meet(Settings.load(), bootstrap, user)


def _protocol(bootstrap: str) -> SecurityProtocol:
    here = all(server.rpartition(":")[0] in _LOOPBACK for server in bootstrap.split(","))
    return "SASL_PLAINTEXT" if here else "SASL_SSL"

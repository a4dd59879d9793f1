"""The one settings object: `STROWGER_*` in the environment, read at the edge and passed in."""

import difflib
import os
import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from platformdirs import user_cache_path, user_data_path
from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

PREFIX: Final = "STROWGER_"

_HOST_AND_PORT: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:,\[\]]+):[0-9]{1,5}")


class SettingsError(Exception):
    """Settings that can't be used; the message names each key and what to do about it."""


def _servers(value: str) -> str:
    """Accept what Kafka calls bootstrap servers: host:port, several with commas between."""
    if not all(_HOST_AND_PORT.fullmatch(server) for server in value.split(",")):
        raise ValueError(f"{value!r} is not host:port, nor a list of them with commas between")
    return value


def _absolute(path: Path) -> Path:
    """Fix a path to where it was given, since services and the broker run elsewhere."""
    return path.expanduser().absolute()


SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
BootstrapServers = Annotated[str, AfterValidator(_servers)]
LocalPath = Annotated[Path, AfterValidator(_absolute)]


class Settings(BaseSettings):
    """Everything that can be set, frozen; a key that is not listed here is refused.

    A value given to the constructor (a flag) wins over the environment, which wins over the
    local profile (`strowger.profile.effective`), which wins over the default.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True
    )

    # Where the operating system keeps such data, rather than ~/.strowger: it is what backup and
    # clean-up tools expect, XDG_DATA_HOME is honoured, and the cache can be thrown away by itself.
    home: LocalPath = Field(
        default_factory=lambda: user_data_path("strowger", appauthor=False),
        description="All local state: profile, embedded broker, ledger, run directory.",
    )
    cache_dir: LocalPath = Field(
        default_factory=lambda: user_cache_path("strowger", appauthor=False),
        description="Kafka's jars; safe to delete, shared by every home.",
    )
    ledger_path: LocalPath = Field(
        default_factory=lambda data: data["home"] / "ledger.sqlite3",
        description="The ledger's SQLite file.",
    )
    run_dir: LocalPath = Field(
        default_factory=lambda data: data["home"] / "run",
        description="Logs and state of the running services.",
    )
    broker_dir: LocalPath = Field(
        default_factory=lambda data: data["home"] / "broker",
        description="The embedded broker's data.",
    )
    keys_dir: LocalPath = Field(
        default_factory=lambda data: data["home"] / "keys",
        description="Private keys that events are signed with, a file each, for its owner alone.",
    )
    authentication: Literal["required", "off"] = Field(
        default="required",
        description="Whether gateways take signed events alone; `off` lets anybody act as anybody.",
    )
    secrets_dir: LocalPath = Field(
        default_factory=lambda data: data["home"] / "secrets",
        description="Passwords for Kafka, a file a user, readable by their owner alone.",
    )
    root_password: SecretStr | None = Field(
        default=None,
        description="The password of Kafka's exchange.root, where it is in no file; to provision.",
    )
    security_protocol: SecurityProtocol | None = Field(
        default=None,
        description="How Kafka is met; without it SASL_PLAINTEXT on this machine, else SASL_SSL.",
    )
    ca_file: LocalPath | None = Field(
        default=None,
        description="The authority that signed the broker's certificate; else the system's.",
    )
    bootstrap: BootstrapServers | None = Field(
        default=None,
        description="Kafka as host:port; without it the profile's, else the embedded broker.",
    )
    replication_factor: int = Field(
        default=1, ge=1, description="Copies of each topic that provisioning makes."
    )
    maven_repository: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="A mirror to take the embedded broker's jars from, instead of Maven Central.",
    )
    market: str | None = Field(default=None, description="The market to act in.")
    buyer: str | None = Field(default=None, description="The buyer to act as.")
    provider: str | None = Field(default=None, description="The provider to act as.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least severe log line that is written."
    )
    log_format: Literal["console", "json"] = Field(
        default="console", description="Log lines for people, or one JSON object each."
    )

    http_port: int | None = Field(
        default=None,
        ge=0,
        le=65_535,
        description="Serve health and metrics over HTTP on this port; 0 takes any free one.",
    )
    http_host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="The address to serve them on; nobody is asked who it is there.",
    )
    traces_endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="Send OpenTelemetry spans there, by OTLP over HTTP: http://localhost:4318.",
    )

    @classmethod
    def load(cls, **flags: Any) -> Self:
        """Read the environment under the flags; a flag that is None was not given.

        Raises:
            SettingsError: a key is unknown or a value can't be used.
        """
        try:
            return cls(**{name: value for name, value in flags.items() if value is not None})
        except ValidationError as error:
            raise SettingsError(_explain(error)) from None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the strict source stands for it
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - settings come from no file
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - settings come from no file
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read constructor and environment only, the environment strictly."""
        return (init_settings, _StrictEnvironment(settings_cls))


class _StrictEnvironment(EnvSettingsSource):
    """The environment, where a `STROWGER_*` key that no setting has is an error.

    pydantic-settings never looks at keys it does not know, so a misspelt one would be silent.
    """

    def __call__(self) -> dict[str, Any]:
        known = {PREFIX + name.upper() for name in self.settings_cls.model_fields}
        unknown = sorted(
            key for key in os.environ if key.upper().startswith(PREFIX) and key.upper() not in known
        )
        if unknown:
            raise SettingsError("\n".join(_unknown(key, known) for key in unknown))
        return super().__call__()


def _unknown(key: str, known: set[str]) -> str:
    close = difflib.get_close_matches(key.upper(), known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(sorted(known))}"
    return f"{key}: no such setting; {hint}"


def _explain(error: ValidationError) -> str:
    return "\n".join(
        f"{PREFIX}{'.'.join(str(part) for part in each['loc']).upper()}: "
        + each["msg"].removeprefix("Value error, ")
        for each in error.errors(include_url=False, include_input=False)
    )

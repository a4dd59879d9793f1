"""As whom Kafka is met: files, what is shown of passwords, and what is safe unasked."""

from pathlib import Path

import pytest

from strowger.broker.access import (
    Access,
    Bootstrap,
    Credentials,
    NoCredentials,
    access_of,
    meet,
    path_of,
)
from strowger.settings import Settings

HERE = "127.0.0.1:9092"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Give settings of a home where the password of globex lies."""
    settings = Settings(home=tmp_path)
    Credentials.fresh("globex", "SCRAM-SHA-256").save(settings.secrets_dir)
    return settings


def _password(settings: Settings) -> str:
    credentials = Credentials.load(settings.secrets_dir, "globex")
    assert credentials is not None
    return credentials.password.get_secret_value()


def test_a_password_is_shown_nowhere(settings: Settings) -> None:
    """Not by whatever carries it, however it is written."""
    met = meet(settings, HERE, "globex")
    password = _password(settings)
    assert len(password) > 40
    for thing in (met, access_of(met), access_of(met).credentials):
        assert password not in f"{thing!r} {thing!s}"


def test_servers_stay_a_string_that_knows_as_whom(settings: Settings) -> None:
    """What is made of it by hand is met as nobody: access is lost by a slip, never won."""
    met = meet(settings, HERE, "globex")
    assert met == HERE
    assert access_of(met).credentials == Credentials.load(settings.secrets_dir, "globex")
    assert access_of(f"{met},127.0.0.1:9093").credentials is None


def test_the_first_user_with_a_password_is_taken(settings: Settings) -> None:
    """Without any, the message says who makes passwords."""
    credentials = access_of(meet(settings, HERE, "exchange.operator", "globex")).credentials
    assert credentials is not None
    assert credentials.username == "globex"
    with pytest.raises(NoCredentials, match="participant add"):
        meet(settings, HERE, "acme")


def test_a_file_that_others_may_read_is_refused(settings: Settings) -> None:
    """A password that lay open is no password; the message says how to close it."""
    path = path_of(settings.secrets_dir, "globex")
    path.chmod(0o640)
    with pytest.raises(NoCredentials, match="chmod 600"):
        meet(settings, HERE, "globex")


def test_a_damaged_file_is_told_without_its_content(settings: Settings) -> None:
    """The message, and what caused it, hold nothing of the file."""
    path_of(settings.secrets_dir, "globex").write_text('{"password": 4711}')
    with pytest.raises(NoCredentials) as told:
        meet(settings, HERE, "globex")
    assert "4711" not in f"{told.value} {told.value.__cause__} {told.value.__context__}"


@pytest.mark.parametrize(
    ("servers", "protocol"),
    [
        (HERE, "SASL_PLAINTEXT"),
        ("localhost:9092,[::1]:9093", "SASL_PLAINTEXT"),
        ("kafka.example:9092", "SASL_SSL"),
        (f"{HERE},10.0.0.1:9092", "SASL_SSL"),
        ("localhost.example:9092", "SASL_SSL"),
    ],
)
def test_beyond_this_machine_it_is_tls(settings: Settings, servers: str, protocol: str) -> None:
    """Nothing leaves the machine in clear text unless somebody says so."""
    access = access_of(meet(settings, servers, "globex"))
    assert access.protocol == protocol
    assert (access.ssl_context is not None) == (protocol == "SASL_SSL")


def test_a_certificate_is_checked_by_name_and_authority(settings: Settings) -> None:
    """TLS without either would protect from nobody who can answer in the broker's place."""
    context = access_of(meet(settings, "kafka.example:9092", "globex")).ssl_context
    assert context is not None
    assert context.check_hostname
    assert context.verify_mode.name == "CERT_REQUIRED"


def test_a_kafka_without_authorisation_is_met_when_said(tmp_path: Path) -> None:
    """Then no password is needed, and none is sent."""
    settings = Settings(home=tmp_path, security_protocol="PLAINTEXT")
    assert access_of(meet(settings, HERE, "globex")) == Access("PLAINTEXT")
    assert access_of(Bootstrap(HERE, Access())).for_aiokafka() == {"security_protocol": "PLAINTEXT"}

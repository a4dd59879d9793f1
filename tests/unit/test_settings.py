from pathlib import Path

import pytest
from pydantic import ValidationError

from strowger.profile import Profile, ProfileDamaged, effective
from strowger.settings import Settings, SettingsError


def test_a_flag_wins_over_the_environment_which_wins_over_the_profile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was said most directly decides: flag, then environment, then profile."""
    monkeypatch.setenv("STROWGER_BOOTSTRAP", "from-environment:9092")
    monkeypatch.setenv("STROWGER_MARKET", "environment-market")
    profile = Profile(bootstrap="from-profile:9092", market="profile-market", buyer="profile-buyer")

    settings = effective(Settings.load(bootstrap="from-flag:9092", market=None), profile)

    assert settings.bootstrap == "from-flag:9092"
    assert settings.market == "environment-market"
    assert settings.buyer == "profile-buyer"
    assert settings.provider is None


def test_events_have_to_be_signed_unless_it_is_said_that_they_need_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever says nothing gets an exchange where nobody can act as somebody else."""
    monkeypatch.delenv("STROWGER_AUTHENTICATION", raising=False)
    assert Settings.load().authentication == "required"
    monkeypatch.setenv("STROWGER_AUTHENTICATION", "off")
    assert Settings.load().authentication == "off"


def test_an_unknown_key_in_the_environment_is_refused_with_the_nearest_known_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A misspelt setting is an error that says what was meant, never silently without effect."""
    monkeypatch.setenv("STROWGER_BOOSTRAP", "localhost:9092")

    with pytest.raises(SettingsError, match=r"STROWGER_BOOSTRAP.*did you mean STROWGER_BOOTSTRAP"):
        Settings.load()


def test_an_unknown_flag_is_refused() -> None:
    """A key that no setting has is refused wherever it comes from."""
    with pytest.raises(SettingsError, match="STROWGER_COLOUR"):
        Settings.load(colour="red")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("STROWGER_BOOTSTRAP", "localhost"),
        ("STROWGER_BOOTSTRAP", "localhost:9092,"),
        ("STROWGER_LOG_LEVEL", "loud"),
        ("STROWGER_REPLICATION_FACTOR", "0"),
        ("STROWGER_MAVEN_REPOSITORY", "file:///etc"),
    ],
)
def test_a_value_that_can_not_be_used_is_refused_by_its_key(
    monkeypatch: pytest.MonkeyPatch, key: str, value: str
) -> None:
    """The error names the variable as the user wrote it."""
    monkeypatch.setenv(key, value)

    with pytest.raises(SettingsError, match=f"^{key}: "):
        Settings.load()


@pytest.mark.parametrize("servers", ["localhost:9092", "a.example:9092,b.example:9093", "[::1]:9"])
def test_bootstrap_takes_what_kafka_takes(servers: str) -> None:
    """One server or several, by name or address."""
    assert Settings.load(bootstrap=servers).bootstrap == servers


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """`STROWGER_BOOTSTRAP=` in a compose file means: no bootstrap."""
    monkeypatch.setenv("STROWGER_BOOTSTRAP", "")

    assert Settings.load().bootstrap is None


def test_local_state_lies_in_the_home_unless_said_otherwise(tmp_path: Path) -> None:
    """Moving the home moves all local state; a part can be moved by itself; paths are absolute."""
    settings = Settings.load(home=tmp_path, run_dir="~/run")

    assert settings.ledger_path == tmp_path / "ledger.sqlite3"
    assert settings.broker_dir == tmp_path / "broker"
    assert settings.run_dir == Path.home() / "run"


def test_settings_are_frozen() -> None:
    """Nothing changes a setting after it was read."""
    settings = Settings.load()

    with pytest.raises(ValidationError, match="frozen"):
        settings.market = "another"  # type: ignore[misc]  # the very mistake that is refused


def test_a_profile_reads_back_as_it_was_saved(tmp_path: Path) -> None:
    """A second terminal sees what the first one left, and no half-written file is left about."""
    profile = Profile(market="voice", last_request={"to": "+442079460000", "shown": [1, 2]})

    profile.save(tmp_path / "home")

    assert Profile.load(tmp_path / "home") == profile
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["profile.json"]


def test_no_profile_is_an_empty_one(tmp_path: Path) -> None:
    """A first run needs no file."""
    assert Profile.load(tmp_path) == Profile()


@pytest.mark.parametrize("content", ["{", '{"market": 7}', '{"colour": "red"}'])
def test_a_damaged_profile_is_named_with_the_way_out(tmp_path: Path, content: str) -> None:
    """A profile that can't be read is never taken for an empty one."""
    (tmp_path / "profile.json").write_text(content, encoding="utf-8")

    with pytest.raises(ProfileDamaged, match=r"profile\.json.*remove it"):
        Profile.load(tmp_path)

"""How the doctor judges what it sees; that it sees it is tested on a running exchange."""

import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from strowger.broker.authorisation import Difference
from strowger.broker.errors import BrokerUnavailable
from strowger.doctor import cluster, home, progress
from strowger.doctor.examining import Diagnosis, examine
from strowger.doctor.findings import Exchange, Finding, Level
from strowger.service import SERVICES, heartbeat_path
from strowger.settings import Settings

GIB = 1024**3


def nobody(_user: str) -> str:
    """Meet no broker."""
    raise BrokerUnavailable("no Kafka answers at nowhere:1: is it running?")


@pytest.fixture
def exchange(tmp_path: Path) -> Exchange:
    """Give a home without anything in it."""
    return Exchange(Settings(home=tmp_path / "home", bootstrap="nowhere:1"), nobody)


def beat(exchange: Exchange, *names: str, ready: str = "true") -> None:
    """Leave heartbeats."""
    for name in names:
        path = heartbeat_path(exchange.settings.run_dir, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'{{"pid": 1, "ready": {ready}, "since": {time.time()}}}')


def levels(found: list[Finding]) -> list[str]:
    """Give how well each thing is."""
    return [each.level.value for each in found]


async def test_services_are_judged_by_their_heartbeats(exchange: Exchange) -> None:
    """None at all may run elsewhere; some without the others, or not ready, is a failure."""
    assert levels(list(await home.services(exchange))) == ["warning"]
    beat(exchange, *SERVICES)
    assert levels(list(await home.services(exchange))) == ["ok"]
    beat(exchange, "ledger", ready="false")
    (found,) = await home.services(exchange)
    assert (found.level, found.said) == (Level.FAILED, "not serving: ledger")


@pytest.mark.parametrize(
    ("free", "level"), [(0.1, "failed"), (1.5, "warning"), (9.0, "warning"), (50.0, "ok")]
)
async def test_room_on_the_disk(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch, free: float, level: str
) -> None:
    """A tenth of it, and two GiB, are kept free."""
    of = SimpleNamespace(total=100 * GIB, free=int(free * GIB))
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: of)
    assert levels(list(await home.disk(exchange))) == [level]


async def test_a_damaged_ledger_is_found_with_what_to_do(exchange: Exchange) -> None:
    """And one that is missing is a warning."""
    assert levels(list(await home.ledger_file(exchange))) == ["warning"]
    scribble(exchange.settings.ledger_path)
    (found,) = await home.ledger_file(exchange)
    assert found.level is Level.FAILED
    assert "strowger ledger rebuild --replace" in str(found.advice)


def scribble(path: Path) -> None:
    """Make a file that is no database."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"no database at all" * 300)


@pytest.mark.parametrize(
    ("waiting", "moved", "level"),
    [(0, False, []), (5, True, []), (5, False, ["failed"]), (5000, True, ["warning"])],
)
def test_lag_is_a_failure_where_nothing_moves(
    waiting: int,
    moved: bool,  # noqa: FBT001 - a table's column
    level: list[str],
) -> None:
    """What moves and has little before it is well."""
    assert levels(progress.of_lag("matching", waiting, moved=moved)) == level


@pytest.mark.parametrize(
    ("ahead_ms", "level"),
    [(0, "ok"), (-900, "ok"), (1_200, "warning"), (-400_000, "failed"), (301_000, "failed")],
)
def test_clocks_apart_are_a_warning_and_too_far_apart_a_failure(ahead_ms: int, level: str) -> None:
    """Beyond five minutes what is signed here is refused; what measuring took is allowed for."""
    assert cluster.of_skew(ahead_ms, 0).level.value == level
    assert cluster.of_skew(1_200, 300).level is Level.OK


def test_rights_missing_or_too_many_are_named() -> None:
    """Each kind is a line, with the command that mends it."""
    wrong = Difference(("exchange.ledger",), ("a: read topic b",), ("c: write topic d",))
    missing, superfluous = cluster.of_rights(wrong)
    assert missing.said == "no user exchange.ledger; missing: a: read topic b"
    assert superfluous.said == "too much: c: write topic d"
    assert "topics apply" in str(missing.advice)
    assert cluster.of_rights(Difference()) == []


async def test_without_a_broker_the_home_is_looked_at_all_the_same(exchange: Exchange) -> None:
    """The broker's line says what to do, and the last one what was not looked at."""
    diagnosis = await examine(exchange)
    assert not diagnosis.sound
    assert not diagnosis.stuck
    found = {each.check: each for each in diagnosis.findings}
    assert found["broker"].level is Level.FAILED
    assert found["broker"].advice == "is it running?"
    assert "sessions" in found["the rest"].said
    assert {"services", "ledger file", "disk"} <= set(found)


def test_warnings_alone_are_sound() -> None:
    """Only what has failed makes the exit code 1."""
    fine, odd = (Finding("x", level, "said") for level in (Level.OK, Level.WARNING))
    assert Diagnosis((fine, odd), stuck=False).sound
    assert not Diagnosis((Finding("x", Level.FAILED, "said"),), stuck=False).sound

"""What an operator does with a running exchange: look, set right, back up; by the command line."""

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from strowger.cli.shared.codes import ExitCode
from strowger.contract.topics import OFFER_PUBLISHED
from tests.e2e.conftest import Exchange
from tests.e2e.shell import Shell
from tests.integration.topics import send
from tests.support import eventually
from tests.unit.test_cli import strowger


def test_a_running_exchange_is_found_sound(exchange: Exchange) -> None:
    """Every line is ok or a warning, each warning says what to do, and the exit code is 0."""
    said = json.loads(exchange.command("doctor", "--json"))
    assert said["sound"]
    found = {each["check"]: each for each in said["findings"]}
    assert set(found) >= {"broker", "topics", "state", "clock", "lag", "ledger", "sessions"}
    assert set(found) >= {"services", "ledger file", "disk", "dead letters"}
    for name in ("broker", "topics", "state", "clock", "lag", "sessions", "services"):
        assert found[name]["level"] == "ok", found[name]
    assert all(each["advice"] for each in said["findings"] if each["level"] != "ok")


async def test_a_dead_letter_is_listed_shown_and_dropped(exchange: Exchange) -> None:
    """It is shown without harm; that it can't be replayed is said; dropped, it hides."""
    headers = [("x-\x1b[31m", b"\x9b2J"), ("authorization", b"Bearer of-nothing")]
    value = b'\x1b]0;owned\x07 {"password": "hunter2"}'  # pragma: allowlist secret
    (origin,) = await send(exchange.bootstrap, OFFER_PUBLISHED.name, (headers, value))
    letter = f"{origin.topic}/{origin.partition}/{origin.offset}"

    def listed() -> dict[str, object] | None:
        said = json.loads(exchange.command("dead-letters", "list", "--json", "--limit", "100"))
        return next((each for each in said if each["id"] == letter), None)

    found = await eventually(listed, timeout_seconds=30)
    assert found is not None
    assert (found["reason"], found["state"]) == ("not_a_cloudevent", "unhandled")
    for words in ((), ("--json",)):
        shown = exchange.command("dead-letters", "show", letter, *words)
        assert "\x1b" not in shown
        assert "hunter2" not in shown
        assert "of-nothing" not in shown
        assert "still_dead" in shown
    said = json.loads(
        exchange.command("dead-letters", "replay", letter, "--json", codes=(ExitCode.PARTLY,))
    )
    assert [each["hindrance"] for each in said] == ["still_dead"]
    dropped = json.loads(exchange.command("dead-letters", "drop", letter, "--json"))
    assert dropped == {"dropped": [letter], "handled_before": []}
    assert listed() is None


def test_a_ledger_is_backed_up_and_rebuilt_equal_while_it_is_written(
    exchange: Exchange, tmp_path: Path
) -> None:
    """It isn't replaced under its service, and a back-up is one file that a rebuild starts from."""
    Shell(exchange).import_sheet(tmp_path)
    copy = tmp_path / "copy.sqlite3"
    made = json.loads(exchange.command("ledger", "backup", str(copy), "--json"))
    assert made["decisions"] > 0
    said = json.loads(exchange.command("ledger", "rebuild", "--from", str(copy), "--json"))
    assert said["equal"], said
    assert said["rows_compared"] > made["decisions"]
    assert not said["replaced"]
    exchange.command("ledger", "rebuild", "--replace", codes=(ExitCode.USAGE,))


@pytest.fixture
def mute() -> Iterator[str]:
    """Give the address of a server that takes every connection and never answers."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        taken: list[socket.socket] = []

        def take() -> None:
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=take, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        for each in taken:
            each.close()


def test_the_doctor_never_hangs_on_a_broker_that_is_mute_or_gone(tmp_path: Path, mute: str) -> None:
    """It says that the broker failed, what it could not look at, and looks at the home."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        gone = f"127.0.0.1:{free.getsockname()[1]}"
    with ThreadPoolExecutor() as several:
        for found in several.map(partial(diagnosis, tmp_path), (mute, gone, None)):
            assert found["broker"]["level"] == "failed"
            assert found["broker"]["advice"]
            assert found["the rest"]["level"] == "warning"
            assert {"services", "ledger file", "disk"} <= set(found)


def diagnosis(home: Path, address: str | None) -> dict[str, dict[str, str]]:
    """Have the doctor look at an exchange that something fails in; give what it finds, by name."""
    environment = {"STROWGER_SECURITY_PROTOCOL": "PLAINTEXT"}
    if address is not None:
        environment["STROWGER_BOOTSTRAP"] = address
    done = strowger(home, "doctor", "--json", environment=environment)
    assert done.returncode == ExitCode.REFUSED, done.stderr
    return {each["check"]: each for each in json.loads(done.stdout)["findings"]}

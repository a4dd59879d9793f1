import json
import logging
import time
from collections.abc import Iterator

import pytest
import structlog

from strowger import logs
from strowger.settings import Settings


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """Give the process's logging back as it was found."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def _configured(**settings: str) -> None:
    logs.configure(Settings.load(log_format="json", **settings), service="ledger")


def test_a_line_is_one_json_object_with_its_service(capsys: pytest.CaptureFixture[str]) -> None:
    """A program reads each line by itself: constant event, keys, level, service; on stderr."""
    _configured()

    structlog.get_logger("strowger.ledger").info("offer stored", offer_id="o-1")

    captured = capsys.readouterr()
    line = json.loads(captured.err)
    assert captured.out == ""
    assert (line["event"], line["offer_id"]) == ("offer stored", "o-1")
    assert (line["level"], line["service"]) == ("info", "ledger")


def test_a_secret_is_never_written(capsys: pytest.CaptureFixture[str]) -> None:
    """A key that names a secret loses its value, whoever passed it."""
    _configured()

    structlog.get_logger("strowger").warning("connected", sasl_plain_password="hunter2")  # noqa: S106 # pragma: allowlist secret - made up

    assert "hunter2" not in capsys.readouterr().err


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_traceback_says_where_and_not_what_was_in_hand(
    capsys: pytest.CaptureFixture[str], log_format: str
) -> None:
    """No value of a variable is written: it may be an event, a key or a password."""
    logs.configure(Settings.load(log_format=log_format))

    def fail(payload: bytes) -> int:
        return int(payload is not None) // 0

    try:
        fail(bytes(range(97, 110)))
    except ZeroDivisionError:
        structlog.get_logger("strowger").exception("service failed")

    written = capsys.readouterr().err
    assert "ZeroDivisionError" in written
    assert "fail" in written
    assert "abcdefghijklm" not in written


def test_libraries_speak_only_from_warning_up(capsys: pytest.CaptureFixture[str]) -> None:
    """A library's chatter is left out, its warnings come in the same form as our lines."""
    _configured()

    logging.getLogger("aiokafka.conn").info("chatter")
    logging.getLogger("aiokafka.conn").warning("connection lost")

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["event"], line["logger"]) for line in lines] == [
        ("connection lost", "aiokafka.conn")
    ]


def test_a_library_that_repeats_itself_is_written_once_in_a_while(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker that is away for a night fills no disk; how often a line came is not lost."""
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    _configured()
    library, ours = logging.getLogger("aiokafka"), structlog.get_logger("strowger.matching")

    for _ in range(500):
        library.error("Unable to connect to node %s", 1)
        ours.warning("slow")
    library.error("Unable to connect to node %s", 2)
    now += logs.REPEAT_SECONDS
    library.error("Unable to connect to node %s", 1)

    said = [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()]
    assert said.count("slow") == 500
    assert [line for line in said if line != "slow"] == [
        "Unable to connect to node 1",
        "Unable to connect to node 2",
        "Unable to connect to node 1 (and 499 times since it last said so)",
    ]


def test_lines_below_the_level_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """`log_level` is the least severe line that is written."""
    _configured(log_level="error")

    structlog.get_logger("strowger").warning("slow")

    assert capsys.readouterr().err == ""

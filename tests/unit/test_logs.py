import json
import logging
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

    structlog.get_logger("strowger").warning("connected", sasl_plain_password="hunter2")  # noqa: S106 - made up

    assert "hunter2" not in capsys.readouterr().err


def test_libraries_speak_only_from_warning_up(capsys: pytest.CaptureFixture[str]) -> None:
    """A library's chatter is left out, its warnings come in the same form as our lines."""
    _configured()

    logging.getLogger("aiokafka.conn").info("chatter")
    logging.getLogger("aiokafka.conn").warning("connection lost")

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["event"], line["logger"]) for line in lines] == [
        ("connection lost", "aiokafka.conn")
    ]


def test_lines_below_the_level_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """`log_level` is the least severe line that is written."""
    _configured(log_level="error")

    structlog.get_logger("strowger").warning("slow")

    assert capsys.readouterr().err == ""

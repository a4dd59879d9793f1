"""Structured logs: a constant event name and key=value, to stderr, for people or as JSON lines.

Use `log = structlog.get_logger()` and `log.info("offer stored", offer_id=…)` everywhere; only an
entry point calls `configure`.
"""

import logging
import sys
import time
from collections.abc import MutableMapping
from typing import Any, Final

import structlog
import structlog.tracebacks
from structlog.typing import Processor

from strowger.settings import Settings

REDACTED: Final = "[redacted]"
REPEAT_SECONDS: Final = 10.0
"""How long a library's line keeps the same line from being written again."""

_MOST_REMEMBERED: Final = 1_000
_KAFKA_CLIENT: Final = "aiokafka"
_SECRET_PARTS: Final = ("password", "secret", "token", "private_key", "credential")


def configure(settings: Settings, *, service: str | None = None) -> None:
    """Write this process's logs, and those of the libraries it uses, as the settings say.

    `service` is stamped on every line. Libraries speak from warning up, or all at debug; a line
    that they repeat is written once in ten seconds, with how often it came since.
    """
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _stamp(service),
        _redact,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )

    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_Sparing())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderers(settings),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level if level <= logging.DEBUG else max(level, logging.WARNING))
    logging.getLogger("strowger").setLevel(level)
    logging.getLogger(_KAFKA_CLIENT).setLevel(logging.NOTSET)


def quiet() -> None:
    """Write no log in this process: a command says itself what went wrong, once."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.getLogger(_KAFKA_CLIENT).setLevel(logging.CRITICAL)


class _Sparing(logging.Filter):
    """Lets a library say the same only so often.

    Without a broker aiokafka says some hundred times a second that there is none, for as long as
    there is none: it would fill the disk that the broker is to come back on.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether to write the line, with the count of those that were held back before it."""
        if record.name.partition(".")[0] == "strowger" or record.levelno <= logging.DEBUG:
            return True
        line = (record.name, record.getMessage())
        now = time.monotonic()
        written, held_back = self._said.get(line, (-REPEAT_SECONDS, 0))
        if now - written < REPEAT_SECONDS:
            self._said[line] = (written, held_back + 1)
            return False
        if len(self._said) >= _MOST_REMEMBERED:
            self._said.clear()
        self._said[line] = (now, 0)
        if held_back:
            record.msg, record.args = f"{line[1]} (and {held_back} times since it last said so)", ()
        return True


def _renderers(settings: Settings) -> list[Processor]:
    # Tracebacks without the values of variables, which both would write: events, keys, passwords.
    if settings.log_format == "json":
        frames = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        tracebacks = structlog.processors.ExceptionRenderer(frames)
        return [tracebacks, structlog.processors.JSONRenderer()]
    plain = structlog.dev.plain_traceback
    colors = sys.stderr.isatty()
    return [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain)]


def _stamp(service: str | None) -> Processor:
    """Name the service on each line; not by a context variable, which other threads don't see."""

    def stamp(
        _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        if service is not None:
            event["service"] = service
        return event

    return stamp


def _redact(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Keep a secret out of the log even where somebody passed one."""
    for key in event:
        if any(part in key.lower() for part in _SECRET_PARTS):
            event[key] = REDACTED
    return event

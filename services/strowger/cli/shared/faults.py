"""How a command ends when something is wrong: one line that says what to do, and an exit code."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import typer
from aiokafka.errors import KafkaConnectionError, KafkaTimeoutError, TopicAuthorizationFailedError

from strowger import logs
from strowger.audit.errors import AuditError
from strowger.broker.access import NoCredentials
from strowger.broker.errors import BrokerError
from strowger.broker.registering import RegisteredOtherwise
from strowger.cli.shared.codes import ExitCode
from strowger.cli.shared.output import emit, err
from strowger.cli.shared.place import NotSaid
from strowger.client import ClientError, InboxMissing, OutcomeUnknown, Refused
from strowger.contract.commands import CommandTooNew
from strowger.dead_letters.errors import NotDecided, OriginsPassed, Overtaken
from strowger.keys import KeyUnusable
from strowger.ledger.errors import LedgerError
from strowger.matching.position import StateTooNew
from strowger.profile import ProfileDamaged
from strowger.settings import SettingsError
from strowger.sheets import SheetUnreadable
from strowger.supervisor import AlreadySupervised

_USAGE = (
    NotSaid,
    NoCredentials,
    SettingsError,
    ProfileDamaged,
    SheetUnreadable,
    InboxMissing,
    LedgerError,
    AuditError,
    AlreadySupervised,
    KeyUnusable,
    RegisteredOtherwise,
    OriginsPassed,
    CommandTooNew,
    StateTooNew,
)
_UNREACHABLE = (
    BrokerError,
    ClientError,
    KafkaConnectionError,
    KafkaTimeoutError,
    TopicAuthorizationFailedError,
    TimeoutError,
)


def act(
    work: Callable[[], Coroutine[Any, Any, ExitCode | None]],
    *,
    as_json: bool = False,
    interrupted: ExitCode = ExitCode.INTERRUPTED,
) -> None:
    """Run a command's work to its end, and end the process with its exit code.

    A fault that can be expected becomes one line on stderr; with `as_json` a refusal is also the
    one document on stdout. Any other is ours and keeps its traceback.
    """
    logs.quiet()
    try:
        code = _code(work, as_json=as_json)
    except (KeyboardInterrupt, asyncio.CancelledError):
        code = interrupted
    except BrokenPipeError:  # who read our output has seen enough, as `| head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.OK
    raise typer.Exit(code)


def _code(work: Callable[[], Coroutine[Any, Any, ExitCode | None]], *, as_json: bool) -> ExitCode:
    try:
        return asyncio.run(work()) or ExitCode.OK
    except Refused as refused:
        if as_json:
            emit(refused.event)
        event = refused.event
        reason = event.message[:1].upper() + event.message[1:]
        _say(f"{event.subject} was refused: {event.refusal}. {reason}")
        return ExitCode.REFUSED
    except (OutcomeUnknown, NotDecided, Overtaken) as unknown:
        _say(f"{unknown}")
        return ExitCode.UNKNOWN
    except _USAGE as wrong:
        _say(str(wrong))
        return ExitCode.USAGE
    except _UNREACHABLE as gone:
        _say(str(gone) or "no answer came in time: does the exchange run? see `strowger health`")
        return ExitCode.UNREACHABLE
    except OSError as problem:
        if problem.filename is None or problem.strerror is None:
            raise
        _say(f"{problem.filename}: {problem.strerror.lower()}")
        return ExitCode.USAGE


def _say(message: str) -> None:
    err.print(f"[red]strowger:[/red] {_escaped(message)}")


def _escaped(message: str) -> str:
    return message.replace("[", r"\[")

"""`strowger dead-letters`: what nobody could be told about, and what to do with it."""

import json
import time
from dataclasses import replace
from typing import Annotated

import typer
from rich.markup import escape

from strowger.broker.access import OPERATOR, user_of
from strowger.broker.rights import NOTIFIER
from strowger.cli.shared.codes import ExitCode
from strowger.cli.shared.durations import seconds_of
from strowger.cli.shared.faults import act
from strowger.cli.shared.letter_text import document, show_letter, show_list, show_outcomes
from strowger.cli.shared.options import Bootstrap, Json
from strowger.cli.shared.output import emit, err, out
from strowger.cli.shared.place import NotSaid, Place, place
from strowger.cli.shared.shown import MOST_BYTES, printable, shown, shown_header
from strowger.contract.refusals import DeadLetterReason
from strowger.dead_letters.becoming import Becomes, Hindered
from strowger.dead_letters.letters import (
    Letter,
    State,
    Wanted,
    read_letters,
    read_standing,
)
from strowger.dead_letters.replaying import Met, Outcome, drop, judge, replay

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="List, show, replay and drop what could not be read.",
)

Ids = Annotated[
    list[str] | None, typer.Argument(help="Ids as `list` shows them: topic/partition/offset.")
]
Reason = Annotated[DeadLetterReason | None, typer.Option(help="Only those set aside for this.")]
Topic = Annotated[str | None, typer.Option(help="Only those received on this topic.")]
Since = Annotated[str | None, typer.Option(help="Only those of the last so long, as 1d, 90m.")]


@app.command("list")
def list_(
    *,
    reason: Reason = None,
    topic: Topic = None,
    since: Since = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = 20,
    everything: Annotated[
        bool, typer.Option("--all", help="Those replayed and dropped as well.")
    ] = False,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """List dead letters, the newest first: where each was received, when, and what was wrong.

    For example:

        strowger dead-letters list

        strowger dead-letters list --reason unknown_key --since 1d --all --json
    """

    async def work() -> None:
        here = place(bootstrap=bootstrap)
        address = await here.broker(OPERATOR)
        standing = await read_standing(address)
        found: list[tuple[Letter, State]] = []
        async for letter in read_letters(address, _wanted(None, reason, topic, since)):
            state = standing.state(letter.id)
            if everything or state == "unhandled":
                # Without what was received: many letters, and large ones, may be kept.
                bare = replace(letter.record, value=None, headers=())
                found.append((replace(letter, record=bare), state))
        found.sort(key=lambda each: each[0].came, reverse=True)
        show_list(found[:limit], len(found), as_json=as_json)

    act(work, as_json=as_json)


@app.command()
def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="Its id, as `list` shows it.")],
    *,
    full: Annotated[
        bool, typer.Option("--full", help="All of it, not only its beginning.")
    ] = False,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Show one dead letter: its headers, what was wrong, what was received, what it would become.

    What is not UTF-8 is shown in hex, and nothing in it acts on the terminal; what looks like a
    private key or a password is masked.

    For example:

        strowger dead-letters show offer-published/1/42
    """

    async def work() -> None:
        here = place(bootstrap=bootstrap)
        address = await here.broker(OPERATOR)
        (letter,) = await _letters(address, _wanted([letter_id], None, None, None))
        state = (await read_standing(address)).state(letter.id)
        verdicts = await judge(_met(here), [letter], authenticated=_authenticated(here))
        ((_, it),) = verdicts.of
        value = shown(letter.record.value, None if full else MOST_BYTES)
        headers = [(name, shown_header(name, text)) for name, text in letter.record.headers]
        if as_json:
            # In ASCII: even here nothing that a terminal would act on.
            print(json.dumps(document(letter, state, it, headers, value)))
        else:
            show_letter(letter, state, it, headers, value)

    act(work, as_json=as_json)


@app.command("replay")
def replay_(
    ids: Ids = None,
    *,
    reason: Reason = None,
    topic: Topic = None,
    since: Since = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what each would become; change nothing.")
    ] = False,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Give dead letters to the exchange again, in the order they came, each once.

    Those named, or all unhandled ones that fit the options. A letter can be replayed if today its
    gateway would take it, such as when its sender's key was registered too late, or its inbox was
    made too late. The others are named with what is in the way, and the exit code is 5. To replay
    the same again, or by two operators at once, has one effect.

    For example:

        strowger dead-letters replay session-opened/0/17

        strowger dead-letters replay --reason unknown_key --since 2h --dry-run
    """

    async def work() -> ExitCode:
        here = place(bootstrap=bootstrap)
        address = await here.broker(OPERATOR)
        letters = await _chosen(address, ids, reason, topic, since)
        met = _met(here)
        verdicts = await judge(met, letters, authenticated=_authenticated(here))
        if dry_run:
            outcomes = [_foreseen(letter, it) for letter, it in verdicts.of]
        else:
            outcomes = await replay(met, verdicts)
        show_outcomes(outcomes, as_json=as_json)
        hindered = any(each.hindered is not None for each in outcomes)
        return ExitCode.PARTLY if hindered else ExitCode.OK

    act(work, as_json=as_json)


@app.command("drop")
def drop_(
    ids: Ids = None,
    *,
    reason: Reason = None,
    topic: Topic = None,
    since: Since = None,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Mark dead letters as needing nothing more: `list` leaves them out, unless --all is said.

    Those named, or all unhandled ones that fit the options. They stay on the topic as they are,
    until its retention takes them; one that was dropped may still be replayed by its id.

    For example:

        strowger dead-letters drop session-opened/0/17

        strowger dead-letters drop --reason not_json
    """

    async def work() -> None:
        here = place(bootstrap=bootstrap)
        address = await here.broker(OPERATOR)
        letters = await _chosen(address, ids, reason, topic, since)
        standing = await read_standing(address)
        todo = [each for each in letters if standing.state(each.id) == "unhandled"]
        await drop(address, todo)
        handled = [each.id for each in letters if each not in todo]
        if as_json:
            emit({"dropped": [each.id for each in todo], "handled_before": handled})
            return
        out.print(f"dropped {len(todo):,}")
        for each in handled:
            err.print(f"{escape(printable(each))} was {standing.state(each)} before")

    act(work, as_json=as_json)


def _met(here: Place) -> Met:
    return Met(here.meet(OPERATOR), lambda: here.meet(user_of(NOTIFIER)))


def _authenticated(here: Place) -> bool:
    return here.settings.authentication == "required"


def _wanted(
    ids: list[str] | None, reason: str | None, topic: str | None, since: str | None
) -> Wanted:
    since_ms = 0
    if since is not None:
        since_ms = time.time_ns() // 1_000_000 - seconds_of("--since", since) * 1000
    return Wanted(frozenset(ids or ()), reason, topic, since_ms)


async def _letters(bootstrap: str, wanted: Wanted) -> list[Letter]:
    found = [letter async for letter in read_letters(bootstrap, wanted)]
    if missing := sorted(wanted.ids - {letter.id for letter in found}):
        raise NotSaid(f"no dead letter {missing[0]!r} is kept: see `strowger dead-letters list`")
    return found


async def _chosen(
    bootstrap: str, ids: list[str] | None, reason: str | None, topic: str | None, since: str | None
) -> list[Letter]:
    """Give the letters that are meant; without ids, those that nothing was done with."""
    if bool(ids) == any(each is not None for each in (reason, topic, since)):
        raise NotSaid("say which: ids as `strowger dead-letters list` shows them, or options")
    found = await _letters(bootstrap, _wanted(ids, reason, topic, since))
    if ids:
        return found
    standing = await read_standing(bootstrap)
    return [each for each in found if standing.state(each.id) == "unhandled"]


def _foreseen(letter: Letter, it: Becomes) -> Outcome:
    if isinstance(it, Hindered):
        return Outcome(letter, "not replayed", it)
    return Outcome(letter, "can be replayed")

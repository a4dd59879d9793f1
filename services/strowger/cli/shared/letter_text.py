"""Show dead letters, and what became of them, to people and to programs."""

from collections.abc import Iterable
from dataclasses import asdict

from rich.markup import escape

from strowger.cli.shared.output import emit, err, grid, out
from strowger.cli.shared.shown import Shown, lines, printable
from strowger.cli.shared.told import told
from strowger.contract.fields import from_millis
from strowger.dead_letters.becoming import Becomes, ForAnInbox, Hindered
from strowger.dead_letters.letters import Letter, State
from strowger.dead_letters.replaying import Outcome


def _heading(letter: Letter, state: State) -> dict[str, object]:
    return {
        "id": letter.id,
        "received_at": from_millis(letter.record.timestamp),
        "reason": letter.reason,
        "detail": letter.detail,
        "set_aside_by": letter.service,
        "state": state,
    }


def show_list(found: Iterable[tuple[Letter, State]], count: int, *, as_json: bool) -> None:
    """Show some of `count` letters, in a line each."""
    some = list(found)
    if as_json:
        emit([_heading(letter, state) for letter, state in some])
        return
    table = grid("received", "id", "reason", "what was wrong", "")
    for letter, state in some:
        at = from_millis(letter.record.timestamp)
        said = escape(printable(letter.detail))
        name = escape(printable(letter.id))
        table.add_row(f"{at:%Y-%m-%d %H:%M:%S}", name, letter.reason, said, state)
    out.print(table if some else "no dead letters")
    if count > len(some):
        err.print(f"{count - len(some):,} older ones are not shown: --limit {count}")


Headers = Iterable[tuple[str, Shown | None]]


def document(
    letter: Letter, state: State, it: Becomes, headers: Headers, value: Shown | None
) -> dict[str, object]:
    """Give all that is known of a letter, with what may be shown of what was received."""
    return {
        **_heading(letter, state),
        "received_at": from_millis(letter.record.timestamp).isoformat(),
        "cut": letter.cut,
        "headers": [[name, None if text is None else asdict(text)] for name, text in headers],
        "value": None if value is None else asdict(value),
        "would_become": _becoming(it),
        "hindered_by": it.hindrance.value if isinstance(it, Hindered) else None,
    }


def _becoming(it: Becomes) -> str:
    if isinstance(it, Hindered):
        return f"{it.hindrance}: {it.detail}. {it.hindrance.advice}"
    if isinstance(it, ForAnInbox):
        return f"a notice in {it.notice.topic}"
    return f"{type(it.command).__struct_config__.tag} of {it.command.participant}"


def show_letter(
    letter: Letter, state: State, it: Becomes, headers: Headers, value: Shown | None
) -> None:
    """Show all that is known of a letter, with what may be shown of what was received."""

    def say(text: str) -> None:
        out.print(printable(text), markup=False)

    say(f"{letter.id}, {state}")
    say(f"received  {from_millis(letter.record.timestamp):%Y-%m-%d %H:%M:%S} UTC")
    say(f"wrong     {letter.reason}: {letter.detail} (said by {letter.service})")
    say(f"today     {_becoming(it)}")
    if letter.cut is not None:
        say(f"cut       {letter.cut}")
    out.print("[bold]headers[/bold]")
    for name, text in headers:
        say(f"  {name}: {' '.join(lines(text))}")
    size = 0 if value is None else value.size
    out.print(f"[bold]value[/bold], {size:,} bytes")
    for line in lines(value):
        say(f"  {line}")


def show_outcomes(outcomes: list[Outcome], *, as_json: bool) -> None:
    """Show what became of each letter, or would."""
    if as_json:
        emit([_outcome(each) for each in outcomes])
        return
    table = grid("dead letter", "", "")
    for each in outcomes:
        name = escape(printable(each.letter.id))
        if each.hindered is not None:
            why = each.hindered
            said = escape(printable(f"{why.hindrance}: {why.detail}. {why.hindrance.advice}"))
            table.add_row(name, f"[red]{each.became}[/red]", said)
        else:
            answer = "" if each.answer is None else told(each.answer)
            table.add_row(name, f"[green]{each.became}[/green]", answer)
    out.print(table if outcomes else "no dead letter is meant")


def _outcome(each: Outcome) -> dict[str, object]:
    return {
        "id": each.letter.id,
        "became": each.became,
        "hindrance": None if each.hindered is None else each.hindered.hindrance.value,
        "detail": None if each.hindered is None else each.hindered.detail,
        "answer": each.answer,
    }

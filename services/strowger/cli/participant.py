"""`strowger participant`: add participants, change their keys, take and give back what they may."""

import sys
import time
from dataclasses import asdict
from typing import Annotated

import typer

from strowger import keys
from strowger.broker import authorisation, provisioning
from strowger.broker.access import OPERATOR, ROOT, access_of
from strowger.broker.authorisation import Difference
from strowger.broker.registering import Registered, register, registered
from strowger.cli.shared.access import control_access, taken
from strowger.cli.shared.durations import seconds_of
from strowger.cli.shared.faults import act
from strowger.cli.shared.keyring import public_key, states
from strowger.cli.shared.options import Bootstrap, Json
from strowger.cli.shared.output import emit, err, grid, out
from strowger.cli.shared.place import NotSaid, checked, place
from strowger.cli.topics import show
from strowger.contract.matches import HIDDEN
from strowger.contract.participants import Role
from strowger.contract.signatures import SigningKey
from strowger.enrolment import TRADERS, enrol, registration_of

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Add providers and buyers, change their keys, suspend them.",
)

Name = Annotated[str, typer.Argument(help="The participant's id.")]
Roles = Annotated[
    list[Role] | None, typer.Option("--role", help="What it may do; provider and buyer if unsaid.")
]
OwnKey = Annotated[
    str | None,
    typer.Option("--public-key", help="Its key, as `keys new` shows it; else one is made here."),
]

EventsPerSecond = Annotated[
    int | None,
    typer.Option(min=1, help="Events a second taken from a partition; else as of anybody."),
]


@app.command()
def add(
    names: Annotated[list[str], typer.Argument(help="Ids: lower-case letters, digits, dashes.")],
    *,
    role: Roles = None,
    own_key: OwnKey = None,
    valid: Annotated[
        str | None, typer.Option(help="How long the key counts, such as 52w; else until revoked.")
    ] = None,
    events_per_second: EventsPerSecond = None,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Make each participant's inbox and its user on the broker, and register a key for it.

    The user has the rights of the roles; its password is put into the home's directory of secrets,
    as <name>.json: hand that file over. Again changes nothing, but for rights where the roles are
    others. A key counts a second after it was registered; this waits for it.

    For example:

        strowger participant add carrier-x --role provider

        strowger participant add carrier-x globex

        strowger participant add carrier-y --role provider --public-key 11qYAYKxCrfVS_7TyWQHOg7…
    """

    async def work() -> None:
        here = place(bootstrap=bootstrap)
        for name in names:
            if checked("participant", name) == HIDDEN:
                raise NotSaid(f"{HIDDEN} stands for whoever a market does not name: choose another")
        root = await here.broker(ROOT)
        report = await provisioning.ensure_inboxes(
            root, names, replication_factor=here.settings.replication_factor
        )
        changes = [
            await authorisation.grant(
                root, name, role or TRADERS, secrets_dir=here.settings.secrets_dir
            )
            for name in names
            if access_of(root).credentials is not None
        ]
        address = here.meet(OPERATOR)
        if own_key is None and valid is None and events_per_second is None:
            await enrol(address, here.settings.keys_dir, dict.fromkeys(names, role))
        else:
            if len(names) > 1:
                raise NotSaid("a key is one participant's: add them one by one")
            key = (
                keys.kept_or_new(here.settings.keys_dir, names[0]).public
                if own_key is None
                else public_key(own_key)
            )
            wanted = registration_of(
                names[0], key, role or TRADERS, _until_ms(valid), events_per_second
            )
            await register(address, [wanted])
        show(report, Difference.of(changes), as_json=as_json)

    act(work, as_json=as_json)


@app.command()
def rotate(
    name: Name,
    *,
    role: Roles = None,
    own_key: OwnKey = None,
    overlap: Annotated[
        str, typer.Option(help="How long the keys before still count, such as 1d, 90m, 0.")
    ] = "1h",
    events_per_second: EventsPerSecond = None,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Register another key, and revoke those before once the overlap is over: there is no gap.

    Its roles and events a second are those of the key before, unless others are said. A
    key made here takes the place of the one in the home's keys; what runs with that one has the
    overlap to be started anew.

    For example:

        strowger participant rotate carrier-x

        strowger participant rotate carrier-x --overlap 0
    """

    async def work() -> None:
        here = place(bootstrap=bootstrap)
        spare_ms = seconds_of("--overlap", overlap) * 1000
        address = await here.broker(OPERATOR)
        before = [each.registration for each in await _of(address, name)]
        made = SigningKey.new()
        key = made.public if own_key is None else public_key(own_key)
        most = events_per_second or before[-1].events_per_second
        wanted = registration_of(name, key, role or before[-1].roles, events_per_second=most)
        await register(address, [wanted])
        if own_key is None:
            keys.replace(keys.path_of(here.settings.keys_dir, name), made)
        old = [each.key_id for each in before if each.key_id != key.id]
        from_ms = time.time_ns() // 1_000_000 + spare_ms if spare_ms else 0
        await control_access(address, "revoke", old, from_ms=from_ms)
        if as_json:
            emit({"key_id": key.id, "revoked": old, "overlap_seconds": spare_ms // 1000})
            return
        out.print(f"{name} signs with [bold]{key.id}[/bold]")
        for each in old:
            out.print(f"{each} counts no more" + (f" in {overlap}" if spare_ms else ""))

    act(work, as_json=as_json)


@app.command()
def revoke(
    key_ids: Annotated[list[str], typer.Argument(help="Ids of keys, as `list` shows them.")],
    *,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Revoke keys at once and for good: what they sign is refused from here on in every market.

    For example:

        strowger participant revoke kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k
    """

    async def work() -> None:
        here = place(bootstrap=bootstrap)
        address = await here.broker(OPERATOR)
        known = {each.registration.key_id for each in await registered(address)}
        for key_id in key_ids:
            if key_id not in known:
                raise NotSaid(f"no key {key_id!r} is registered: see `strowger participant list`")
        await control_access(address, "revoke", key_ids)
        _done("revoked", key_ids, as_json=as_json)

    act(work, as_json=as_json)


@app.command()
def withdraw(
    name: Name,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Withdraw it without asking.")] = False,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Take a participant's user off the broker: it can't log in, read its inbox or send any more.

    Its keys are revoked, too, so that what it sent before is refused. What is stored of it stays:
    suspend it first if its offers are not to be sold. `participant add` would make a new user.

    For example:

        strowger participant withdraw carrier-x
    """

    async def work() -> None:
        here = place(bootstrap=bootstrap)
        root = await here.broker(ROOT)
        address = here.meet(OPERATOR)
        before = [each.registration.key_id for each in await _of(address, name)]
        question = f"Take {name}'s user off the broker, and revoke its {len(before)} keys for good?"
        if not (yes or _agreed(question, as_json=as_json)):
            raise NotSaid("nothing was done: it takes --yes, or an answer")
        if access_of(root).credentials is not None:
            await authorisation.withdraw(root, name)
        await control_access(address, "revoke", before)
        if as_json:
            emit({"withdrawn": name, "revoked": before})
        else:
            out.print(f"withdrew [bold]{name}[/bold]; {len(before)} keys count no more")

    act(work, as_json=as_json)


@app.command()
def suspend(name: Name, *, bootstrap: Bootstrap = None, as_json: Json = False) -> None:
    """Suspend a participant in every market: it trades no more, its offers aren't shown or sold.

    It may still end its sessions and ask after outcomes. For one market alone, see
    `strowger market control`.

    For example:

        strowger participant suspend carrier-x
    """

    async def work() -> None:
        here = place(bootstrap=bootstrap)
        await control_access(await here.broker(OPERATOR), "suspend", [checked("participant", name)])
        _done("suspended", [name], as_json=as_json)

    act(work, as_json=as_json)


@app.command()
def readmit(name: Name, *, bootstrap: Bootstrap = None, as_json: Json = False) -> None:
    """Let a participant trade again that was suspended in every market.

    For example:

        strowger participant readmit carrier-x
    """

    async def work() -> None:
        here = place(bootstrap=bootstrap)
        await control_access(await here.broker(OPERATOR), "readmit", [checked("participant", name)])
        _done("readmitted", [name], as_json=as_json)

    act(work, as_json=as_json)


@app.command("list")
def list_(*, bootstrap: Bootstrap = None, as_json: Json = False) -> None:
    """List every participant's keys, their roles, whether they count, and who is suspended.

    For example:

        strowger participant list --json
    """

    async def work() -> None:
        here = place(bootstrap=bootstrap)
        address = await here.broker(OPERATOR)
        lost = await taken(address)
        found = states(await registered(address), lost, time.time_ns() // 1_000_000)
        if as_json:
            emit({"keys": [asdict(each) for each in found], "suspended": sorted(lost.suspended)})
            return
        table = grid("participant", "roles", "key", "")
        for each in found:
            state = "suspended" if each.participant in lost.suspended else each.state
            table.add_row(each.participant, ", ".join(each.roles), each.key_id, state)
        out.print(table)
        if not found:
            err.print("none; add one with `strowger participant add NAME`")

    act(work, as_json=as_json)


async def _of(bootstrap: str, name: str) -> list[Registered]:
    found = [each for each in await registered(bootstrap) if each.registration.participant == name]
    if not found:
        raise NotSaid(f"{name} has no key yet: `strowger participant add {name}`")
    return found


def _until_ms(valid: str | None) -> int | None:
    if valid is None:
        return None
    return time.time_ns() // 1_000_000 + seconds_of("--valid", valid) * 1000


def _agreed(question: str, *, as_json: bool) -> bool:
    if as_json or not sys.stdin.isatty():
        return False
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        return False


def _done(what: str, names: list[str], *, as_json: bool) -> None:
    if as_json:
        emit({what: names})
        return
    for name in names:
        out.print(f"{what} [bold]{name}[/bold] in every market")

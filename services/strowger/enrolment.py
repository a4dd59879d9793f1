"""Enrol participants and services: a key where there is none, and its registration."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from strowger import keys
from strowger.broker.registering import register, registered
from strowger.contract.commands import SESSION_TIMEOUT
from strowger.contract.participants import Registration, Role
from strowger.contract.signatures import PublicKey
from strowger.contract.topics import SESSION_TIMEOUT_APP

TRADERS: Final = (Role.PROVIDER, Role.BUYER)
"""The roles of a participant of which nothing else was said."""

_OF_SERVICES: Final = {SESSION_TIMEOUT: (SESSION_TIMEOUT_APP,)}
"""The services that send events as participants do."""


def registration_of(
    participant: str,
    key: PublicKey,
    roles: Iterable[str],
    not_after_ms: int | None = None,
    events_per_second: int | None = None,
) -> Registration:
    """Say of a public key whose it is and what for."""
    return Registration(
        participant,
        key.id,
        tuple(sorted({str(role) for role in roles})),
        key.x,
        not_after_ms=not_after_ms,
        events_per_second=events_per_second,
    )


async def enrol(
    bootstrap: str, keys_dir: Path, roles: Mapping[str, Sequence[str] | None]
) -> Sequence[Registration]:
    """Give each participant a key of this home, with these roles; give the registrations made.

    Who has a key registered already keeps it, and needs none here. Returns once the keys count.

    Raises:
        KeyUnusable: a key's file is open to others, or holds no key.
        RegisteredOtherwise: the key that is kept here has other roles than those said.
    """
    standing = {each.registration.participant for each in await registered(bootstrap)}
    wanted = []
    for participant, said in roles.items():
        key = keys.kept(keys_dir, participant)
        if participant in standing and (said is None or key is None):
            continue
        key = key or keys.kept_or_new(keys_dir, participant)
        wanted.append(registration_of(participant, key.public, said or TRADERS))
    return await register(bootstrap, wanted)


async def enrol_services(bootstrap: str, keys_dir: Path) -> Sequence[Registration]:
    """Enrol the services of the exchange that send events; as `enrol`."""
    return await enrol(bootstrap, keys_dir, _OF_SERVICES)

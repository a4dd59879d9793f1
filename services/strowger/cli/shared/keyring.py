"""Keys as the operator sees them: registered, counting, expired, revoked."""

from collections.abc import Iterable
from dataclasses import dataclass

from strowger.broker.registering import Registered
from strowger.cli.shared.access import Taken
from strowger.cli.shared.place import NotSaid
from strowger.contract.fields import from_millis
from strowger.contract.signatures import NotAKey, PublicKey


@dataclass(frozen=True)
class KeyState:
    """A registered key and how it stands."""

    participant: str
    key_id: str
    roles: tuple[str, ...]
    state: str
    """`counts`, `expired`, `revoked`, or what is to come of it and when."""


def states(found: Iterable[Registered], lost: Taken, now_ms: int) -> list[KeyState]:
    """Say how each key stands, by participant, in the order of their registration."""
    told = [
        KeyState(
            each.registration.participant,
            each.registration.key_id,
            each.registration.roles,
            _state(each, lost, now_ms),
        )
        for each in found
    ]
    return sorted(told, key=lambda each: each.participant)


def _state(found: Registered, lost: Taken, now_ms: int) -> str:
    registration = found.registration
    revoked_from_ms = lost.revoked_from_ms.get(registration.key_id)
    ends_ms = registration.not_after_ms
    if revoked_from_ms is not None and revoked_from_ms <= now_ms:
        return "revoked"
    if ends_ms is not None and ends_ms <= now_ms:
        return "expired"
    if found.counts_from_ms > now_ms:
        return f"counts from {_moment(found.counts_from_ms)}"
    if revoked_from_ms is not None:
        return f"counts until {_moment(revoked_from_ms)}"
    return "counts" if ends_ms is None else f"counts until {_moment(ends_ms)}"


def _moment(moment_ms: int) -> str:
    return f"{from_millis(moment_ms):%Y-%m-%d %H:%M:%S} UTC"


def public_key(said: str) -> PublicKey:
    """Read a public key as `strowger keys new` shows it.

    Raises:
        NotSaid: it is none.
    """
    try:
        return PublicKey(said)
    except NotAKey as problem:
        raise NotSaid(f"--public-key: {problem}, as `strowger keys new` shows it") from None

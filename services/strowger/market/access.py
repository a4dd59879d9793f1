"""Rules of access, alike for every market of a partition: keys revoked, participants suspended."""

from collections.abc import Iterator
from typing import ClassVar, Final

from strowger.contract.commands import EXCHANGE, OPERATOR, AcceptOffer, AnyCommand, ControlAccess
from strowger.contract.decision import Decision, Ground
from strowger.contract.fields import from_millis
from strowger.contract.outbound import AccessControlled, Event, EventRefused
from strowger.contract.refusals import Refusal
from strowger.market.digests import event_id
from strowger.market.entities import Entity, Key, RevokedKey, Suspension
from strowger.market.rules import FIRST_RULES
from strowger.market.store import Store, Watcher
from strowger.market.verdict import Denied

ROW_KINDS: Final = frozenset({"revoked-key", "suspension"})
"""The rows of a partition that are of no one market."""


class Access(Watcher):
    """What the operator took from whom, in every market that one partition of the log holds."""

    kinds: ClassVar = (Suspension,)

    def __init__(self) -> None:
        self.store = Store(self)
        self.suspended: frozenset[str] = frozenset()
        """The participants that are suspended in every market."""

    def watch(self, key: Key, old: Entity | None, new: Entity | None) -> None:
        """Follow one change of a row."""
        del key
        if isinstance(old, Suspension):
            self.suspended -= {old.participant}
        if isinstance(new, Suspension):
            self.suspended |= {new.participant}

    def revoked(self, key_id: str, clock_ms: int) -> RevokedKey | None:
        """Give the revocation of a key that is in force; none while the key counts."""
        row = self.store.get(_revoked(key_id))
        return row if isinstance(row, RevokedKey) and row.from_ms <= clock_ms else None

    def suspension(self, participant: str) -> Suspension | None:
        """Give a participant's suspension from every market; none while it may trade."""
        row = self.store.get(_suspended(participant))
        return row if isinstance(row, Suspension) else None

    def grounds(self, command: AnyCommand) -> Iterator[Ground]:
        """Give the suspensions that a command is decided by: its sender's, or its seller's."""
        sellers = (command.provider,) if isinstance(command, AcceptOffer) else ()
        for participant in (command.participant, *sellers):
            suspension = self.suspension(participant)
            if suspension is not None:
                subject = f"suspension of {participant}"
                yield Ground(subject=subject, log_offset=suspension.log_offset)

    def control(self, command: ControlAccess, at_ms: int, log_offset: int) -> Decision:
        """Do what the operator says; the same again changes nothing. A key stays revoked."""
        denied: Denied | None = None
        changed = False
        if command.participant != OPERATOR:
            denied = Denied(Refusal.NOT_ALLOWED, "only the operator controls access")
        else:
            match command.action:
                case "revoke":
                    revoked = RevokedKey(command.subject, command.from_ms, log_offset)
                    changed = self._revoke(revoked)
                case "suspend":
                    suspension = Suspension(command.subject, log_offset)
                    changed = self._put(_suspended(command.subject), suspension)
                case "readmit":
                    changed = self._readmit(command.subject)
                case action:
                    denied = Denied(Refusal.MALFORMED, f"{action} is no action")
        return _decision(command, at_ms, log_offset, denied, repeat=not (changed or denied))

    def _revoke(self, revoked: RevokedKey) -> bool:
        """Revoke a key; a revocation is brought forward, never put off."""
        key = _revoked(revoked.key_id)
        standing = self.store.get(key)
        if isinstance(standing, RevokedKey) and standing.from_ms <= revoked.from_ms:
            return False
        self.store.put(key, revoked)
        return True

    def _put(self, key: Key, entity: Entity) -> bool:
        if self.store.get(key) is not None:
            return False
        self.store.put(key, entity)
        return True

    def _readmit(self, participant: str) -> bool:
        key = _suspended(participant)
        if self.store.get(key) is None:
            return False
        self.store.delete(key)
        return True


def _revoked(key_id: str) -> Key:
    return ("revoked-key", EXCHANGE, key_id)


def _suspended(participant: str) -> Key:
    return ("suspension", EXCHANGE, participant)


def _decision(
    command: ControlAccess, at_ms: int, log_offset: int, denied: Denied | None, *, repeat: bool
) -> Decision:
    event = _answer(command, at_ms, denied)
    tag = str(command.__struct_config__.tag)
    cause = (command.participant, command.causation_id, tag, command.subject, event.TYPE)
    return Decision(
        market=EXCHANGE,
        sequence=0,
        log_offset=log_offset,
        at=event.at,
        rules_version=FIRST_RULES,
        command=tag,
        participant=command.participant,
        role="answer",
        repeat=repeat,
        recipient=None,
        event_id=event_id(EXCHANGE, "", *cause),
        event=event,
    )


def _answer(command: ControlAccess, at_ms: int, denied: Denied | None) -> Event:
    at = from_millis(at_ms)
    if denied is None:
        return AccessControlled(
            market=EXCHANGE,
            causation_id=command.causation_id,
            at=at,
            action=command.action,
            subject=command.subject,
            effective_at=from_millis(command.from_ms) if command.from_ms > at_ms else None,
        )
    return EventRefused(
        market=EXCHANGE,
        causation_id=command.causation_id,
        at=at,
        refusal=denied.refusal,
        retry=denied.refusal.retry,
        message=f"{denied.detail}. {denied.refusal.advice}",
        subject=f"access {command.subject}",
    )

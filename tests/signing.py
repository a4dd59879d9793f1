"""A cast of participants with keys, as gateways know them, and records that they sign."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from strowger.broker.consuming import Record
from strowger.broker.registering import Registered
from strowger.contract.participants import Registration
from strowger.contract.signatures import PublicKey, SigningKey
from strowger.enrolment import registration_of
from strowger.gateways.authentication import Key

LONG_AGO_MS: Final = 1_700_000_000_000


class Cast:
    """Participants by name, each with a key of its own that was registered long ago."""

    def __init__(self, **roles: Sequence[str]) -> None:
        self.keys = {name: SigningKey.new() for name in roles}
        self.known: dict[tuple[str, str], Key] = {}
        for name, key in self.keys.items():
            self.register(registration_of(name, key.public, roles[name]))

    def register(self, registration: Registration, appended_ms: int = LONG_AGO_MS) -> None:
        """Let the gateways know of a key."""
        name = (registration.participant, registration.key_id)
        found = Registered.of(registration, appended_ms)
        self.known[name] = Key(found, PublicKey(registration.x))

    def sign(self, record: Record, topic: str, by: str) -> Record:
        """Give a record with the signature of one of the cast in place of any that it had."""
        headers = [each for each in record.headers if each[0] != "signature"]
        signature = self.keys[by].sign(topic, headers, record.value or b"")
        return replace(record, headers=[*headers, signature])

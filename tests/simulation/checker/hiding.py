"""Anonymity, as a market declares it (invariant 5): only a confirmed sale tells who sells."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from typing import Final

from tests.simulation.checker.reading import Evidence, Facts, Violation

HIDDEN: Final = "hidden"


def hidden_until_bought(evidence: Evidence) -> Iterator[Violation]:
    """See no inbox of a buyer name a provider of a market that hides them, but in what it bought.

    A match, a near miss and a continuation tell nothing by which an offer is known elsewhere.
    """
    hiding = {
        decided.told["market"]
        for decided in evidence.decided
        if decided.kind == "market-declared" and decided.told["terms"].get("providers_hidden")
    }
    sellers = {sent.sender for sent in evidence.sent if sent.body.get("service", {}).get("deck")}
    for buyer, records in evidence.history.inboxes().items():
        for record in records:
            told: Facts = json.loads(record.value or b"{}")
            if told.get("market") not in hiding or buyer in sellers:
                continue
            if told["type"] == "acceptance-confirmed":
                continue
            said = (record.value or b"").decode() + _read(told.get("next"))
            for seller in sorted(sellers):
                if seller in said:
                    yield Violation(5, f"{buyer} was told of {seller} by a {told['type']}")
            yield from _known_elsewhere(buyer, told)


def _known_elsewhere(buyer: str, told: Facts) -> Iterator[Violation]:
    for name in ("matches", "near_misses"):
        for number, each in enumerate(told.get(name, ()), start=1):
            kind = "match" if name == "matches" else "near-miss"
            plain = (HIDDEN, f"{kind}-{number}", 1, HIDDEN)
            names = (each["provider"], each["offer_id"], each["revision"], each["service"]["deck"])
            if names != plain:
                yield Violation(5, f"{buyer} was told of {names} by a {told['type']}")


def _read(token: str | None) -> str:
    """Read what a buyer can read of a continuation."""
    if token is None:
        return ""
    return urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("utf-8", "replace")

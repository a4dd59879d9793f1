"""What the engines are given and what they answer: one form for ours and for every peer."""

from dataclasses import dataclass
from typing import Any, Final, Protocol

from strowger.contract.commands import SubmitRequest
from strowger.contract.normal import Need, Terms, Wish

MARKET: Final = "market"
BUYER: Final = "buyer"
CURRENCY: Final = "EUR"
PAGE: Final = 10
"""How many offers an answer shows."""

CALL_SECONDS: Final = 180
"""The market's default length of a call; every request of the mixes names its own."""

START_MS: Final = 1_800_000_000_000


@dataclass(frozen=True, slots=True)
class Stored:
    """One offer: ids are padded, so that they sort as their numbers do."""

    provider: int
    number: int
    since: int
    from_ms: int
    terms: Terms

    @property
    def provider_id(self) -> str:
        """Give the provider's id."""
        return f"carrier-{self.provider:06d}"

    @property
    def offer_id(self) -> str:
        """Give the offer's id."""
        return f"offer-{self.number:08d}"


@dataclass(frozen=True, slots=True)
class Removed:
    """An offer that is withdrawn."""

    offer: Stored


@dataclass(frozen=True, slots=True)
class Asking:
    """One request, as its gateway puts it on the log."""

    command: SubmitRequest

    @property
    def need(self) -> Need:
        """Give the requested service."""
        return self.command.service

    @property
    def wish(self) -> Wish:
        """Give what is said beside it."""
        return self.command.wish


def asking(need: Need, wish: Wish) -> Asking:
    """Make a request."""
    return Asking(
        SubmitRequest(
            market=MARKET,
            participant=BUYER,
            causation_id="",
            sent_at_ms=0,
            request_id="request",
            session_id=None,
            service=need,
            max_matches=PAGE,
            wish=wish,
        )
    )


Operation = Stored | Removed | Asking
"""A revision that is published, an offer withdrawn, or a request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How many offers are able, and the first ones: ranking cost in 1e-9, provider, offer."""

    able: int
    first: tuple[tuple[int, int, int], ...]


class Engine(Protocol):
    """Something that stores offers and answers requests."""

    name: str

    def load(self, offers: list[Stored]) -> None:
        """Store the offers that the run starts with."""

    def put(self, offer: Stored) -> None:
        """Store an offer, or replace it."""

    def remove(self, offer: Stored) -> None:
        """Take an offer out."""

    def ask(self, asking: Asking) -> Any:  # noqa: ANN401 - each engine's own form
        """Answer one request, in the engine's own form."""

    def told(self, answered: Any) -> Answer:  # noqa: ANN401 - each engine's own form
        """Bring an answer into the form that is compared; this is not timed."""


def keys_of(need: Need) -> list[tuple[str, int]]:
    """Give every scope that applies to a request, and how specific it is.

    Voice: each lead of the number, by length. Ethernet: both ends or what they lie in, by the sum
    of their levels and then the greater level.
    """
    if need.family == "voice":
        number = need.scope[0]
        return [(number[:length], length) for length in range(1, len(number) + 1)]
    keys: dict[str, int] = {}
    for a in _around(need.scope[0]):
        for z in _around(need.scope[1]):
            levels = (a.count("/") + 1, z.count("/") + 1)
            keys["|".join(sorted((a, z)))] = 10 * sum(levels) + max(levels)
    return list(keys.items())


def key_of(terms: Terms) -> str:
    """Give the scope of an offer, spelled as `keys_of` spells it."""
    return "|".join(terms.scope)


def _around(place: str) -> list[str]:
    parts = place.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]

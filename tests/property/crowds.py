"""Crowds: one family, many offers that a request can choose among, and requests for them."""

from collections.abc import Iterator
from random import Random

import msgspec

from strowger.contract.commands import AnyCommand
from tests.commands import NOON_MS, Commands
from tests.property.comparing import Comparison
from tests.property.script_services import FAMILIES, Choices, needed, offered, wished

_OFFERS = 40
_REQUESTS = 8


def crowd(seed: int) -> Iterator[AnyCommand]:
    """Give commands: most offers are in a deck of their own, so that none stands for another."""
    random = Random(seed)  # noqa: S311 - reproducible, guarding nothing
    commands = Commands()
    family = FAMILIES[seed % len(FAMILIES)]
    yield commands.declare()
    yield commands.rates(USD=random.choice((500_000_000, 900_000_001, 1_000_000_000)))
    for number in range(_OFFERS):
        choices = Choices(random.getrandbits(128))
        service = offered(choices, family)
        deck = choices.mostly(f"deck-{number}", "standard")
        yield commands.offer(
            f"of-{number}",
            service=msgspec.structs.replace(service, deck=deck),
            currency=choices.mostly("EUR", "USD"),
            provider=choices.of("acme", "initech"),
        )
    for number in range(_REQUESTS):
        choices = Choices(random.getrandbits(128))
        yield commands.ask(
            f"r-{number}",
            None,
            needed(choices, family),
            max_matches=choices.mostly(None, 1, 3),
            **wished(choices, family),
        )


def compare_crowd(seed: int) -> None:
    """Hold the core's answers in a crowd to those of the naive market.

    Raises:
        Disagreement: a decision differs.
    """
    comparison = Comparison()
    for command in crowd(seed):
        comparison.decide(command, NOON_MS)

"""Bugs to plant in what an offer costs."""

from collections.abc import Iterable
from typing import Final

import msgspec
import pytest

from strowger.contract.fields import NANO
from strowger.contract.normal import Tariff, Wish
from strowger.market import costs, sms
from strowger.market.entities import Quote
from strowger.market.families import Usage
from tests.property.planted_in_rules import Plant


def _round(patch: pytest.MonkeyPatch, *, lines: bool, even: bool = False) -> None:
    real = costs.half_up

    def rounded(numerator: int, denominator: int) -> int:
        if lines != (denominator != NANO):
            return real(numerator, denominator)
        below, rest = divmod(numerator, denominator)
        return below + (even and (2 * rest, below % 2) > (denominator, 0))

    patch.setattr(costs, "half_up", rounded)


def round_down(patch: pytest.MonkeyPatch) -> None:
    """Cut off what is finer than 1e-9."""
    _round(patch, lines=True)


def round_half_to_even(patch: pytest.MonkeyPatch) -> None:
    """Round a half to the even neighbour."""
    _round(patch, lines=True, even=True)


def convert_and_cut_off(patch: pytest.MonkeyPatch) -> None:
    """Cut off what of a conversion is finer than 1e-9."""
    _round(patch, lines=False)


def reach_a_tier_too_early(patch: pytest.MonkeyPatch) -> None:
    """Count a volume that just fills a tier to the next."""
    real = costs._in_tiers  # noqa: SLF001 - a planted bug

    def in_tiers(tariff: Tariff, usage: Usage) -> Iterable[Usage]:
        if not tariff.volume:
            return real(tariff, usage)
        more = usage._replace(quantity=usage.quantity + 1)
        return [part._replace(quantity=usage.quantity) for part in real(tariff, more)]

    patch.setattr(costs, "_in_tiers", in_tiers)


def swap_graduated_and_volume(patch: pytest.MonkeyPatch) -> None:
    """Price graduated tiers by volume, and the other way round."""
    real = costs._in_tiers  # noqa: SLF001 - a planted bug

    def in_tiers(tariff: Tariff, usage: Usage) -> Iterable[Usage]:
        return real(msgspec.structs.replace(tariff, volume=not tariff.volume), usage)

    patch.setattr(costs, "_in_tiers", in_tiers)


def lose_the_renewal(patch: pytest.MonkeyPatch) -> None:
    """Never say that a renewal is assumed."""
    real = costs.quote

    def quote(*given: object, **named: object) -> Quote:
        quoted = real(*given, **named)  # type: ignore[arg-type]  # handed on
        return msgspec.structs.replace(quoted, renewal_assumed=False)

    patch.setattr(costs, "quote", quote)


def bind_for_longer_than_wanted(patch: pytest.MonkeyPatch) -> None:
    """Choose among all terms, those too long as well."""
    real = costs.best_term

    def best_term(tariff: Tariff, wish: Wish) -> tuple[int, int, int | None] | None:
        return real(tariff, msgspec.structs.replace(wish, max_term_months=120))

    patch.setattr(costs, "best_term", best_term)


def pay_for_all_that_is_delivered(patch: pytest.MonkeyPatch) -> None:
    """Forget that more messages are submitted than arrive."""
    real = sms._charged  # noqa: SLF001 - a planted bug
    patch.setattr(sms, "_charged", lambda terms, need: real(terms, need) // 1)


PLANTED: Final[tuple[Plant, ...]] = (
    round_down,
    round_half_to_even,
    convert_and_cut_off,
    reach_a_tier_too_early,
    swap_graduated_and_volume,
    lose_the_renewal,
    bind_for_longer_than_wanted,
    pay_for_all_that_is_delivered,
)

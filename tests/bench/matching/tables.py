"""What the peers that speak SQL are given: rows of integers and words, and their queries' text."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from strowger.contract.normal import Terms
from tests.bench.matching.shape import CALL_SECONDS, Asking, Stored, key_of, keys_of
from tests.bench.matching.voices import CODECS

QUERIES: Final = Path(__file__).parent / "queries"

_LINE_COLUMNS: Final = (
    "cir_mbps",
    "class_of_service",
    "interfaces",
    "delay_ms",
    "loss_percent",
    "availability_percent",
    "install_days",
)

Row = dict[str, int | str | None]

Rows = list[tuple[int, int, int, int]]
"""How many are able, and of each shown its ranking cost, provider and number."""


def statements(family: str, dialect: str) -> dict[str, str]:
    """Read a peer's statements by name, as `queries/<family>.<dialect>.sql` has them."""
    text = (QUERIES / f"{family}.{dialect}.sql").read_text("utf-8")
    _, *parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


class Asks:
    """Makes the text of a request's query: its clauses only, and a value for each of its keys."""

    def __init__(self, template: str, sign: str = ":") -> None:
        self._template = template.splitlines()
        self._sign = sign
        self._made: dict[tuple[tuple[str, ...], int], str] = {}

    def text(self, asked: tuple[str, ...], keys: int) -> str:
        """Give the query for these clauses and so many keys; the same text for the same."""
        if (asked, keys) not in self._made:
            lines = [
                line
                for line in self._template
                if "-- if " not in line or line.rpartition("-- if ")[2].strip() in asked
            ]
            sign, places = self._sign, range(keys)
            values = ", ".join(f"({sign}scope{each}, {sign}level{each})" for each in places)
            scopes = ", ".join(f"{sign}scope{each}" for each in places)
            text = "\n".join(lines)
            self._made[asked, keys] = text.replace("{keys}", values).replace("{scopes}", scopes)
        return self._made[asked, keys]


class Numbering:
    """Numbers scopes and decks, so that peers compare integers; no unknown scope is looked up."""

    def __init__(self) -> None:
        self._scopes: dict[str, int] = {}
        self._decks: dict[tuple[int, str], int] = {}

    def row(self, offer: Stored) -> Row:
        """Give an offer as a row."""
        terms = offer.terms
        scope = self._scopes.setdefault(key_of(terms), len(self._scopes))
        deck = self._decks.setdefault((offer.provider, terms.deck), len(self._decks))
        return {
            "provider": offer.provider,
            "number": offer.number,
            "scope": scope,
            "deck": deck,
            "from_ms": offer.from_ms,
            "since": offer.since,
            **_OF_FAMILY[terms.family](terms),
        }

    def parameters(self, asking: Asking) -> tuple[tuple[str, ...], int, dict[str, int | str]]:
        """Give a request's clauses, how many of its scopes exist, and its query's parameters."""
        need, wish = asking.need, asking.wish
        keys = [(self._scopes[key], level) for key, level in keys_of(need) if key in self._scopes]
        values: dict[str, int | str] = {"quantity": need.quantity, "months": wish.comparison_months}
        if need.family == "voice":
            seconds = int(need.extra.get("call_seconds", CALL_SECONDS))
            values["seconds"] = seconds
            values["calls"] = -(-need.quantity * 60 // seconds)
        else:
            values["longest"] = wish.max_term_months
        for place, (scope, level) in enumerate(keys):
            values[f"scope{place}"] = scope
            values[f"level{place}"] = level
        for asked in need.clauses:
            value = asked.value
            values[asked.attribute] = mask(value) if isinstance(value, tuple) else value
        return tuple(sorted(asked.attribute for asked in need.clauses)), len(keys), values


def mask(codecs: tuple[str, ...]) -> int:
    """Give a set of codecs as bits."""
    return sum(1 << CODECS.index(codec) for codec in codecs)


def _word(terms: Terms, name: str) -> int | str | None:
    value = terms.attributes.get(name)
    return mask(value) if isinstance(value, tuple) else value


def _voice(terms: Terms) -> Row:
    tariff = terms.tariff
    names = ("asr_percent", "acd_seconds", "pdd_ms", "channels", "codecs", "cli")
    return {
        "rate": tariff.usage_nano,
        "fee": tariff.fee_nano,
        "minimum": tariff.minimum,
        "increment": tariff.increment,
        "capacity": terms.capacity,
        **{name: _word(terms, name) for name in names},
    }


def _ethernet(terms: Terms) -> Row:
    tariff = terms.tariff
    step = tariff.steps[0] if tariff.steps else None
    return {
        "one_off": tariff.one_off_nano,
        "recurring": tariff.recurring_nano,
        "term_months": None if step is None else step.months,
        "term_recurring": None if step is None else step.recurring_nano,
        "term_one_off": None if step is None else step.one_off_nano,
        "capacity": terms.capacity,
        "availability_percent": _word(terms, "availability_percent"),
        "install_days": _word(terms, "install_days"),
        **{name: _word(terms, name) for name in _LINE_COLUMNS},
    }


_OF_FAMILY: Final[dict[str, Callable[[Terms], Row]]] = {"voice": _voice, "ethernet": _ethernet}

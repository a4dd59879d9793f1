"""The rules that decide, as numbers. A change to any of them is a new rules version.

A version is in force in a market by its declaration, or by a later word of its operator: both stand
in the log, so that a release with other rules decides an old log as it was decided.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Rules:
    """One version: all in which it differs from others."""

    keeps_last_of_pool: bool
    """Whether of a pool's waiting changes only the last is kept, those before it as past ones."""

    tells_no_session: bool
    """Whether nothing that a guarded or sealed market tells of a sale turns on open sessions."""

    keeps_what_was_shown: bool
    """Whether it stays for a guarded or sealed session when a later revision comes into force."""


FIRST_RULES: Final = 2
"""In force where a declaration names none; stamped, too, on what no market has decided."""

NEWEST_RULES: Final = 4

RULES: Final[Mapping[int, Rules]] = MappingProxyType(
    {
        2: Rules(keeps_last_of_pool=False, tells_no_session=False, keeps_what_was_shown=False),
        3: Rules(keeps_last_of_pool=True, tells_no_session=False, keeps_what_was_shown=False),
        4: Rules(keeps_last_of_pool=True, tells_no_session=True, keeps_what_was_shown=True),
    }
)
"""By version; the version in force is stamped on every decision."""

KNOWN_RULES: Final = ", ".join(map(str, RULES))

HORIZON_MS: Final = 86_400_000
"""How long an answer is remembered, and how old an event may be when it is decided."""

CLOCK_SKEW_MS: Final = 300_000
"""How far ahead of market time a sender's clock may be."""

FORGET_PER_COMMAND: Final = 256
"""The most rows forgotten while deciding one command, so that no command waits for a clean-up."""

FEED_PER_COMMAND: Final = 1_000
"""The most offers that the feed is told of, or cleared of, beside what a command itself changes."""

FARTHEST_AHEAD_MS: Final = 366 * 86_400_000
"""How far ahead of market time a revision may take effect."""

REVISIONS_TO_COME: Final = 16
"""How many revisions of an offer may be waiting to take effect."""

PAST_REVISIONS: Final = 16
"""How many replaced revisions of an offer are told from a reused one; older ones are just stale."""

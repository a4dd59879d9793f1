"""The rules that decide, as numbers. A change to any of them is a new rules version."""

from typing import Final

RULES_VERSION: Final = 2
"""Stamped on every decision."""

HORIZON_MS: Final = 86_400_000
"""How long an answer is remembered, and how old an event may be when it is decided."""

CLOCK_SKEW_MS: Final = 300_000
"""How far ahead of market time a sender's clock may be."""

FORGET_PER_COMMAND: Final = 256
"""The most rows forgotten while deciding one command, so that no command waits for a clean-up."""

FARTHEST_AHEAD_MS: Final = 366 * 86_400_000
"""How far ahead of market time a revision may take effect."""

REVISIONS_TO_COME: Final = 16
"""How many revisions of an offer may be waiting to take effect."""

PAST_REVISIONS: Final = 16
"""How many replaced revisions of an offer are told from a reused one; older ones are just stale."""

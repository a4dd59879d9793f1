"""Look up countries by their code; only gateways do, since the table changes between releases.

Source: the table of ISO 3166-1 alpha-2 codes that the IANA time zone database carries
(`iso3166.tab`, public domain), out of the package `tzdata`. It is the one table at hand that is the
standard's own list: numbering plans leave out territories without numbers and add codes that ISO
only reserves, and lists of airports leave out countries without one.
"""

from functools import cache
from importlib.resources import files
from typing import Final

KOSOVO: Final = "XK"
"""Not assigned by ISO but left to users, and used so by numbering plans, networks and airports."""


def is_country(code: str) -> bool:
    """Say whether a country has this alpha-2 code."""
    return code in _codes()


@cache
def _codes() -> frozenset[str]:
    table = files("tzdata").joinpath("zoneinfo/iso3166.tab").read_text(encoding="utf-8")
    rows = (line for line in table.splitlines() if line and not line.startswith("#"))
    return frozenset({KOSOVO, *(row.split("\t")[0] for row in rows)})

"""The families that markets trade in, each named once here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from strowger.market.ethernet import Ethernet
from strowger.market.families import Family
from strowger.market.internet import Internet
from strowger.market.sms import Sms
from strowger.market.voice import Voice

_ALL: Final[tuple[Family, ...]] = (Voice(), Internet(), Ethernet(), Sms())

FAMILIES: Final[Mapping[str, Family]] = MappingProxyType({family.name: family for family in _ALL})
"""By name."""

"""Look up E.164 numbers; only gateways do, and what they find travels with the command.

Source: the numbering plans that the package `phonenumbers` carries (Google's libphonenumber), whose
data changes between releases. That is why the market core never looks there.
"""

import re
from typing import ClassVar, Final

from phonenumbers import (
    NumberParseException,
    PhoneNumberFormat,
    ValidationResult,
    format_number,
    is_possible_number_with_reason,
    parse,
    region_code_for_number,
)

from strowger.contract.refusals import Refusal
from strowger.gateways.unknown import Unknown

_ISO_3166: Final = re.compile(r"[A-Z]{2}")


class NotE164(Unknown):
    """The number is none that can be dialled from abroad as it stands."""

    refusal: ClassVar[Refusal] = Refusal.NOT_E164


def country_of(number: str) -> str | None:
    """Give the ISO 3166 code of an E.164 number with `+`; none where it belongs to no one country.

    Raises:
        NotE164: its country code is not in use, its length is not one of that country's, or a
            national prefix stands in it (as in +44 020 …), which would send it elsewhere.
    """
    try:
        parsed = parse(number)
    except NumberParseException:
        raise NotE164("it starts with no country code in use, or is too short") from None
    if is_possible_number_with_reason(parsed) != ValidationResult.IS_POSSIBLE:
        raise NotE164(f"no number of +{parsed.country_code} has this length")
    international = format_number(parsed, PhoneNumberFormat.E164)
    if international != number:
        raise NotE164(f"it holds a national prefix; dialled from abroad it is {international}")
    region = region_code_for_number(parsed)
    return region if region is not None and _ISO_3166.fullmatch(region) else None

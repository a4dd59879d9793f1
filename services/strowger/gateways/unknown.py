"""What reference data, or a family, does not know: each kind has its refusal."""

from typing import ClassVar

from strowger.contract.refusals import Refusal


class Unknown(ValueError):
    """Something that a sender named is not known; the message says what, `refusal` what for."""

    refusal: ClassVar[Refusal]

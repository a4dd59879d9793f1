"""Contracts by the decisions that made them: names that the naive market can know, too."""

from dataclasses import replace

from tests.property.naive_rows import Told


class Contracts:
    """The contracts of one market; of two under one name the second keeps the first one's."""

    def __init__(self) -> None:
        self._made: dict[object, str] = {}

    def renamed(self, decided: Told) -> Told:
        """Give what was told; its contract, if it has one, named by the decision that made it."""
        if "contract_id" not in decided.event:
            return decided
        contract = decided.event["contract_id"]
        name = self._made.setdefault(contract, f"{decided.event['market']}-{decided.sequence}")
        public = decided.public
        if public is not None and public["contract_id"] == contract:
            cause = public["causation_id"]
            named = {"contract_id": name, "causation_id": name if cause == contract else cause}
            public = {**public, **named}
        return replace(decided, event={**decided.event, "contract_id": name}, public=public)

"""Hold a compacted topic against what follows: records may be gone, if later ones replaced them."""

from strowger.audit.comparing import Comparison, Expected, identity, same
from strowger.audit.findings import Finding


class CompactedComparison(Comparison):
    """One partition of a compacted topic.

    What is found must be of what follows, in its order; and the last of what follows under each key
    must be found, save for tombstones, unless a later command has replaced it by then.
    """

    def __init__(self, topic: str, partition: int) -> None:
        super().__init__(topic, partition)
        self._owed: dict[bytes, Expected] = {}
        """By key, the last record that follows and was not found, nor one that replaced it."""

    def compare(
        self, *, all_expected: bool = False, all_found: bool = False, until: int | None = None
    ) -> Finding | None:
        """Compare as far as both sides reach; give the first record that is not as it follows.

        Records from the offset `until` on may be of later commands.
        """
        while self._found:
            if not self._take_first():
                forged = self._renamed()
                if forged is not None:
                    return forged
                # It may follow from a command to come; all that was expected before it is gone.
                self._owe(len(self._expected))
                break
        if not all_expected:
            return None
        if self._found and (until is None or self._found[0].offset < until):
            return self._extra("nothing in the log that was decided leads to it")
        return self._owing() if all_found else None

    def _take_first(self) -> bool:
        """Take the first record found off both sides; say whether it follows from anything."""
        found = self._found[0]
        for place, expected in enumerate(self._expected):
            if same(expected, found):
                self._owe(place)
                self._expected.popleft()
                self._found.popleft()
                self._owed.pop(expected.key, None)
                self.agreed += 1
                self.next_offset = found.offset + 1
                return True
        return False

    def _renamed(self) -> Finding | None:
        """Find a record that has the id of one that follows, and is another."""
        got = identity(self._found[0].headers)
        for place, expected in enumerate(self._expected):
            if got is not None and identity(expected.headers) == got:
                self._owe(place)
                return self._changed()
        return None

    def _owe(self, count: int) -> None:
        """Note so many records as gone: each must have been replaced, or will be."""
        for _ in range(count):
            gone = self._expected.popleft()
            if gone.value is None:
                self._owed.pop(gone.key, None)
            else:
                self._owed[gone.key] = gone

    def _owing(self) -> Finding | None:
        """Give the first record that is gone and that nothing has replaced."""
        self._owe(len(self._expected))
        replaced = {record.key for record in self._found}
        owed = [each for key, each in self._owed.items() if key not in replaced]
        if not owed:
            return None
        self._expected.append(min(owed, key=lambda each: each.command.offset))
        return self._missing()

"""A reader of a market's feed that believes nothing: it counts, adds up and compares."""

from collections.abc import Iterable

from tests.property.naive_words import Facts

Key = tuple[str, ...]


class FeedBroken(AssertionError):
    """The feed is not what the contract says of it."""


class NaiveFeed:
    """What a follower holds who has read every record from the first on."""

    def __init__(self) -> None:
        self.numbers: dict[Key, int] = {}
        self.entries: dict[Key, Facts] = {}
        self.number = 0
        self.standing = "closed"
        self.last: dict[Key, Facts | None] = {}
        """What compaction leaves: the last of each key, in the order of writing."""

    def take(self, records: Iterable[tuple[Key, Facts | None]]) -> None:
        """Read records.

        Raises:
            FeedBroken: a number is left out, or offers or their sum are not those held.
        """
        for key, value in records:
            self.last.pop(key, None)
            self.last[key] = value
            self._take_one(key, value)

    def _take_one(self, key: Key, value: Facts | None) -> None:
        if value is None:
            self._drop(key)
            return
        if value["number"] != self.number + 1:
            raise FeedBroken(f"after {self.number} came {value}")
        self._hold(key, value)
        self.number += 1
        held = (len(self.numbers), sum(self.numbers.values()))
        if held != (value["offers"], value["sum_of_numbers"]):
            raise FeedBroken(f"{held} are held, but {value} was told")

    def _hold(self, key: Key, value: Facts) -> None:
        self.standing = str(value["standing"])
        match value["type"]:
            case "offer-listed":
                entry = value["entry"]
                assert isinstance(entry, dict)
                if key != (value["market"], entry["provider"], entry["offer_id"]):
                    raise FeedBroken(f"{value} has the key {key}")
                self.numbers[key] = int(str(value["number"]))
                self.entries[key] = entry
            case "offer-delisted":
                self._drop((str(value["market"]), str(value["provider"]), str(value["offer_id"])))
            case "book-marked" if self.standing == "closed":
                self.numbers.clear()
                self.entries.clear()

    def _drop(self, key: Key) -> None:
        self.numbers.pop(key, None)
        self.entries.pop(key, None)

    def check_compacted(self) -> None:
        """Hold what a late joiner reads, when all is compacted, to what is held here.

        Raises:
            FeedBroken: it would hold other offers, or could not tell that it has all of them.
        """
        late, told = NaiveFeed(), None
        for key, value in self.last.items():
            if value is not None:
                late._hold(key, value)
                told = max(told or value, value, key=lambda each: int(str(each["number"])))
        if late.entries != self.entries:
            raise FeedBroken(f"a late joiner holds {late.entries}, not {self.entries}")
        held = (self.number, len(late.numbers), sum(late.numbers.values()))
        if told and (told["number"], told["offers"], told["sum_of_numbers"]) != held:
            raise FeedBroken(f"a late joiner holds {held}, but {told} was told")

"""Read records whose header names are not UTF-8, where aiokafka raises at them.

Kafka takes such records, and some clients write them. aiokafka fails on one, and on the batch
around it, at each new attempt: a single one would stop its partition for good.
"""

from typing import Any, Final, SupportsIndex

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy

_FIRST_FORMAT_WITH_HEADERS: Final = 2


def tolerate_any_header_name() -> None:
    r"""Let this process's consumers read on: bytes that are not UTF-8 become `\xff` in the name.

    It swaps aiokafka's compiled reader for its Python one, several times slower; so a process does
    it only once it has met such a record, and is quick again from its next start.
    """
    fetcher.MemoryRecords = _Records


class _Records(_MemoryRecordsPy):  # type: ignore[misc]  # aiokafka has no types
    def next_batch(self) -> Any:  # noqa: ANN401 - aiokafka has no types
        current = self._next_slice
        if current is None or current[self.MAGIC_OFFSET] < _FIRST_FORMAT_WITH_HEADERS:
            return super().next_batch()
        self._cache_next()
        return _Batch(current)


class _Batch(_DefaultRecordBatchPy):  # type: ignore[misc]  # aiokafka has no types
    _buffer: bytearray

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        if not isinstance(self._buffer, _Buffer):
            self._buffer = _Buffer(self._buffer)


class _Buffer(bytearray):
    def __getitem__(self, index: SupportsIndex | slice) -> Any:  # noqa: ANN401 - int or bytes
        part = super().__getitem__(index)
        return part if isinstance(part, int) else _Bytes(part)


class _Bytes(bytearray):
    def decode(self, encoding: str = "utf-8", _errors: str = "strict") -> str:
        return super().decode(encoding, "backslashreplace")

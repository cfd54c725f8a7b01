"""Where the columns of a Parquet file are: just enough of its footer to fetch some of them and no others.

The footer is a FileMetaData of parquet.thrift in Thrift's compact protocol. Values are read by field number and kept as
they come; what is not needed is passed over. Which numbers mean what is at ``layout_of``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .errors import ParqueueError

_MAGIC = b"PAR1"
#: Behind the metadata: its length, and the magic.
TAIL_BYTES = 8
_DEPTH_MAX = 32


@dataclass(frozen=True)
class ColumnChunk:
    """Bytes ``start`` to ``end`` (exclusive) of a top level column in one row group."""

    column: str
    start: int
    end: int


@dataclass(frozen=True)
class Layout:
    rows: int
    #: In the order of the file; of each its chunks, and its rows.
    row_groups: tuple[tuple[int, tuple[ColumnChunk, ...]], ...]
    #: Where the data ends: what is behind it are indexes and the footer.
    data_end: int


def footer_bytes(tail: bytes) -> int:
    """How many bytes at the end of the file are its footer, by its last eight."""
    if len(tail) < TAIL_BYTES or tail[-4:] != _MAGIC:
        raise _malformed()
    return int.from_bytes(tail[-8:-4], "little") + TAIL_BYTES


def layout_of(footer: bytes) -> Layout:
    """``footer``: the last bytes of the file, as many as ``footer_bytes`` says, or more."""
    size = footer_bytes(footer)
    if size > len(footer):
        raise _malformed()
    try:
        metadata = _Reader(footer[len(footer) - size : len(footer) - TAIL_BYTES]).struct(0)
        # FileMetaData: 3 num_rows, 4 row_groups. RowGroup: 1 columns, 3 num_rows.
        groups = tuple((int(group[3]), tuple(_chunks(group[1]))) for group in metadata.get(4, ()))
        rows = int(metadata[3])
    except (KeyError, TypeError, IndexError, ValueError, AttributeError):
        raise _malformed() from None
    ends = [chunk.end for _, chunks in groups for chunk in chunks]
    return Layout(rows, groups, max(ends, default=len(_MAGIC)))


def _chunks(columns: Any) -> Iterator[ColumnChunk]:
    for column in columns:
        # ColumnChunk: 3 meta_data. ColumnMetaData: 3 path_in_schema, 7 total_compressed_size, 9 data_page_offset,
        # 11 dictionary_page_offset. The dictionary is first; some writers say 0 where there is none.
        meta = column[3]
        start = min(offset for offset in (meta[9], meta.get(11, 0)) if offset > 0)
        yield ColumnChunk(meta[3][0].decode(), start, start + int(meta[7]))


def _malformed() -> ParqueueError:
    return ParqueueError("the server sent what is not the end of a Parquet file", code="UNEXPECTED")


_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT, _UUID = range(1, 14)


class _Reader:
    """Thrift's compact protocol."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def struct(self, depth: int) -> dict[int, Any]:
        fields: dict[int, Any] = {}
        number = 0
        while True:
            header = self._byte()
            if header == 0:
                return fields
            number = number + (header >> 4) if header >> 4 else self._zigzag()
            kind = header & 0x0F
            # A field of a boolean has its value in its type.
            fields[number] = kind == _TRUE if kind in (_TRUE, _FALSE) else self._value(kind, depth + 1)

    def _value(self, kind: int, depth: int) -> Any:
        if depth > _DEPTH_MAX:
            raise ValueError
        if kind in (_I16, _I32, _I64):
            return self._zigzag()
        if kind == _BINARY:
            return self._take(self._varint())
        if kind == _STRUCT:
            return self.struct(depth)
        if kind in (_LIST, _SET):
            header = self._byte()
            size = header >> 4 if header >> 4 != 0x0F else self._varint()
            return [self._value(header & 0x0F, depth + 1) for _ in range(size)]
        if kind == _MAP:
            size = self._varint()
            kinds = self._byte() if size else 0
            return [(self._value(kinds >> 4, depth + 1), self._value(kinds & 0x0F, depth + 1)) for _ in range(size)]
        if kind in (_TRUE, _FALSE):
            return self._byte() == _TRUE
        if kind == _BYTE:
            return self._byte()
        if kind in (_DOUBLE, _UUID):
            return self._take(8 if kind == _DOUBLE else 16)
        raise ValueError

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _take(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        if len(taken) != size:
            raise ValueError
        self._at += size
        return taken

    def _varint(self) -> int:
        value, shift = 0, 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

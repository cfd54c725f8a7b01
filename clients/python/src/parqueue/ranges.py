"""Some columns of a Parquet file at the immutable address of its generation, as a file that has just these.

The file made has the size and the footer of the whole, and of the rest only what was asked for, at the same places; what is
between are holes. A reader that reads just those columns and row groups finds nothing missing. It has no name, so nothing
is left of it when its reader is done or dies. A range cannot be hashed against the digest of the whole: what is checked is
that it is the range asked for, of the generation asked for (its ETag), and all of it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from .errors import ParqueueError
from .footer import TAIL_BYTES, ColumnChunk, Layout, footer_bytes, layout_of
from .question import generation_path
from .transfer import OnBytes, body_of, interrupted, range_of
from .transport import Call, Deadline, Transport

#: Holes smaller than this are fetched with what is around them.
_GAP_BYTES = 64 * 1024
#: What is asked for first: of most files it is the whole footer.
_FOOTER_GUESS = 64 * 1024
#: Row groups are fetched together until there is so much to decode at a time.
BATCH_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True)
class Generation:
    """One generation of an entry: what ``resolve`` names."""

    key: str
    number: int
    etag: str
    sha256: str
    bytes: int


class RemoteFile:
    """The Parquet file of a generation, read in ranges."""

    def __init__(self, generation: Generation, transport: Transport, deadline: Deadline) -> None:
        self.generation = generation
        self._transport = transport
        tail = self._range(max(0, generation.bytes - _FOOTER_GUESS), generation.bytes, deadline)
        size = footer_bytes(tail[-TAIL_BYTES:])
        if size > len(tail):
            missing = self._range(max(0, generation.bytes - size), generation.bytes - len(tail), deadline)
            tail = missing + tail
        self._footer = tail[-size:]
        self.layout: Layout = layout_of(self._footer)

    def empty(self) -> IO[bytes]:
        """The footer, and nothing else: what a schema is read from."""
        return self._holding(())

    def wanted_bytes(self, columns: Sequence[str] | None) -> int:
        return sum(chunk.end - chunk.start for _, chunks in self.layout.row_groups for chunk in _of(chunks, columns))

    def batches(
        self, columns: Sequence[str] | None, rows_max: int | None, deadline: Deadline, on_bytes: OnBytes | None
    ) -> Iterator[tuple[IO[bytes], int, int]]:
        """Files with these columns of some row groups each, with the first row that is in it, and how many are.

        Whoever takes a file closes it.
        """
        first, done, rows, size = 0, 0, 0, 0
        total = self.wanted_bytes(columns) if rows_max is None else None
        wanted: list[ColumnChunk] = []
        groups = self.layout.row_groups
        for at, (group_rows, chunks) in enumerate(groups):
            wanted += _of(chunks, columns)
            rows += group_rows
            size = sum(chunk.end - chunk.start for chunk in wanted)
            enough = rows_max is not None and first + rows >= rows_max
            if size < BATCH_BYTES and at < len(groups) - 1 and not enough:
                continue
            report = None if on_bytes is None else _later(on_bytes, done, total)
            yield self._holding(wanted, deadline, report), first, rows
            first, rows, done, wanted = first + rows, 0, done + size, []
            if enough:
                return

    def _holding(
        self, chunks: Iterable[ColumnChunk], deadline: Deadline | None = None, on_bytes: OnBytes | None = None
    ) -> IO[bytes]:
        file = tempfile.TemporaryFile(prefix="parqueue-")  # noqa: SIM115 - the caller closes it
        try:
            file.truncate(self.generation.bytes)
            file.write(b"PAR1")
            file.seek(self.generation.bytes - len(self._footer))
            file.write(self._footer)
            fetched = 0
            for start, end in _joined(chunks):
                file.seek(start)
                for piece in self._pieces(start, end, deadline or Deadline()):
                    file.write(piece)
                    fetched += len(piece)
                    if on_bytes is not None:
                        on_bytes(fetched, None)
            file.flush()
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return file

    def _range(self, start: int, end: int, deadline: Deadline) -> bytes:
        return b"".join(self._pieces(start, end, deadline))

    def _pieces(self, start: int, end: int, deadline: Deadline) -> Iterator[bytes]:
        """Bytes ``start`` to ``end``, as they come; goes on where a connection broke."""
        path = generation_path(self.generation.key, self.generation.number)
        failures = 0
        while start < end:
            try:
                call = Call("GET", path, headers={"Range": f"bytes={start}-{end - 1}"})
                response = self._transport.send(call, deadline)
                told = range_of(response)
                same = response.headers.get("etag") == self.generation.etag
                if response.status != 206 or told != (start, end - 1, self.generation.bytes) or not same:
                    response.close()
                    raise ParqueueError("the server sent another range than it was asked for", code="UNEXPECTED")
                for piece in body_of(response, deadline, self._transport.silence):
                    start += len(piece)
                    failures = 0
                    yield piece
                if start < end:
                    raise interrupted("the answer ended before all of it was there")
            except ParqueueError as error:
                failures += 1
                if error.code not in ("INTERRUPTED", "UNREACHABLE") or failures > self._transport.retries:
                    raise
                self._transport.pause(failures - 1, deadline)


def _of(chunks: Iterable[ColumnChunk], columns: Sequence[str] | None) -> list[ColumnChunk]:
    return [chunk for chunk in chunks if columns is None or chunk.column in columns]


def _joined(chunks: Iterable[ColumnChunk]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for chunk in sorted(chunks, key=lambda chunk: chunk.start):
        if joined and chunk.start - joined[-1][1] <= _GAP_BYTES:
            joined[-1] = (joined[-1][0], max(joined[-1][1], chunk.end))
        else:
            joined.append((chunk.start, chunk.end))
    return joined


def _later(on_bytes: OnBytes, done: int, total: int | None) -> OnBytes:
    return lambda fetched, _: on_bytes(done + fetched, total)

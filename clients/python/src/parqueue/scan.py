"""A polars scan of one generation: lazy, of the wanted columns and rows only, and never of two generations at once.

polars asks the source here for columns, a predicate and a number of rows when a frame is collected. The file is read in
place where the store is mounted; else from the disk cache, or in ranges of the generation's immutable address. The pin
that keeps the generation is given back when no frame refers to the source any more.
"""

from __future__ import annotations

import contextlib
import errno
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Callable, NoReturn

from . import frames
from .background import ticking
from .errors import ParqueueError
from .pins import Pin
from .progress import Reporter
from .ranges import Generation, RemoteFile
from .transport import Deadline, Transport

if TYPE_CHECKING:
    import polars as pl

#: A file of at most so many bytes is fetched whole: proved, and kept for the next time.
WHOLE_BYTES = 4 * 1024 * 1024
#: So is one of which nearly everything is wanted.
_WHOLE_PART = 0.8
_ATTEMPTS = 3
_GONE = (404, 410)


class Located:
    """One generation: on a mount (``path``), or at the server. Unpinned where the server could not: it says when it is gone."""

    def __init__(self, generation: Generation, pin: Pin | None, *, path: Path | None = None) -> None:
        self.generation = generation
        self.pin = pin
        self.path = path
        self.remote: RemoteFile | None = None
        self._lost = False

    def stands(self) -> bool:
        """By the word of the server, where it can be asked."""
        return not self._lost and (self.pin is None or self.pin.confirmed())

    def lose(self) -> None:
        self._lost = True

    def leave(self) -> None:
        if self.pin is not None:
            self.pin.release_later()


class Part:
    """A file to read, or a window of its rows. It is closed behind its reader."""

    def __init__(self, file: Path | IO[bytes], *, head: int | None = None, window: tuple[int, int] | None = None) -> None:
        self._file = file
        self._window = window
        self.head = head

    def frame(self) -> pl.LazyFrame:
        frame = frames.scan_polars(self._file)
        return frame if self._window is None else frame.slice(*self._window)

    def __enter__(self) -> Part:
        return self

    def __exit__(self, *_: object) -> None:
        if not isinstance(self._file, Path):
            self._file.close()


class ScanContext:
    """What a scan needs of its client."""

    def __init__(
        self,
        *,
        transport: Transport,
        locate: Callable[[Deadline, Reporter], Located],
        whole: Callable[[Generation, Deadline, Reporter], IO[bytes]],
        cached: Callable[[str], IO[bytes] | None],
        reporting: Callable[[], contextlib.AbstractContextManager[Reporter]],
        timeout: float | None,
        title: str,
    ) -> None:
        self.transport = transport
        self.locate = locate
        self.whole = whole
        self.cached = cached
        self.reporting = reporting
        self.timeout = timeout
        self.title = title


class ScanSource:
    """Called by polars, in a thread of its own. Not a value to be sent about: it is bound to its process and its client."""

    def __init__(self, context: ScanContext) -> None:
        self._context = context
        self._lock = threading.Lock()
        with context.reporting() as reporter:
            self._located = self._locate(Deadline(context.timeout, reporter.on_away), reporter)
            self.schema = self._schema(self._located, Deadline(context.timeout, reporter.on_away), reporter)

    def __call__(
        self, columns: list[str] | None, predicate: pl.Expr | None, rows_max: int | None, batch_rows: int | None
    ) -> Iterator[pl.DataFrame]:
        begun = False
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with self._context.reporting() as reporter:
                    deadline = Deadline(self._context.timeout, reporter.on_away)
                    parts = self._parts(columns, rows_max, deadline, reporter)
                    for part in ticking(parts, deadline.cancel):
                        if part is None:
                            # No rows yet, but an occasion for polars to hear Ctrl-C.
                            yield self._nothing(columns)
                            continue
                        with part:
                            for frame in _collected(_narrowed(part.frame(), columns, part.head, predicate), batch_rows):
                                begun = True
                                yield frame
                return
            except (ParqueueError, OSError) as error:
                if not _is_gone(error):
                    raise
                if begun or attempt == _ATTEMPTS:
                    # What was read is of a generation that is not there any more, and the rest would be of another.
                    message = f"the rows of {self._context.title} were replaced or purged while they were read: scan again"
                    raise ParqueueError(message, code="PQ_GONE", status=410, retryable=True) from error
                self._located.lose()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a scan belongs to the process that began it: collect it first, or ask the same question there")

    def __repr__(self) -> str:
        return f"<scan of {self._context.title}, generation {self._located.generation.number}>"

    def _nothing(self, columns: list[str] | None) -> pl.DataFrame:
        nothing: pl.DataFrame = frames.polars().DataFrame(schema=self.schema)
        return nothing.select(columns) if columns else nothing

    def _parts(self, columns: list[str] | None, rows_max: int | None, deadline: Deadline, reporter: Reporter) -> Iterator[Part]:
        """What to read, one file after the other; in a thread of its own."""
        located = self._standing(deadline, reporter)
        if located.path is not None:
            # A client of NFS that was told of its removal meanwhile hears so here.
            located.path.open("rb").close()
            yield Part(located.path, head=rows_max)
            return
        file = self._here(located, columns, rows_max, deadline, reporter)
        if file is not None:
            yield Part(file, head=rows_max)
            return
        for file, first, rows in self._remote(located, deadline).batches(columns, rows_max, deadline, reporter.on_bytes):
            yield Part(file, window=(first, rows if rows_max is None else min(rows, rows_max - first)))

    def _here(
        self, located: Located, columns: list[str] | None, rows_max: int | None, deadline: Deadline, reporter: Reporter
    ) -> IO[bytes] | None:
        """The whole file, where it is in the disk cache or better fetched whole."""
        file = self._context.cached(located.generation.sha256)
        if file is not None:
            return file
        if located.generation.bytes > WHOLE_BYTES:
            wanted = self._remote(located, deadline).wanted_bytes(columns)
            if rows_max is not None or wanted < located.generation.bytes * _WHOLE_PART:
                return None
        return self._context.whole(located.generation, deadline, reporter)

    def _remote(self, located: Located, deadline: Deadline) -> RemoteFile:
        if located.remote is None:
            located.remote = RemoteFile(located.generation, self._context.transport, deadline)
        return located.remote

    def _locate(self, deadline: Deadline, reporter: Reporter) -> Located:
        located = self._context.locate(deadline, reporter)
        weakref.finalize(self, located.leave).atexit = False
        return located

    def _standing(self, deadline: Deadline, reporter: Reporter) -> Located:
        """The generation of this scan, sure to stay; else the one that answers now, as nothing was read of the other.

        One thread at a time: a frame may be collected in several, and all of them move to the same one.
        """
        with self._lock:
            before = self._located
            if before.stands():
                return before
            # Lost, purged, or of the parent of this process: what it kept may go at any moment.
            located = self._locate(deadline, reporter)
            if self._schema(located, deadline, reporter) != self.schema:
                message = f"the columns of {self._context.title} are not what they were when the scan began: scan again"
                raise ParqueueError(message, code="PQ_GENERATION_CHANGED", status=409, retryable=True)
            before.leave()
            self._located = located
            return located

    def _schema(self, located: Located, deadline: Deadline, reporter: Reporter) -> pl.Schema:
        if located.path is not None:
            return frames.scan_polars(located.path).collect_schema()
        file = self._context.cached(located.generation.sha256)
        if file is None and located.generation.bytes <= WHOLE_BYTES:
            file = self._context.whole(located.generation, deadline, reporter)
        if file is None:
            file = self._remote(located, deadline).empty()
        with file:
            return frames.scan_polars(file).collect_schema()


def lazy_frame(context: ScanContext) -> pl.LazyFrame:
    """Raises ParqueueError as every question; reads no rows yet."""
    frames.polars()
    from polars.io.plugins import register_io_source

    source = ScanSource(context)
    return register_io_source(source, schema=source.schema, is_pure=True)


def _narrowed(frame: pl.LazyFrame, columns: list[str] | None, rows_max: int | None, predicate: pl.Expr | None) -> pl.LazyFrame:
    if columns:  # of no column at all only the number of rows is asked, which a frame without columns has not
        frame = frame.select(columns)
    if rows_max is not None:
        frame = frame.head(rows_max)
    return frame if predicate is None else frame.filter(predicate)


def _collected(frame: pl.LazyFrame, batch_rows: int | None) -> Iterator[pl.DataFrame]:
    """In bounded memory where this polars can."""
    batches: Any = getattr(frame, "collect_batches", None)
    if batches is None:
        yield frame.collect()
        return
    yield from batches(chunk_size=batch_rows, maintain_order=True)


def _is_gone(error: BaseException) -> bool:
    if isinstance(error, ParqueueError):
        return error.status in _GONE
    return isinstance(error, FileNotFoundError) or getattr(error, "errno", None) == errno.ESTALE

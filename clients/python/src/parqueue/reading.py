"""From a question to a file of this machine: on the mount, in the disk cache, or fetched."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from .cache import DiskCache, is_sha256
from .errors import ParqueueError, unexpected
from .forks import renew_after_fork
from .frames import File
from .mount import Mount, PinnedFile
from .pins import PIN_SECONDS, Pin, PinKeeper, clock
from .progress import ProgressOption, Reporter, reporting
from .question import Freshness, Question, data_call, fits_url, generation_path, resolve_call
from .ranges import Generation
from .scan import Located, ScanContext, lazy_frame
from .transfer import receive
from .transport import Call, Deadline, Transport

if TYPE_CHECKING:
    import polars as pl

#: A generation may be removed between the two requests for it, by a purge for example; hardly twice.
_ATTEMPTS = 3
#: Without its Redis a server pins nothing; where the policy allows it, it answers all the same, over HTTP.
_NOT_PINNED = "PQ_COORDINATION_DOWN"
#: Between two looks at the deadline of who waits for another thread.
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Options:
    freshness: Freshness | None = None
    timeout: float | None = None
    progress: ProgressOption = True


class Reading:
    """All that reads rows. Safe to use from many threads."""

    def __init__(self, transport: Transport, cache: DiskCache, keeper: PinKeeper, mount: Mount | None) -> None:
        self._transport = transport
        self._cache = cache
        self._keeper = keeper
        self._mount = mount
        self.forked()
        renew_after_fork(self)

    def forked(self) -> None:
        self._turns: dict[str, _Turn] = {}
        self._lock = threading.Lock()

    def resolve(self, question: Question, options: Options, *, pin: str | None = None) -> dict[str, Any]:
        with reporting(options.progress, question.title) as reporter:
            return self._resolve(question, options, Deadline(options.timeout, reporter.on_away), reporter, pin)

    @contextlib.contextmanager
    def file(self, question: Question, options: Options) -> Iterator[File]:
        """The rows as a Parquet file, for as long as the block: the store's own, or one that was transferred and proved."""
        try:
            pinned = None if self._mount is None else self.path(question, options)
        except ParqueueError as error:
            if error.code != _NOT_PINNED:
                raise
            pinned = None
        if pinned is not None:
            with pinned:
                yield str(pinned)
            return
        with self._fetched(question, options) as file:
            yield file

    def path(self, question: Question, options: Options) -> PinnedFile:
        with reporting(options.progress, question.title) as reporter:
            deadline = Deadline(options.timeout, reporter.on_away)
            return PinnedFile(*self._on_mount(question, options, deadline, reporter), reader=self)

    def scan(self, question: Question, options: Options) -> pl.LazyFrame:
        def whole(generation: Generation, deadline: Deadline, reporter: Reporter) -> IO[bytes]:
            return self._whole(generation, deadline, reporter)

        context = ScanContext(
            transport=self._transport,
            locate=lambda deadline, reporter: self._located(question, options, deadline, reporter),
            whole=whole,
            cached=self._cache.open,
            reporting=lambda: reporting(options.progress, question.title),
            timeout=options.timeout,
            title=question.title,
        )
        return lazy_frame(context)

    def download(self, question: Question, to: Path, options: Options) -> int:
        """Writes the rows beside ``to``, syncs them, and puts them in place in one rename. Returns the bytes."""
        if to.is_dir():  # before anything is fetched
            raise IsADirectoryError(errno.EISDIR, "a file is written, and this is a folder", str(to))
        temporary = to.with_name(f".{to.name}.{secrets.token_hex(8)}.part")
        try:
            mode = to.stat().st_mode & 0o777
        except FileNotFoundError:
            mode = 0o666
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
        try:
            with open(descriptor, "w+b") as sink, self.file(question, options) as file:  # noqa: PTH123 - by its descriptor
                with open(file, "rb") if isinstance(file, (str, os.PathLike)) else contextlib.nullcontext(file) as rows:  # noqa: PTH123
                    while chunk := rows.read(1 << 20):
                        sink.write(chunk)
                size = sink.tell()
                sink.flush()
                os.fsync(sink.fileno())
            temporary.replace(to)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return size

    # -- how

    def _resolve(
        self, question: Question, options: Options, deadline: Deadline, reporter: Reporter, pin: str | None
    ) -> dict[str, Any]:
        call = resolve_call(question, options.freshness, pin)
        entry, _ = self._transport.ask_json(call, deadline, reporter.watch)
        if not isinstance(entry, dict) or not is_sha256(entry.get("sha256")):
            raise unexpected("the server resolved a question without saying what its rows are")
        return entry

    def _on_mount(
        self, question: Question, options: Options, deadline: Deadline, reporter: Reporter
    ) -> tuple[Path, dict[str, Any], Pin]:
        """An entry whose file a client of NFS does not see yet, or that was removed before it was pinned, is resolved again."""
        if self._mount is None:
            message = "the store is not mounted here: Parqueue(mount=...) names where; download() makes a file of your own"
            raise ParqueueError(message, code="NOT_MOUNTED")
        for attempt in range(_ATTEMPTS):
            entry, pin = self._pinned(question, options, deadline, reporter)
            try:
                path = self._mount.file_of(entry)
            except BaseException:
                pin.release()
                raise
            if path is not None:
                return path, entry, pin
            pin.release()
            if attempt < _ATTEMPTS - 1:
                self._transport.pause(attempt, deadline)
        message = f"{self._mount.root} does not have the file that the server named: is the store mounted there?"
        raise ParqueueError(message, code="NOT_MOUNTED")

    def _pinned(
        self, question: Question, options: Options, deadline: Deadline, reporter: Reporter
    ) -> tuple[dict[str, Any], Pin]:
        sent_at = clock()
        entry = self._resolve(question, options, deadline, reporter, f"{PIN_SECONDS:g}s")
        # It began before the answer came, and after the load; the first renewal comes early enough for any doubt.
        pin = self._keeper.hold(entry, max(sent_at, clock() - PIN_SECONDS / 6))
        try:
            _generation_of(entry)
        except ParqueueError:
            pin.release()  # nobody will have it
            raise
        return entry, pin

    def _located(self, question: Question, options: Options, deadline: Deadline, reporter: Reporter) -> Located:
        try:
            if self._mount is not None:
                path, entry, pin = self._on_mount(question, options, deadline, reporter)
                return Located(_generation_of(entry), pin, path=path)
            entry, pin = self._pinned(question, options, deadline, reporter)
            return Located(_generation_of(entry), pin)
        except ParqueueError as error:
            if error.code != _NOT_PINNED:
                raise
            entry = self._resolve(question, options, deadline, reporter, None)
            return Located(_generation_of(entry), None)

    def _fetched(self, question: Question, options: Options) -> IO[bytes]:
        """One at a time for each question: who comes second asks whether what the first one brought still holds."""
        identity = f"{self._transport.url}\n{question.identity()}"
        with reporting(options.progress, question.title) as reporter:
            deadline = Deadline(options.timeout, reporter.on_away)
            with self._turn(identity, deadline):
                if fits_url(question):
                    return self._dataset(question, identity, options, deadline, reporter)
                return self._undeclared(question, options, deadline, reporter)

    def _dataset(
        self, question: Question, identity: str, options: Options, deadline: Deadline, reporter: Reporter
    ) -> IO[bytes]:
        known = self._cache.tag_of(identity)
        at_hand = None if known is None else self._cache.open(known)

        def ask(tag: str | None) -> Any:
            return self._transport.ask(data_call(question, options.freshness, tag), deadline, reporter.watch)

        try:
            first = ask(None if at_hand is None else f'"{known}"')
            if first.status == 304 and at_hand is not None:
                first.read()
                file, at_hand = at_hand, None
                return file
        finally:
            if at_hand is not None:
                at_hand.close()

        unread = [first]

        def write(sink: IO[bytes]) -> tuple[str, int]:
            answer = unread.pop() if unread else ask(None)
            got = receive(answer, lambda: ask(None), sink, self._transport, deadline, reporter.on_bytes)
            self._cache.note(identity, got.sha256)
            return got.sha256, got.bytes

        with first:
            return self._cache.fill(write)

    def _undeclared(self, question: Question, options: Options, deadline: Deadline, reporter: Reporter) -> IO[bytes]:
        """A question without a URL: resolved, and its generation fetched unless it is here."""
        for attempt in range(1, _ATTEMPTS + 1):
            generation = _generation_of(self._resolve(question, options, deadline, reporter, None))
            file = self._cache.open(generation.sha256)
            if file is not None:
                return file
            try:
                return self._whole(generation, deadline, reporter)
            except ParqueueError as error:
                if error.status not in (404, 410) or attempt == _ATTEMPTS:
                    raise
        raise AssertionError

    def _whole(self, generation: Generation, deadline: Deadline, reporter: Reporter) -> IO[bytes]:
        def ask() -> Any:
            return self._transport.send(Call("GET", generation_path(generation.key, generation.number)), deadline)

        def write(sink: IO[bytes]) -> tuple[str, int]:
            got = receive(ask(), ask, sink, self._transport, deadline, reporter.on_bytes)
            if (got.facts.key, got.facts.generation, got.sha256) != (generation.key, generation.number, generation.sha256):
                raise unexpected("the server answered with another generation than it was asked for")
            return got.sha256, got.bytes

        return self._cache.fill(write)

    @contextlib.contextmanager
    def _turn(self, identity: str, deadline: Deadline) -> Iterator[None]:
        """Reentrant: a function that hears of progress may ask, too."""
        with self._lock:
            turn = self._turns.setdefault(identity, _Turn())
            turn.wanted += 1
        try:
            while not turn.lock.acquire(timeout=deadline.left(_PATIENCE_SECONDS)):
                continue
            try:
                yield
            finally:
                turn.lock.release()
        finally:
            with self._lock:
                turn.wanted -= 1
                if turn.wanted == 0 and self._turns.get(identity) is turn:
                    del self._turns[identity]


class _Turn:
    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.wanted = 0


def _generation_of(entry: Any) -> Generation:
    told = [entry.get(name) for name in ("key", "generation", "etag", "sha256", "bytes", "rows")]
    if [type(value) for value in told] != [str, int, str, str, int, int] or min(told[4:]) < 0:
        raise unexpected("the server resolved a question without saying what its rows are")
    return Generation(*told[:5])

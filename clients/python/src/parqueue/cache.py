"""Parquet files that were read before, in a folder that processes share.

    v1/<sha256>.parquet   the bytes, by their own hash
    v1/<id>.json          of one question: the tag under which its rows came last, for a conditional request

Both appear by a rename, so that nobody finds half of one. Whatever is missing, cut short or damaged is a miss and never
an error: the server has it all. ``<id>`` is an HMAC over server and question under the API key: neither key nor question
can be read from the folder. Bytes are hashed when a process first uses them, so no damage of the disk gets into a frame.
All files together stay below the bound, whichever process wrote them; those used least recently go first, also where the
disk is full before the bound is reached. A file that is open stays readable for whoever has it open. Nothing here is
needed: without a folder, files live until they are read.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import hmac
import io
import json
import os
import secrets
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Callable

from .errors import ParqueueError
from .forks import renew_after_fork

_FORMAT = "v1"
#: Longer than anybody takes between two writes to a file that is not in place yet.
_ABANDONED_SECONDS = 3600
_BLOCK_BYTES = 4096
_HASH_CHUNK = 1 << 20
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
#: Of a folder that cannot be written: its rights or its file system changed, or the whole disk is somebody else's.
_NO_PLACE = (*_FULL, errno.EROFS, errno.EACCES, errno.EPERM)


def default_directory() -> Path:
    """Where this user's caches are: XDG_CACHE_HOME, or what the system has for it."""
    named = os.environ.get("PARQUEUE_CACHE_DIR")
    if named:
        return Path(named)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "parqueue"


class DiskCache:
    """Files by their hash, in at most ``bytes_max`` bytes. ``directory`` None: nothing is kept. ``owner``: of whom."""

    def __init__(self, directory: Path | None, bytes_max: int, *, owner: bytes, required: bool) -> None:
        self._folder = None if directory is None or bytes_max <= 0 else directory / _FORMAT
        self._bytes_max = bytes_max
        self._identity = owner
        self._proved: dict[str, tuple[int, int, int]] = {}
        self._lock = threading.Lock()
        renew_after_fork(self)
        if self._folder is not None:
            try:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as cause:
                if required:
                    message = f"the folder of the disk cache cannot be made: {self._folder}"
                    raise ParqueueError(message, code="CACHE_UNUSABLE") from cause
                self._folder = None  # a home that is read-only, as in many containers: nothing is kept

    # -- what is known of a question

    def tag_of(self, question: str) -> str | None:
        """The SHA-256 under which the rows of this question came last, if its bytes are still there."""
        path = self._note(question)
        if path is None or self._folder is None:
            return None
        try:
            note = json.loads(path.read_bytes())
            sha256 = note["sha256"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if not is_sha256(sha256):
            return None
        if not (self._folder / f"{sha256}.parquet").exists():
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # as young as its file, which is of no use without it
        return str(sha256)

    def note(self, question: str, sha256: str) -> None:
        path = self._note(question)
        if path is None:
            return
        with contextlib.suppress(OSError), self._new_file(path.parent) as (file, place):
            file.write(json.dumps({"sha256": sha256}).encode())
            place(path)

    # -- bytes

    def open(self, sha256: str) -> IO[bytes] | None:
        """The file with these bytes, proved, or None. It stays readable while it is open."""
        # A server says it: anything else would name files elsewhere.
        if self._folder is None or not is_sha256(sha256):
            return None
        path = self._folder / f"{sha256}.parquet"
        try:
            file = path.open("rb")
        except OSError:
            return None
        try:
            found = os.fstat(file.fileno())
            facts = (found.st_dev, found.st_ino, found.st_size)
            if self._proved.get(sha256) != facts:
                if _sha256_of(file) != sha256:
                    file.close()
                    path.unlink(missing_ok=True)
                    return None
                self._proved[sha256] = facts
            with contextlib.suppress(OSError):
                os.utime(path)
        except OSError:
            file.close()
            return None
        return file

    def fill(self, write: Callable[[IO[bytes]], tuple[str, int]]) -> IO[bytes]:
        """A new file. ``write`` fills it, and returns the proved SHA-256 of what it wrote and its size. It may be called
        twice: where the disk of the cache is full and nothing in the cache can go, the rows go into a temporary file, and
        nothing is kept.

        The file returned is open for reading; it has a place in the cache unless it is too large for it.
        """
        if self._folder is None or not self._writable():
            return _unnamed(write)
        try:
            return self._kept(self._folder, write)
        except OSError as error:
            if error.errno not in _NO_PLACE:
                raise
        return _unnamed(write)

    def _kept(self, folder: Path, write: Callable[[IO[bytes]], tuple[str, int]]) -> IO[bytes]:
        with self._new_file(folder) as (file, place):
            sha256, size = write(file)
            file.flush()
            if size + _BLOCK_BYTES <= self._bytes_max:
                with contextlib.suppress(OSError):
                    place(folder / f"{sha256}.parquet")
                    found = os.fstat(file.fileno())
                    self._proved[sha256] = (found.st_dev, found.st_ino, found.st_size)
                    self._evict(keep=sha256)
            # On Windows a file that is open cannot be moved, nor one that has gone be read again.
            reading = open(os.dup(file.fileno()), "rb")  # noqa: SIM115, PTH123 - the caller closes it
            reading.seek(0)
            return reading

    def clear(self) -> None:
        """Removes what all processes of this user keep here."""
        for path in list(self._files()):
            with contextlib.suppress(OSError):
                path.unlink()

    def forked(self) -> None:
        self._lock = threading.Lock()

    def _writable(self) -> bool:
        """The folder may have been removed, or its file system made read-only, since the client began."""
        try:
            if self._folder is not None:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                return os.access(self._folder, os.W_OK | os.X_OK)
        except OSError:
            pass
        return False

    def _note(self, question: str) -> Path | None:
        if self._folder is None:
            return None
        name = hmac.new(self._identity, question.encode(), hashlib.sha256).hexdigest()[:40]
        return self._folder / f"{name}.json"

    @contextlib.contextmanager
    def _new_file(self, folder: Path) -> Iterator[tuple[IO[bytes], Callable[[Path], None]]]:
        """A file of nobody else's, readable by this user only, and what puts it in its place in one step."""
        temporary = folder / f"{secrets.token_hex(16)}.part"
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        placed = False

        def place(path: Path) -> None:
            nonlocal placed
            file.flush()
            temporary.replace(path)
            placed = True

        with _Sink(descriptor, self._make_room) as file:
            try:
                yield file, place
            finally:
                if not placed:
                    with contextlib.suppress(OSError):
                        temporary.unlink()

    def _evict(self, keep: str) -> None:
        with self._lock:
            listed = self._by_last_use()
            total = sum(size for _, size, _ in listed)
            _removed([one for one in listed if one[2].stem != keep], total - self._bytes_max)

    def _make_room(self, size: int, wanted: int) -> bool:
        """For a file of so many bytes and some more, on a disk that is full. False: nothing can go, or it is too large."""
        if size + wanted + _BLOCK_BYTES > self._bytes_max:
            return False
        with self._lock:
            return _removed(self._by_last_use(), wanted) > 0

    def _by_last_use(self) -> list[tuple[float, int, Path]]:
        """When it was used, what it takes, where it is: of all that is in place. What somebody left half written goes."""
        listed = []
        now = time.time()
        for path in self._files():
            with contextlib.suppress(OSError):
                found = path.stat()
                if path.suffix == ".part":
                    if now - found.st_mtime > _ABANDONED_SECONDS:
                        path.unlink()
                    continue
                listed.append((found.st_mtime, max(found.st_size, _BLOCK_BYTES), path))
        return sorted(listed)

    def _files(self) -> Iterator[Path]:
        if self._folder is None:
            return
        with contextlib.suppress(OSError):
            for path in self._folder.iterdir():
                if path.suffix in (".parquet", ".json", ".part"):
                    yield path


class _Sink(io.FileIO):
    """A file that is written without buffers, so that a full disk is heard of here, where something can be done about it."""

    def __init__(self, descriptor: int, make_room: Callable[[int, int], bool]) -> None:
        super().__init__(descriptor, "r+")
        self._make_room = make_room

    def write(self, data: Any) -> int:
        """All of it."""
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[super().write(rest) or 0 :]
            except OSError as error:
                if error.errno not in _FULL or not self._make_room(self.tell(), len(rest)):
                    raise
        return len(data)


def _removed(files: Iterable[tuple[float, int, Path]], wanted: int) -> int:
    """Removes files until so many bytes are gone. Returns how many are."""
    gone = 0
    for _, size, path in files:
        if gone >= wanted:
            break
        with contextlib.suppress(OSError):
            path.unlink()
            gone += size
    return gone


def _unnamed(write: Callable[[IO[bytes]], tuple[str, int]]) -> IO[bytes]:
    """A file that has no name, and is gone with its last reader, also when this process is killed."""
    file = tempfile.TemporaryFile(prefix="parqueue-")  # noqa: SIM115 - the caller closes it
    try:
        write(file)
        file.flush()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def is_sha256(text: object) -> bool:
    return isinstance(text, str) and len(text) == 64 and all(digit in "0123456789abcdef" for digit in text)


def _sha256_of(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(_HASH_CHUNK):
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()

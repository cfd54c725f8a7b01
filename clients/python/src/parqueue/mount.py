"""The store as it is mounted on this machine: its files are read in place."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import weakref
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

from .errors import ParqueueError, unexpected
from .pins import Pin

#: Of a client of NFS: not there yet, for what it knows, or removed by another host.
_NOT_THERE = (errno.ENOENT, errno.ESTALE)


class Mount:
    """``root`` is the root of the store; its ``parqueue.json`` must name the store that the server uses."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = Path(root).expanduser()

    def file_of(self, resolution: Mapping[str, Any]) -> Path | None:
        """The file behind an answer of ``resolve``; None where it is not to be seen (yet, or any more).

        Raises ParqueueError NOT_MOUNTED where another store is there, or none.
        """
        if self._store_id() != resolution.get("storeId"):
            raise self._not_mounted("is the store of another cluster")
        relative = PurePosixPath(str(resolution.get("file", {}).get("relative", "")))
        if relative.is_absolute() or ".." in relative.parts or not relative.parts:
            raise unexpected("the server named a file outside of the store")
        path = self.root.joinpath(*relative.parts)
        if self._size(path) != resolution.get("bytes"):
            self._look_afresh(relative)
        return path if self._size(path) == resolution.get("bytes") else None

    def _store_id(self) -> str:
        try:
            identity = json.loads((self.root / "parqueue.json").read_bytes())
        except (OSError, ValueError) as cause:
            raise self._not_mounted("has no readable parqueue.json") from cause
        store_id = identity.get("storeId") if isinstance(identity, dict) else None
        if not isinstance(store_id, str):
            raise self._not_mounted("has a parqueue.json that names no store")
        return store_id

    def _size(self, path: Path) -> int | None:
        try:
            return path.stat().st_size
        except OSError as error:
            if error.errno in _NOT_THERE:
                return None
            raise self._not_mounted(f"cannot be read ({error.strerror})") from error

    def _look_afresh(self, relative: PurePosixPath) -> None:
        """Opens the folders of the path, outermost first: a client of NFS asks its server then."""
        folder = self.root
        for part in ("", *relative.parts[:-1]):
            folder = folder / part
            with contextlib.suppress(OSError):
                os.close(os.open(folder, os.O_RDONLY))

    def _not_mounted(self, what: str) -> ParqueueError:
        advice = "mount the root of the store and name it as mount=, or leave mount out to read over HTTP"
        return ParqueueError(f"{self.root} {what}: {advice}", code="NOT_MOUNTED")


class PinnedFile(str):
    """The path of a file of the store, kept there by a pin until ``release`` or the end of ``with``. For reading only.

    It is a text, and will do wherever a path is taken.

    Attributes:
        bytes: of the file.
        rows: in it.
        sha256: of its bytes.
        key: of the entry.
        generation: of the entry.
    """

    bytes: int
    rows: int
    sha256: str
    key: str
    generation: int
    _pin: Pin
    _reader: object

    def __new__(cls, path: Path, resolution: Mapping[str, Any], pin: Pin, reader: object) -> PinnedFile:
        self = super().__new__(cls, path)
        self.bytes, self.rows = resolution["bytes"], resolution["rows"]
        self.sha256, self.key, self.generation = resolution["sha256"], resolution["key"], resolution["generation"]
        self._pin = pin
        # Where it is let go, all pins are given back.
        self._reader = reader
        # Forgotten without release: given back all the same.
        weakref.finalize(self, pin.release_later).atexit = False
        return self

    @property
    def path(self) -> Path:
        return Path(self)

    @property
    def held(self) -> bool:
        """False: the pin was lost (a purge; the server was not reached in time; another process), the file may go."""
        return self._pin.held

    def check(self) -> None:
        """Raises ParqueueError PQ_GONE where the file may have gone: what was read of it so far is right."""
        if not self.held:
            raise ParqueueError("the pin was lost: the file may be removed at any time", code="PQ_GONE")

    def release(self) -> None:
        self._pin.release()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a pinned file belongs to the process that holds it: hand on its path, and hold it meanwhile")

    def __enter__(self) -> PinnedFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

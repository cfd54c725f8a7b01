"""The client: one method per thing a notebook or a job wants.

What reads rows has the same arguments, written out each time: editors complete what stands in a signature, and parameters
of a dataset, which are arguments too, leave no room for a typed dictionary of options behind ``**``. Decorators stand in
decorators.py, what asks about the server in management.py.
"""

from __future__ import annotations

import hashlib
import os
import ssl
import urllib.parse
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Union

from .absence import RECONNECT_SECONDS
from .cache import DiskCache, default_directory
from .checks import checked_count, checked_seconds, checked_timeout
from .decorators import Decorating
from .frames import DtypeBackend
from .management import Management
from .mount import Mount, PinnedFile
from .pins import PinKeeper
from .progress import ProgressOption, checked
from .query import Query
from .question import Binds, Freshness, dataset_question, file_question, sql_question
from .reading import Options, Reading
from .secret import Secret
from .transport import SILENCE_SECONDS, Call, Deadline, Transport

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

What = Union[str, Query]

_CACHE_BYTES = 1 << 30


class Parqueue(Decorating, Management):
    """A Parqueue server, as if its datasets were files of this machine.

    >>> pq = Parqueue("http://127.0.0.1:8787")
    >>> pq.read("sales", since=date(2026, 1, 1))          # a polars DataFrame
    >>> pq.scan("sales").filter(pl.col("region") == "north").collect()
    >>> pq.to_pandas("sales")
    >>> pq.sql("erp", "select * from sales where day >= :since", {"since": date(2026, 1, 1)}).read()

    Safe to use from many threads, and after a fork. Use it as a context manager, or ``close()`` it, to give back what it
    pinned; otherwise that happens when it is collected and when the interpreter ends.

    Args:
        url: of the server, with its path prefix if it has one. Default: PARQUEUE_URL.
        api_key: sent with every request, shown nowhere. Default: PARQUEUE_API_KEY.
        mount: where the root of the store is mounted on this machine; files are read in place then. Default: PARQUEUE_MOUNT.
        cache: True: what was read is kept in this user's cache folder; a path: there; False: nowhere.
        cache_bytes: what all files in the cache may have together, whichever process wrote them. Default 1 GiB.
        progress: True: a bar in a terminal or notebook for what takes longer than a moment; a function of one Progress.
        timeout: seconds that one call may take, waiting for a load included. Default: as long as it takes.
        retries: of a request that is told to come back later or that broke, and of a transfer without progress; 0: nothing
            is asked twice.
        wait_seconds: how long the server may hold a request while a load runs; it is asked again after that.
        silence_seconds: without a byte, while none is held back, after which a connection counts as broken.
        reconnect_seconds: for how long, in all, a server that answered before is asked again while it refuses connections or
            breaks them, as one does that is restarted; within ``timeout``.
        ssl_context: for https; default: the system's certificates, or those of SSL_CERT_FILE.

    Raises:
        TypeError, ValueError: the URL is none, or it or the key cannot be sent; a number is none, or out of its range.
        ParqueueError: CACHE_UNUSABLE: the folder named as ``cache`` cannot be made.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        api_key: str | None = None,
        mount: str | os.PathLike[str] | None = None,
        cache: bool | str | os.PathLike[str] = True,
        cache_bytes: int = _CACHE_BYTES,
        progress: ProgressOption = True,
        timeout: float | None = None,
        retries: int = 2,
        wait_seconds: int = 30,
        silence_seconds: float = SILENCE_SECONDS,
        reconnect_seconds: float = RECONNECT_SECONDS,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        url = url or os.environ.get("PARQUEUE_URL") or "http://127.0.0.1:8787"
        api_key = api_key if api_key is not None else os.environ.get("PARQUEUE_API_KEY") or None
        # No plain text from here on: an error below may be shown with the variables of this function.
        api_key = None if api_key is None else Secret(api_key)
        mount = mount if mount is not None else os.environ.get("PARQUEUE_MOUNT") or None
        _require_usable(url, api_key)
        if checked_seconds("silence_seconds", silence_seconds) <= 0:
            raise ValueError("silence_seconds must be positive")
        self._url = url
        self._mount = None if mount is None else Mount(mount)
        self._options = Options(timeout=checked_timeout(timeout), progress=checked(progress))
        self._transport = Transport(
            url,
            api_key=api_key,
            retries=checked_count("retries", retries),
            wait_seconds=checked_count("wait_seconds", wait_seconds),
            silence_seconds=float(silence_seconds),
            reconnect_seconds=checked_seconds("reconnect_seconds", reconnect_seconds),
            context=ssl_context,
        )
        self._keeper = PinKeeper(self._transport)
        owner = hashlib.sha256(f"{api_key or ''}\n{self._transport.url}".encode()).digest()
        self._cache = _cache_of(cache, cache_bytes, owner=owner)
        self._reading = Reading(self._transport, self._cache, self._keeper, self._mount)
        # Frames, queries and pinned files hold on to the reading: they work on where the client itself was let go.
        self._finalizer = weakref.finalize(self._reading, _closed, self._keeper, self._transport)

    # -- rows

    def scan(
        self,
        what: What,
        /,
        *,
        columns: Sequence[str] | None = None,
        params: Mapping[str, Any] | None = None,
        freshness: Freshness | None = None,
        timeout: float | None = None,
        **more: Any,
    ) -> pl.LazyFrame:
        """A polars LazyFrame that reads just what it needs, all of one generation. See ``Query.scan``.

        Args:
            what: the name of a dataset, or a query.
            columns: some, in this order: a question of its own, which the server keeps for itself. A scan reads no other
                columns than it needs anyway.
            params: parameters of the dataset, for those that are called as an argument here is.
            freshness: narrows or widens freshness within the dataset's policy.
            timeout: seconds for this call.
            **more: parameters of the dataset: ``since=date(2026, 1, 1)``.
        """
        return self._query(what, columns, params, freshness, timeout, more).scan()

    def read(
        self,
        what: What,
        /,
        *,
        columns: Sequence[str] | None = None,
        params: Mapping[str, Any] | None = None,
        freshness: Freshness | None = None,
        timeout: float | None = None,
        **more: Any,
    ) -> pl.DataFrame:
        """All rows as a polars DataFrame. Arguments as for ``scan``."""
        return self._query(what, columns, params, freshness, timeout, more).read()

    def to_arrow(
        self,
        what: What,
        /,
        *,
        columns: Sequence[str] | None = None,
        params: Mapping[str, Any] | None = None,
        freshness: Freshness | None = None,
        timeout: float | None = None,
        **more: Any,
    ) -> pa.Table:
        """All rows as a pyarrow Table. Arguments as for ``scan``."""
        return self._query(what, columns, params, freshness, timeout, more).to_arrow()

    def to_pandas(
        self,
        what: What,
        /,
        *,
        columns: Sequence[str] | None = None,
        params: Mapping[str, Any] | None = None,
        freshness: Freshness | None = None,
        timeout: float | None = None,
        dtype_backend: DtypeBackend = "lossless",
        **more: Any,
    ) -> pd.DataFrame:
        """All rows as a pandas DataFrame. Arguments as for ``scan``; ``dtype_backend`` as for ``Query.to_pandas``."""
        query = self._query(what, columns, params, freshness, timeout, more)
        return query.to_pandas(dtype_backend=dtype_backend)

    def path(
        self,
        what: What,
        /,
        *,
        columns: Sequence[str] | None = None,
        params: Mapping[str, Any] | None = None,
        freshness: Freshness | None = None,
        timeout: float | None = None,
        **more: Any,
    ) -> PinnedFile:
        """The store's own Parquet file on the mount, kept there while it is held: ``with pq.path("sales") as file: ...``."""
        return self._query(what, columns, params, freshness, timeout, more).path()

    def download(self, what: What, /, to: str | os.PathLike[str], **params: Any) -> Path:
        """A Parquet file of your own at ``to``, put in its place in one step. Returns where it is."""
        return self._query(what, None, None, None, None, params).download(to)

    # -- questions

    def dataset(
        self,
        name: str,
        /,
        *,
        columns: Sequence[str] | None = None,
        params: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Query:
        """A dataset with its parameters, to be asked later."""
        return Query(self._reading, dataset_question(name, _merged(params, more), columns), self._options)

    def sql(self, source: str, sql: str, binds: Binds | None = None, *, columns: Sequence[str] | None = None) -> Query:
        """A statement, where its source allows undeclared ones: ``.read()``, ``.scan()``, ``.to_pandas()`` … ask it.

        Args:
            source: the name of a source.
            sql: one SELECT or WITH, placeholders written ``:name`` whatever the database.
            binds: by name, or a list by position. Dates, datetimes and Decimals go with their types; a datetime without a
                zone is UTC to the server.
            columns: some, in this order.
        """
        return Query(self._reading, sql_question(source, sql, binds, columns), self._options)

    def file(
        self,
        source: str,
        path: str,
        *,
        columns: Sequence[str] | None = None,
        format: str | None = None,  # noqa: A002 - the server's word for it
        csv: Mapping[str, Any] | None = None,
    ) -> Query:
        """A file of a source that allows undeclared ones; ``path`` is below the source's root."""
        return Query(self._reading, file_question(source, path, {"format": format, "csv": csv}, columns), self._options)

    # -- the client

    def clear_cache(self) -> None:
        """Removes every file of the disk cache: of all clients and processes that share it."""
        self._cache.clear()

    @property
    def pins(self) -> int:
        """How many generations this client keeps in the store at the moment."""
        return self._keeper.count

    def close(self) -> None:
        """Gives back all pins, in at most five seconds, and closes the connections. Its lazy frames have ended then, too."""
        self._finalizer()

    def __enter__(self) -> Parqueue:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        mounted = "" if self._mount is None else f", mount={str(self._mount.root)!r}"
        return f"Parqueue({self._url!r}{mounted})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client holds a key and connections: make one in each process, for example from PARQUEUE_URL")

    def _json(self, call: Call) -> Any:
        return self._transport.json(call, Deadline(self._options.timeout))

    def _query(
        self,
        what: What,
        columns: Sequence[str] | None,
        params: Mapping[str, Any] | None,
        freshness: Freshness | None,
        timeout: float | None,
        more: Mapping[str, Any],
    ) -> Query:
        if isinstance(what, str):
            query = self.dataset(what, columns=columns, params=_merged(params, more))
        elif not isinstance(what, Query):
            raise TypeError(f"the first argument is the name of a dataset or a Query, not {type(what).__name__}")
        elif params or more:
            raise TypeError("a query has its parameters already")
        else:
            query = what if columns is None else what.columns(columns)
        return query.options(freshness=freshness, timeout=timeout)


def _merged(params: Mapping[str, Any] | None, more: Mapping[str, Any]) -> dict[str, Any]:
    twice = sorted(set(params or {}) & set(more))
    if twice:
        raise TypeError(f"given twice: {', '.join(twice)}")
    return {**(params or {}), **more}


def _closed(keeper: PinKeeper, transport: Transport) -> None:
    keeper.close()
    transport.close()


def _cache_of(cache: bool | str | os.PathLike[str], bytes_max: int, *, owner: bytes) -> DiskCache:
    if isinstance(cache, bool):
        try:
            directory = default_directory() if cache else None
        except RuntimeError:  # there is no home
            directory = None
        return DiskCache(directory, bytes_max, owner=owner, required=False)
    return DiskCache(Path(cache).expanduser(), bytes_max, owner=owner, required=True)


def _require_usable(url: str, api_key: str | None) -> None:
    """Told here, without their values: an error of a request would say them."""
    try:
        parts = urllib.parse.urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable, parts = False, None
    if not usable or parts is None:
        raise ValueError("url must be the address of a Parqueue server, such as http://127.0.0.1:8787")
    if parts.username is not None or parts.password is not None:
        raise ValueError("url must not have a user or a password: give the API key as api_key")
    if parts.query or parts.fragment:
        raise ValueError("url must not have a query: it is the address of the server, not of a dataset")
    if api_key is not None and not (api_key.isascii() and api_key.isprintable()):
        raise ValueError("api_key has characters that no header can carry")

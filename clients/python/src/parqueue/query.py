"""A question that was put but not asked yet, and the ways in which its rows can be had."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from . import frames
from .checks import checked_timeout
from .errors import ParqueueError
from .frames import DtypeBackend
from .mount import PinnedFile
from .progress import ProgressOption, checked
from .question import Freshness, Question
from .reading import Options, Reading

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

#: What a call gives: an eager or a lazy frame of polars, a frame of pandas, a table of pyarrow.
FrameKind = Literal["polars", "lazy", "pandas", "arrow"]


def checked_kind(kind: FrameKind) -> FrameKind:
    if kind not in get_args(FrameKind):
        raise ValueError(f"a frame is one of {', '.join(get_args(FrameKind))}")
    return kind


@dataclass(frozen=True, repr=False)
class Query:
    """A dataset with its parameters, a statement with its binds, or a file: each method asks it anew.

    Every ask is verified by the server under the dataset's policy; what did not change since is not transferred again.
    A query is a value: it can be kept, shared between threads and asked as often as you like. Libraries that take Arrow
    data take it as it is: ``pl.DataFrame(query)``, ``pa.table(query)``, ``duckdb.sql("select * from query")``.
    """

    _reading: Reading
    _question: Question
    _options: Options

    def scan(self) -> pl.LazyFrame:
        """A polars LazyFrame that reads just the columns and rows that it needs, all of one generation.

        Where the store is mounted, from the file itself; else from the disk cache, or by ranges of the generation's
        address. The generation stays in the store for as long as a frame made from this one is alive.

        Raises:
            ParqueueError: here, and where the frame is collected: PQ_GONE, when its generation was purged while it was read.
        """
        return self._reading.scan(self._question, self._options)

    def read(self) -> pl.DataFrame:
        """All rows as a polars DataFrame."""
        frames.polars()
        with self._reading.file(self._question, self._options) as file:
            return frames.read_polars(file)

    def to_arrow(self) -> pa.Table:
        """All rows as a pyarrow Table."""
        frames.pyarrow()
        with self._reading.file(self._question, self._options) as file:
            return frames.read_arrow(file)

    def to_pandas(self, *, dtype_backend: DtypeBackend = "lossless") -> pd.DataFrame:
        """All rows as a pandas DataFrame.

        Args:
            dtype_backend: ``lossless``: whole numbers and booleans are ``Int64``, ``boolean`` and so on, which hold NULLs
                without rounding; decimals are ``decimal.Decimal``, dates ``datetime.date``, timestamps ``datetime64`` with
                their zone, the rest what pandas makes of it. ``pyarrow`` and ``numpy_nullable``: as in ``pandas.read_parquet``.
        """
        frames.pandas()
        with self._reading.file(self._question, self._options) as file:
            return frames.read_pandas(file, dtype_backend)

    def to(self, kind: FrameKind) -> Any:
        """The rows as ``polars`` (read), ``lazy`` (scan), ``pandas`` or ``arrow``."""
        ways = {"polars": self.read, "lazy": self.scan, "pandas": self.to_pandas, "arrow": self.to_arrow}
        return ways[checked_kind(kind)]()

    def path(self) -> PinnedFile:
        """The store's own file on the mount, kept there while it is held: ``with query.path() as file: ...``.

        Raises:
            ParqueueError: NOT_MOUNTED without a mount, or where another store is mounted.
        """
        return self._reading.path(self._question, self._options)

    def download(self, to: str | os.PathLike[str]) -> Path:
        """A Parquet file of your own, put in its place in one step: nobody reads half of it, an error leaves what was there."""
        path = Path(to).absolute()
        self._reading.download(self._question, path, self._options)
        return path

    def resolve(self) -> dict[str, Any]:
        """No rows, but what is behind the question: key, generation, version, rows, bytes, sha256, schema, how fresh it is."""
        return self._reading.resolve(self._question, self._options)

    def options(
        self,
        *,
        freshness: Freshness | None = None,
        timeout: float | None = None,
        progress: ProgressOption | None = None,
    ) -> Query:
        """The same question, asked otherwise. What is not given stays as it is."""
        options = self._options
        if freshness is not None:
            options = replace(options, freshness=freshness)
        if timeout is not None:
            options = replace(options, timeout=checked_timeout(timeout))
        if progress is not None:
            options = replace(options, progress=checked(progress))
        return replace(self, _options=options)

    def columns(self, names: Sequence[str]) -> Query:
        """The same question, for these columns in this order: a question of its own, which the server keeps for itself."""
        if "columns" in self._question.body:
            raise TypeError("the query names its columns already: name them once")
        if isinstance(names, str):
            raise TypeError("columns is a list of names")
        body = {**self._question.body, "columns": list(names)}
        return replace(self, _question=replace(self._question, body=body))

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        try:
            table: Any = self.to_arrow()
        except ParqueueError as error:
            if error.code != "MISSING_PACKAGE":
                raise
            table = self.read()
        return table.__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        return f"<query of {self._question.title}: .scan() .read() .to_pandas() .to_arrow() .path()>"

"""From a Parquet file to the frames that people work with. Each library is imported when it is first asked for.

What decides how a value arrives is the type of its column, never the values beside it, and nothing is rounded: see
``to_pandas`` for what that means there.
"""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING, Any, Literal, Union

from .errors import missing_package

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

#: A path, or an open file of this machine.
File = Union[str, "os.PathLike[str]", IO[bytes]]
DtypeBackend = Literal["lossless", "pyarrow", "numpy_nullable"]


def polars() -> Any:
    try:
        import polars
    except ImportError:
        raise missing_package("polars", "polars") from None
    return polars


def pyarrow() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise missing_package("pyarrow", "pyarrow") from None
    return pyarrow


def pandas() -> Any:
    pyarrow()
    try:
        import pandas
    except ImportError:
        raise missing_package("pandas", "pandas") from None
    return pandas


def read_polars(file: File) -> pl.DataFrame:
    return scan_polars(file).collect()


def scan_polars(file: File) -> pl.LazyFrame:
    """Of one file: what looks like a pattern or a partition in its path is neither."""
    source = file if hasattr(file, "read") else os.fspath(file)
    frame: pl.LazyFrame = polars().scan_parquet(source, glob=False, hive_partitioning=False)
    return frame


def read_arrow(file: File) -> pa.Table:
    arrow = pyarrow()
    source = file if hasattr(file, "read") else os.fspath(file)
    with arrow.parquet.ParquetFile(source) as parquet:
        return parquet.read()


def read_pandas(file: File, dtype_backend: DtypeBackend) -> pd.DataFrame:
    """``lossless``: numpy dtypes where they hold every value, and pandas' own nullable ones for whole numbers and booleans."""
    library, arrow, table = pandas(), pyarrow(), read_arrow(file)
    if dtype_backend == "pyarrow":
        frame: pd.DataFrame = table.to_pandas(types_mapper=library.ArrowDtype)
        return frame
    nullable: dict[Any, Any] = {arrow.bool_(): library.BooleanDtype()}
    for bits in (8, 16, 32, 64):
        nullable[getattr(arrow, f"int{bits}")()] = getattr(library, f"Int{bits}Dtype")()
        nullable[getattr(arrow, f"uint{bits}")()] = getattr(library, f"UInt{bits}Dtype")()
    if dtype_backend == "numpy_nullable":
        nullable.update({arrow.float32(): library.Float32Dtype(), arrow.float64(): library.Float64Dtype()})
        nullable.update({arrow.string(): library.StringDtype(), arrow.large_string(): library.StringDtype()})
    elif dtype_backend != "lossless":
        raise ValueError("dtype_backend is lossless, numpy_nullable or pyarrow")
    lossless: pd.DataFrame = table.to_pandas(types_mapper=nullable.get)
    return lossless

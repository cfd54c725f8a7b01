"""One of the usual readers, reading the same URL some times over. A line of JSON for each read: what it saw.

Nothing here knows how the server works: the calls are those that each library's own manual shows.
"""

import json
import os
import pathlib
import sys


def polars(url, columns, _headers):
    """It sends no headers of ours over HTTP."""
    import polars as pl

    return pl.scan_parquet(url).select(columns).collect().to_dict(as_series=False)


def polars_eager(url, columns, _headers):
    import polars as pl

    return pl.read_parquet(url, columns=columns).to_dict(as_series=False)


def pyarrow(url, columns, headers):
    import fsspec
    import pyarrow.parquet as pq
    from pyarrow.fs import FSSpecHandler, PyFileSystem

    web = fsspec.filesystem("http", client_kwargs={"headers": headers})
    return pq.read_table(url, columns=columns, filesystem=PyFileSystem(FSSpecHandler(web))).to_pydict()


def pyarrow_file(url, columns, headers):
    import fsspec
    import pyarrow.parquet as pq

    with fsspec.open(url, cache_type="none", client_kwargs={"headers": headers}) as file:
        return pq.ParquetFile(file).read(columns=columns).to_pydict()


def duckdb_httpfs(url, columns, headers):
    import duckdb
    import duckdb_extension_httpfs

    extension = next(pathlib.Path(duckdb_extension_httpfs.__file__).parent.rglob("httpfs.duckdb_extension"))
    connection = duckdb.connect()
    connection.load_extension(str(extension))
    if headers:
        pairs = ", ".join(f"'{name}': '{value}'" for name, value in headers.items())
        connection.execute(f"create secret (type http, extra_http_headers map {{{pairs}}})")
    return duckdb_columns(connection, url, columns)


def duckdb_fsspec(url, columns, headers):
    import duckdb
    import email.utils
    from fsspec.implementations.http import HTTPFileSystem

    class Web(HTTPFileSystem):
        def modified(self, path):
            """DuckDB wants it, fsspec has it for other file systems only."""
            return email.utils.parsedate_to_datetime(self.info(path)["Last-Modified"])

    connection = duckdb.connect()
    connection.register_filesystem(Web(client_kwargs={"headers": headers}))
    return duckdb_columns(connection, url, columns)


def duckdb_columns(connection, url, columns):
    found = connection.execute(f"select {', '.join(columns)} from read_parquet(?)", [url]).fetchnumpy()
    return {name: values.tolist() for name, values in found.items()}


def pandas(url, columns, headers):
    import pandas as pd

    options = {} if not headers else {"storage_options": headers}
    return pd.read_parquet(url, columns=columns, **options).to_dict(orient="list")


READERS = {
    "polars": polars,
    "polars read_parquet": polars_eager,
    "pyarrow": pyarrow,
    "pyarrow ParquetFile": pyarrow_file,
    "duckdb httpfs": duckdb_httpfs,
    "duckdb fsspec": duckdb_fsspec,
    "pandas": pandas,
}


def main():
    wanted = json.loads(sys.argv[1])
    read = READERS[wanted["reader"]]
    for _ in range(wanted["times"]):
        try:
            columns = read(wanted["url"], wanted["columns"], wanted["headers"])
            seen = sorted({int(value // 1_000_000) if name != "g" else int(value) for name in columns for value in columns[name]})
            told = {"generations": seen, "rows": len(next(iter(columns.values())))}
        except Exception as error:  # whatever a library throws is what its user sees
            told = {"error": f"{type(error).__name__}: {error}"[:500]}
        print(json.dumps(told), flush=True)


main()
# fsspec's thread may crash the interpreter while it shuts down; everything was said.
os._exit(0)

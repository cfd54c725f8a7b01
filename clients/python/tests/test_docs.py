"""What the documents show is run as it stands there, but for the address and the mount."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import ROOT, Stage
from relay import Relay

README = ROOT / "clients" / "python" / "README.md"
READERS = ROOT / "docs" / "readers.md"


@pytest.fixture(scope="module")
def url(stage: Stage) -> Iterator[str]:
    """Of the server without keys that the documents speak of."""
    stage.oracle(
        "CREATE TABLE sales (day DATE, amount NUMBER(9)) ROWDEPENDENCIES", "INSERT INTO sales VALUES (DATE '2026-02-01', 1)"
    )
    with Relay(stage.url, key=stage.key) as relay:
        yield relay.url


def blocks(document: Path, language: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```", document.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert found
    return found


@pytest.mark.parametrize("document", [README, READERS], ids=lambda path: path.name)
def test_python(url: str, stage: Stage, tmp_path: Path, document: Path) -> None:
    program = (
        "\n".join(blocks(document, "python"))
        .replace("http://127.0.0.1:8787", url)
        .replace('"var/store"', repr(str(stage.store)))
    )
    # A thread of fsspec may crash the interpreter while it shuts down.
    ended = _run([sys.executable, "-c", f"{program}\nimport os; print('done', flush=True); os._exit(0)"], tmp_path)
    assert ended.splitlines()[-1] == "done"


def test_sql(url: str, tmp_path: Path) -> None:
    statements = "".join(block for block in blocks(READERS, "sql") if "…" not in block)
    program = """
import pathlib, sys, duckdb, duckdb_extension_httpfs
duckdb.load_extension(str(next(pathlib.Path(duckdb_extension_httpfs.__file__).parent.rglob("httpfs.duckdb_extension"))))
print(len(duckdb.sql(sys.argv[1].split(";", 1)[1]).fetchall()))
"""
    told = _run([sys.executable, "-c", program, statements.replace("http://127.0.0.1:8787", url)], tmp_path)
    assert int(told) > 3


def test_what_is_said_of_keys(stage: Stage, tmp_path: Path) -> None:
    """Each form that the document names, at the server itself, which wants one."""
    url, document = f"{stage.url}/v1/datasets/sales.parquet", READERS.read_text("utf-8")
    (pandas_,) = re.findall(r"with a key: (storage_options=\{.*?\})", document)
    (fsspec_,) = re.findall(r"with a key: (client_kwargs=\{.*?\}\})", document)
    (secret,) = (block for block in blocks(READERS, "sql") if "…" in block)
    (header,) = re.findall(r"# (-H '.*?') with a key", document)
    program = f"""
import pathlib, duckdb, duckdb_extension_httpfs, fsspec, pandas as pd, pyarrow.parquet as parquet
duckdb.load_extension(str(next(pathlib.Path(duckdb_extension_httpfs.__file__).parent.rglob("httpfs.duckdb_extension"))))
url = {url!r}
print(len(pd.read_parquet(url, columns=["id"], {pandas_})))
with fsspec.open(url, cache_type="none", {fsspec_}) as file:
    print(parquet.ParquetFile(file).read(columns=["id"]).num_rows)
duckdb.sql({secret!r})
print(duckdb.sql("select count(*) from read_parquet('" + url + "')").fetchone()[0], flush=True)
import os; os._exit(0)
"""
    told = _run([sys.executable, "-c", program.replace("…", stage.key)], tmp_path)
    assert told.split() == ["20000"] * 3
    if shutil.which("curl") is not None:
        _run(["sh", "-c", f"curl -sfO {url} {header.replace('…', stage.key)}"], tmp_path)
        assert (tmp_path / "sales.parquet").read_bytes()[:4] == b"PAR1"


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_curl(url: str, tmp_path: Path) -> None:
    lines = [line for block in blocks(READERS, "sh") for line in block.replace("http://127.0.0.1:8787", url).splitlines()]
    for line in lines:
        told = _run(["sh", "-c", line], tmp_path)
    assert (tmp_path / "sales.parquet").read_bytes()[:4] == b"PAR1"
    assert len(_run(["sh", "-c", lines[1]], tmp_path).splitlines()) == 4
    before = (tmp_path / "sales.parquet").stat()
    told = _run(["sh", "-c", lines[2]], tmp_path)
    assert told == ""
    after = (tmp_path / "sales.parquet").stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns), "a 304 leaves the file as it is"


def _run(command: list[str], folder: Path) -> str:
    ended = subprocess.run(command, cwd=folder, env=os.environ, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603
    assert ended.returncode == 0, ended.stderr[-3000:]
    return ended.stdout

"""Parts by themselves: footers, binds, errors, bars."""

from __future__ import annotations

import datetime as dt
import io
import pickle
import zoneinfo
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

from conftest import Connect
from parqueue import Freshness, ParqueueError, ParqueueTimeoutError, Progress
from parqueue.errors import error_of
from parqueue.footer import footer_bytes, layout_of
from parqueue.progress import NotebookBar, TerminalBar
from parqueue.question import bind_value

TABLE = pa.table(
    {
        "id": pa.array(range(1000), pa.int64()),
        "word": pa.array(["a", None] * 500),
        "nested": pa.array([{"a": 1, "b": [1, 2]}] * 1000),
        "Grüße": pa.array([0.5] * 1000),
    }
)


@pytest.mark.parametrize("options", [{}, {"use_dictionary": False}, {"write_page_index": True}, {"compression": "none"}])
def test_where_columns_are_is_read_as_pyarrow_reads_it(tmp_path: Path, options: dict[str, Any]) -> None:
    path = tmp_path / "file.parquet"
    parquet.write_table(TABLE, path, row_group_size=300, **options)
    data = path.read_bytes()
    layout = layout_of(data[-footer_bytes(data[-8:]) :])
    expected = parquet.ParquetFile(path).metadata
    assert layout.rows == 1000
    assert [rows for rows, _ in layout.row_groups] == [300, 300, 300, 100]
    for at, (_, chunks) in enumerate(layout.row_groups):
        group = expected.row_group(at)
        for number, chunk in enumerate(chunks):
            column = group.column(number)
            start = column.dictionary_page_offset or column.data_page_offset
            assert (chunk.column, chunk.start) == (column.path_in_schema.split(".")[0], start)
            assert chunk.end - chunk.start == column.total_compressed_size


def test_a_file_of_polars_too_and_one_without_rows(tmp_path: Path) -> None:
    path = tmp_path / "file.parquet"
    pl.DataFrame({"a": [1, 2], "b": ["x", None]}).write_parquet(path)
    assert [chunk.column for _, chunks in layout_of(path.read_bytes()).row_groups for chunk in chunks] == ["a", "b"]
    parquet.write_table(TABLE.slice(0, 0), path)
    assert layout_of(path.read_bytes()).rows == 0


def test_what_is_no_footer_is_an_error_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file.parquet"
    parquet.write_table(TABLE, path)
    data = path.read_bytes()
    footer = data[-footer_bytes(data[-8:]) :]
    for broken in [b"", b"PAR1", b"\0" * 20, footer[1:], footer[:-9] + b"\xff" * 1 + footer[-8:]]:
        try:
            layout_of(broken)
        except ParqueueError as error:
            assert error.code == "UNEXPECTED"
    for at in range(0, len(footer) - 8, 7):
        changed = footer[:at] + bytes([footer[at] ^ 0xFF]) + footer[at + 1 :]
        try:
            layout_of(changed)
        except ParqueueError as error:
            assert error.code == "UNEXPECTED"


@pytest.mark.parametrize(
    ("value", "bound"),
    [
        (None, None),
        (True, True),
        ("x", "x"),
        (7, 7),
        (0.5, 0.5),
        (2**53, {"type": "integer", "value": "9007199254740992"}),
        (np.int64(-(2**60)), {"type": "integer", "value": str(-(2**60))}),
        (np.float32(0.5), 0.5),
        (np.bool_(False), False),
        (Decimal("1E+2"), {"type": "number", "value": "100"}),
        (dt.date(2026, 1, 31), {"type": "date", "value": "2026-01-31"}),
        (dt.datetime(2026, 1, 31, 10), {"type": "timestamp", "value": "2026-01-31T10:00:00"}),
        (
            dt.datetime(2026, 7, 1, 10, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
            {"type": "timestamp", "value": "2026-07-01T08:00:00+00:00"},
        ),
        (pd.Timestamp("2026-01-31T10:11:12.123456Z"), {"type": "timestamp", "value": "2026-01-31T10:11:12.123456+00:00"}),
        (np.datetime64("2026-01-31"), {"type": "date", "value": "2026-01-31"}),
        (np.datetime64("2026-01-31T10:11:12.123456000", "ns"), {"type": "timestamp", "value": "2026-01-31T10:11:12.123456"}),
        (np.datetime64("2026-01-31T10:11:12.123456789"), {"type": "timestamp", "value": "2026-01-31T10:11:12.123456789"}),
        (np.datetime64("NaT", "ns"), None),
        (pd.NaT, None),
        ({"type": "string", "value": "7"}, {"type": "string", "value": "7"}),
    ],
)
def test_values_of_python_are_bound_with_their_types(value: Any, bound: Any) -> None:
    told = bind_value(value)
    assert told == bound
    assert type(told) is type(bound)


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), object(), b"bytes", [1], dt.timedelta(1), np.timedelta64(5, "ns")]
)
def test_what_cannot_be_bound_is_told(value: Any) -> None:
    with pytest.raises(TypeError, match="cannot be bound"):
        bind_value(value)


def test_lists_within_lists_without_end_are_no_footer() -> None:
    metadata = b"\x19" * 5_000
    with pytest.raises(ParqueueError) as failed:
        layout_of(metadata + len(metadata).to_bytes(4, "little") + b"PAR1")
    assert failed.value.code == "UNEXPECTED"


def test_an_age_without_end_is_no_limit() -> None:
    assert Freshness(max_age=float("inf"), no_cache=True).header() == "no-cache"


def test_an_error_survives_a_pool_of_processes() -> None:
    for error in (
        ParqueueTimeoutError("over"),
        ParqueueError("full", code="PQ_QUEUE_FULL", status=429, retryable=True, retry_after=2.5, details={"n": 1}),
    ):
        again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
        assert type(again) is type(error)
        assert (str(again), vars(again)) == (str(error), vars(error))


def test_an_error_lists_what_the_server_lists() -> None:
    body = b"""{"code": "PQ_INVALID_REQUEST", "detail": "two problems", "status": 400,
        "problems": [{"name": "day", "message": "is missing"}, {"name": "x", "message": "is not known"}]}"""
    error = error_of(400, "Bad Request", {}, body)
    assert "day: is missing" in str(error)
    assert "x: is not known" in str(error)
    internal = error_of(500, "", {}, b'{"code": "PQ_INTERNAL", "detail": "oh", "requestId": "r-1"}')
    assert "(request r-1)" in str(internal)


def test_a_bar_in_a_terminal_is_drawn_and_taken_away() -> None:
    class Terminal(io.StringIO):
        encoding = "utf-8"

    terminal = Terminal()
    bar = TerminalBar(terminal)
    bar.show(Progress("load", "sales", "reading", rows=1))
    assert terminal.getvalue() == "", "nothing for what is over in a moment"
    bar._began -= 3
    bar.show(Progress("load", "sales", "reading", rows=1_234_567))
    assert "sales · reading · 1,234,567 rows · 3 s" in terminal.getvalue()
    bar._drawn_at = 0
    bar.show(Progress("transfer", "sales", bytes=50_000_000, total=100_000_000))
    assert "████████████            │ sales · transfer · 50.0 MB of 100.0 MB" in terminal.getvalue()
    bar.end()
    assert terminal.getvalue().endswith("\r\x1b[2K")


def test_a_bar_in_a_notebook_is_one_output_that_changes() -> None:
    shown: list[dict[str, str]] = []

    class Handle:
        def update(self, bundle: dict[str, str], *, raw: bool) -> None:
            assert raw
            shown.append(bundle)

    def display(bundle: dict[str, str], *, raw: bool, display_id: bool) -> Handle:
        assert raw
        assert display_id
        shown.append(bundle)
        return Handle()

    bar = NotebookBar(display)
    bar._began -= 1
    bar.show(Progress("load", "<b>", "reading"))
    bar._drawn_at = 0
    bar.show(Progress("transfer", "sales", bytes=1, total=4))
    bar.end()
    assert "&lt;b&gt;" in shown[0]["text/html"]
    assert shown[0]["text/plain"].startswith("<b> · reading"), "for what shows no HTML, and exported notebooks"
    assert 'value="0.250"' in shown[1]["text/html"]
    assert shown[2:] == [{"text/html": "", "text/plain": ""}]


def test_a_function_hears_how_far_a_load_is(connect: Connect) -> None:
    heard: list[Progress] = []
    pq = connect(progress=heard.append)
    pq.invalidate(dataset="slow", mode="purge")
    assert pq.read("slow").height == 3
    assert {one.kind for one in heard} == {"load", "transfer"}
    assert all(one.title == "slow" for one in heard)

"""Every value as the source has it: by its type, with its zone, to its last digit, NULLs included."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal

from conftest import Connect, Stage
from parqueue import Parqueue

UTC = dt.timezone.utc
LARGE = 9_007_199_254_740_993  # beyond what a double holds

CSV = (
    "id,amount,day,at,local,flag,share,word\n"
    f"{LARGE},9999999999999999.99,2026-01-31,2026-01-31T10:11:12.123456+02:00,2026-01-31 10:11:12.5,true,0.1,Grüße\n"
    ",,,,,,,\n"
    '-1,-0.01,1969-12-31,1969-12-31T23:59:59.999999Z,0001-01-01 00:00:00,false,-1e300,""\n'
)
CSV_ROWS = [
    {
        "id": LARGE,
        "amount": Decimal("9999999999999999.99"),
        "day": dt.date(2026, 1, 31),
        "at": dt.datetime(2026, 1, 31, 8, 11, 12, 123456, UTC),
        "local": dt.datetime(2026, 1, 31, 10, 11, 12, 500000),
        "flag": True,
        "share": 0.1,
        "word": "Grüße",
    },
    dict.fromkeys(["id", "amount", "day", "at", "local", "flag", "share", "word"]),
    {
        "id": -1,
        "amount": Decimal("-0.01"),
        "day": dt.date(1969, 12, 31),
        "at": dt.datetime(1969, 12, 31, 23, 59, 59, 999999, UTC),
        "local": dt.datetime(1, 1, 1),
        "flag": False,
        "share": -1e300,
        "word": "",
    },
]

ORACLE = """CREATE TABLE py_types (id NUMBER(9) NOT NULL, n NUMBER(18), amount NUMBER(20,4), f BINARY_DOUBLE, d DATE,
    ts TIMESTAMP(6), tz TIMESTAMP(6) WITH TIME ZONE, word VARCHAR2(40), raw_bytes RAW(8)) ROWDEPENDENCIES"""
ORACLE_FULL = (
    "INSERT INTO py_types VALUES (1, 123456789012345678, 1234567890123456.7891, 0.1, DATE '2026-01-31',"
    " TIMESTAMP '2026-01-31 10:11:12.123456', TIMESTAMP '2026-01-31 10:11:12.123456 +02:00', 'Grüße', HEXTORAW('00FF10'))"
)
ORACLE_NULL = "INSERT INTO py_types (id) VALUES (2)"
ORACLE_ROW = {
    "ID": 1,
    "N": 123456789012345678,
    "AMOUNT": Decimal("1234567890123456.7891"),
    "F": 0.1,
    "D": dt.datetime(2026, 1, 31),
    "TS": dt.datetime(2026, 1, 31, 10, 11, 12, 123456),
    "TZ": dt.datetime(2026, 1, 31, 8, 11, 12, 123456, UTC),
    "WORD": "Grüße",
    "RAW_BYTES": b"\x00\xff\x10",
}

POSTGRES = (
    """CREATE TABLE IF NOT EXISTS py_types (id int, small smallint, big bigint, amount numeric(38,10), f float8, r real,
    day date, ts timestamp, tz timestamptz, word text, raw_bytes bytea, flag boolean)""",
    "TRUNCATE py_types",
    """INSERT INTO py_types VALUES (1, -32768, 9223372036854775807, 1234567890123456789012345678.0123456789, 'NaN', 0.1,
    '2026-01-31', '2026-01-31 10:11:12.123456', '2026-01-31 10:11:12.123456+02', 'Grüße', '\\x00ff10', true)""",
    "INSERT INTO py_types (id) VALUES (2)",
)
POSTGRES_ROW = {
    "id": 1,
    "small": -32768,
    "big": 9223372036854775807,
    "amount": Decimal("1234567890123456789012345678.0123456789"),
    "day": dt.date(2026, 1, 31),
    "ts": dt.datetime(2026, 1, 31, 10, 11, 12, 123456),
    "tz": dt.datetime(2026, 1, 31, 8, 11, 12, 123456, UTC),
    "word": "Grüße",
    "raw_bytes": b"\x00\xff\x10",
    "flag": True,
}


@pytest.fixture(scope="module", autouse=True)
def _sources(stage: Stage) -> None:
    stage.write("types.csv", CSV)
    stage.oracle(ORACLE, ORACLE_FULL, ORACLE_NULL)
    stage.postgres(*POSTGRES)


@pytest.fixture(params=["over HTTP", "mounted"])
def either(request: pytest.FixtureRequest, connect: Connect, stage: Stage) -> Parqueue:
    return connect(mount=stage.store if request.param == "mounted" else None)


def test_polars_has_the_values_of_a_csv(either: Parqueue) -> None:
    frame = either.read("types_csv")
    assert frame.schema == pl.Schema(
        {
            "id": pl.Int64(),
            "amount": pl.Decimal(18, 2),
            "day": pl.Date(),
            "at": pl.Datetime("us", "UTC"),
            "local": pl.Datetime("us"),
            "flag": pl.Boolean(),
            "share": pl.Float64(),
            "word": pl.String(),
        }
    )
    assert frame.rows(named=True) == CSV_ROWS
    assert_frame_equal(either.scan("types_csv").collect(), frame)


def test_pyarrow_has_the_values_of_a_csv(either: Parqueue) -> None:
    table = either.to_arrow("types_csv")
    assert table.schema.field("amount").type == pa.decimal128(18, 2)
    assert table.schema.field("at").type == pa.timestamp("us", "UTC")
    assert table.schema.field("local").type == pa.timestamp("us")
    assert table.to_pylist() == CSV_ROWS


def test_pandas_has_the_values_of_a_csv_and_rounds_none_of_them(either: Parqueue) -> None:
    frame = either.to_pandas("types_csv")
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        "id": "Int64",
        "amount": "object",
        "day": "object",
        "at": "datetime64[us, UTC]",
        "local": "datetime64[us]",
        "flag": "boolean",
        "share": "float64",
        "word": str(pd.Series(["a"]).dtype),
    }
    assert frame["id"].tolist() == [LARGE, pd.NA, -1]
    assert frame["amount"].tolist() == [Decimal("9999999999999999.99"), None, Decimal("-0.01")]
    assert frame["day"].tolist() == [dt.date(2026, 1, 31), None, dt.date(1969, 12, 31)]
    assert frame["at"][0] == pd.Timestamp("2026-01-31T08:11:12.123456Z")
    assert frame["flag"].tolist() == [True, pd.NA, False]
    assert frame.isna().sum().tolist() == [1] * 8


def test_pandas_gives_other_dtypes_where_they_are_asked_for(pq: Parqueue) -> None:
    arrow = pq.to_pandas("types_csv", dtype_backend="pyarrow")
    assert str(arrow["amount"].dtype) == "decimal128(18, 2)[pyarrow]"
    assert arrow["id"].tolist() == [LARGE, pd.NA, -1]
    nullable = pq.to_pandas("types_csv", dtype_backend="numpy_nullable")
    assert str(nullable["share"].dtype) == "Float64"
    with pytest.raises(ValueError, match="dtype_backend"):
        pq.to_pandas("types_csv", dtype_backend="numpy")  # type: ignore[arg-type]


def test_values_of_oracle(either: Parqueue) -> None:
    nothing = {**dict.fromkeys(ORACLE_ROW), "ID": 2}
    frame = either.read("oracle_types")
    assert frame.rows(named=True) == [ORACLE_ROW, nothing]
    assert frame.schema["AMOUNT"] == pl.Decimal(20, 4)
    assert frame.schema["TZ"] == pl.Datetime("us", "UTC")
    assert either.to_arrow("oracle_types").to_pylist() == [ORACLE_ROW, nothing]
    columns = either.to_pandas("oracle_types")
    assert columns["N"].tolist() == [123456789012345678, pd.NA]
    assert columns["AMOUNT"].tolist() == [ORACLE_ROW["AMOUNT"], None]
    assert columns["TZ"][0] == pd.Timestamp("2026-01-31T08:11:12.123456Z")


def test_values_of_postgres(either: Parqueue) -> None:
    rows: list[dict[str, Any]] = either.read("pg_types").rows(named=True)
    assert rows[0].items() >= POSTGRES_ROW.items()
    assert rows[0]["f"] != rows[0]["f"], "NaN is no NULL"
    assert rows[0]["r"] == pytest.approx(0.1)
    assert rows[1] == {**dict.fromkeys(rows[1]), "id": 2}
    assert either.to_arrow("pg_types").to_pylist()[0].items() >= POSTGRES_ROW.items()
    columns = either.to_pandas("pg_types")
    assert columns["big"].tolist() == [9223372036854775807, pd.NA]
    assert columns["amount"].tolist() == [POSTGRES_ROW["amount"], None]


def test_a_change_at_the_source_is_in_the_next_frame(either: Parqueue, stage: Stage) -> None:
    assert either.read("oracle_types").height == 2
    stage.oracle("INSERT INTO py_types (id, word) VALUES (3, 'new')")
    try:
        assert either.read("oracle_types")["WORD"].to_list() == ["Grüße", None, "new"]
    finally:
        stage.oracle("DELETE FROM py_types WHERE id = 3")
    assert either.scan("oracle_types").collect().height == 2


def test_binds_and_parameters_go_with_their_types(pq: Parqueue) -> None:
    day = dt.date(2026, 1, 31)
    assert pq.read("oracle_since", since=day).height == 1
    assert pq.read("oracle_since", params={"since": dt.date(2026, 2, 1)}).height == 0
    found = pq.sql("erp", "select id from py_types where d = :day and amount > :least", {"day": day, "least": Decimal("12.5")})
    assert found.read()["ID"].to_list() == [1]
    big = pq.sql("pg", "select id from py_types where big = :big and tz = :tz", {"big": 2**63 - 1, "tz": POSTGRES_ROW["tz"]})
    assert big.to_arrow().to_pylist() == [{"id": 1}]
    assert pq.sql("pg", "select id from py_types where word is not distinct from :word", {"word": None}).read().height == 1


def test_columns_come_in_the_order_asked_for(pq: Parqueue) -> None:
    assert pq.read("types_csv", columns=["word", "id"]).columns == ["word", "id"]
    assert pq.dataset("types_csv").columns(["day"]).to_pandas().columns.tolist() == ["day"]


def test_libraries_that_take_arrow_data_take_a_query(pq: Parqueue) -> None:
    query = pq.dataset("types_csv")
    assert pl.DataFrame(query).rows(named=True) == CSV_ROWS
    assert pa.table(query).num_rows == 3

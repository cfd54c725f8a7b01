"""Functions that say what to ask, and give its rows: cold or warm, as the frame that was wished for."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from conftest import Connect, Stage
from parqueue import Freshness, Parqueue, ParqueueError
from relay import Relay


@pytest.fixture(autouse=True)
def _sources(stage: Stage) -> None:
    stage.postgres(
        "CREATE TABLE IF NOT EXISTS py_orders (id int, day date)",
        "TRUNCATE py_orders",
        "INSERT INTO py_orders VALUES (1, '2026-01-01'), (2, '2026-02-01')",
    )
    stage.write("numbers/one.csv", "n\n1\n2\n")


def test_a_statement_and_its_binds(pq: Parqueue) -> None:
    @pq.cached_sql(source="pg")
    def orders(since: dt.date, *, least: int = 0) -> tuple[str, dict[str, object]]:
        """Orders of late."""
        return "select id from py_orders where day >= :since and id >= :least order by id", {"since": since, "least": least}

    assert orders(dt.date(2026, 1, 1))["id"].to_list() == [1, 2]
    assert orders(dt.date(2026, 1, 15))["id"].to_list() == [2]
    assert orders(since=dt.date(2026, 1, 1), least=2)["id"].to_list() == [2]
    assert (orders.__name__, orders.__doc__) == ("orders", "Orders of late.")
    lazy = orders.query(dt.date(2026, 1, 1)).scan()
    assert isinstance(lazy, pl.LazyFrame)
    assert "orders" in repr(orders)


def test_a_warm_call_transfers_nothing(stage: Stage) -> None:
    with Relay(stage.url) as relay, Parqueue(relay.url, api_key=stage.key, progress=False) as pq:

        @pq.cached_sql("pg")
        def orders() -> str:
            return "select id from py_orders order by id"

        assert orders().equals(orders())
        stage.postgres("INSERT INTO py_orders VALUES (3, '2026-03-01')")
        assert orders()["id"].to_list() == [1, 2, 3]
        assert len(relay.of("GET", "/generations/")) == 2


@pytest.mark.parametrize(
    ("kind", "of"), [("polars", pl.DataFrame), ("lazy", pl.LazyFrame), ("pandas", pd.DataFrame), ("arrow", pa.Table)]
)
def test_a_file_as_the_frame_wished_for(pq: Parqueue, kind: str, of: type) -> None:
    @pq.cached_file(source="lake", frame=kind)  # type: ignore[arg-type]
    def numbers(name: str) -> Path:
        return Path("numbers") / f"{name}.csv"

    assert isinstance(numbers("one"), of)


def test_methods_and_datasets(pq: Parqueue) -> None:
    class Desk:
        name = "one"

        @pq.cached_dataset("numbers", frame="arrow", freshness=Freshness(no_cache=True))
        def numbers(self) -> dict[str, str]:
            return {"name": self.name}

    assert Desk().numbers().to_pylist() == [{"n": 1}, {"n": 2}]
    assert Desk().numbers.query().resolve()["rows"] == 2
    assert Desk.numbers.__name__ == "numbers"


def test_a_frame_of_another_kind_is_refused(pq: Parqueue) -> None:
    with pytest.raises(ValueError, match="polars, lazy, pandas, arrow"):
        pq.dataset("words").to("spark")  # type: ignore[arg-type]


def test_questions_that_are_none_are_told_before_they_are_sent(pq: Parqueue) -> None:
    with pytest.raises(TypeError, match="given twice: a"):
        pq.read("words", params={"a": 1}, a=2)
    with pytest.raises(TypeError, match="cannot be bound"):
        pq.sql("pg", "select :a", {"a": object()})
    with pytest.raises(TypeError, match="by name or a list"):
        pq.sql("pg", "select :a", "text")
    with pytest.raises(TypeError, match="list of names"):
        pq.read("words", columns="word")
    with pytest.raises(TypeError, match="parameters already"):
        pq.read(pq.dataset("words"), a=1)
    with pytest.raises(TypeError, match="names its columns already"):
        pq.dataset("words", columns=["word"]).columns(["id"])


def test_errors_have_the_code_of_the_server_and_say_what_to_do(pq: Parqueue, stage: Stage) -> None:
    with pytest.raises(ParqueueError) as failed:
        pq.read("wordz")
    assert (failed.value.code, failed.value.status, failed.value.retryable) == ("PQ_UNKNOWN_DATASET", 404, False)
    assert "datasets() lists" in str(failed.value)
    with pytest.raises(ParqueueError) as failed:
        pq.sql("pg", "select nothing from py_orders").read()
    assert failed.value.code == "PQ_SOURCE_REJECTED"
    assert failed.value.details["database"] == "42703"
    with pytest.raises(ParqueueError, match="api_key") as failed, Parqueue(stage.url, progress=False) as stranger:
        stranger.read("words")
    assert failed.value.code == "PQ_UNAUTHENTICATED"
    with pytest.raises(ParqueueError) as failed, Parqueue(stage.url, api_key=stage.reader_key, progress=False) as reader:
        reader.sql("pg", "select 1 as one").read()
    assert failed.value.code == "PQ_FORBIDDEN"
    with pytest.raises(ParqueueError) as failed:
        pq.read("numbers", nome="one", year="x")
    assert [problem["name"] for problem in failed.value.details["problems"]]
    assert "nome" in str(failed.value)
    with pytest.raises(ParqueueError) as failed:
        pq.read("numbers", name="one", freshness=Freshness(only_if_cached=True))
    assert failed.value.code == "PQ_NOT_CACHED"


def test_what_is_written_wrongly_is_told_in_words(pq: Parqueue, tmp_path: Path) -> None:
    wrong: list[tuple[Callable[[], object], str]] = [
        (pq.cached_sql(source="pg")(lambda: None), "returns a statement, or a statement and its binds, not NoneType"),
        (pq.cached_sql(source="pg")(lambda: ("select 1", {}, 3)), "a statement and its binds, not tuple"),
        (pq.cached_file(source="lake")(lambda: None), "returns a path, or a path and options"),
        (pq.cached_dataset("numbers")(lambda: "n1"), "a mapping of parameters, not str"),
        (lambda: pq.cached_sql(lambda: "select 1"), r"@pq\.cached_sql\(source="),  # type: ignore[arg-type]
        (lambda: pq.cached_dataset(dict), r"@pq\.cached_dataset\(name="),  # type: ignore[arg-type]
        (lambda: pq.read(None), "name of a dataset or a Query, not NoneType"),  # type: ignore[arg-type]
    ]
    for ask, words in wrong:
        with pytest.raises(TypeError, match=words):
            ask()
    with pytest.raises(ValueError, match="polars, lazy, pandas, arrow"):
        pq.cached_file(source="lake", frame="panda")(lambda: "sales.parquet")  # type: ignore[arg-type]
    with pytest.raises(IsADirectoryError, match="folder"):
        pq.download("sales", tmp_path)


def test_a_home_is_a_home(connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    connect(cache="~/mine").read("sales")
    assert list((tmp_path / "mine" / "v1").glob("*.parquet"))
    with pytest.raises(ParqueueError, match=re.escape(str(tmp_path))):
        connect(mount="~/store").path("sales")

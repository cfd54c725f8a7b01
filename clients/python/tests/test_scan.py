"""A scan reads what it needs of one generation, and never of two."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from conftest import Connect, Stage
from parqueue import Parqueue, ParqueueError
from relay import Cut, Passed, Relay, Reply, problem

DATA = "/generations/"


@pytest.fixture
def large(stage: Stage) -> int:
    """The generation that every value of the dataset `large` tells; another one for each test."""
    large.number += 1  # type: ignore[attr-defined]
    stage.write_large(large.number, rows=120_000)  # type: ignore[attr-defined]
    return large.number  # type: ignore[attr-defined, no-any-return]


large.number = 0  # type: ignore[attr-defined]


def test_a_scan_fetches_the_columns_it_needs_and_no_others(stage: Stage, large: int) -> None:
    with Relay(stage.url) as relay, Parqueue(relay.url, api_key=stage.key, progress=False) as pq:
        frame = pq.scan("large")
        whole = (stage.lake / "large.parquet").stat().st_size
        at_first = sum(one.bytes for one in relay.passed)
        assert at_first < 80_000, "resolve, and the footer"
        assert frame.select(pl.col("g").unique()).collect().item() == large
        assert frame.filter(pl.col("g") == large).select("g").head(10).collect().height == 10
        assert sum(one.bytes for one in relay.passed) - at_first < whole / 20
        some = frame.select(pl.col("n3").sum(), pl.len()).collect()
        fetched = sum(one.bytes for one in relay.passed)
        assert whole / 10 < fetched < whole / 3
        assert all(one.headers["authorization"] == f"Bearer {stage.key}" for one in relay.passed)
        everything = pq.read("large")
        assert some.row(0) == (everything["n3"].sum(), 120_000)


def test_the_same_rows_whichever_way_they_are_read(pq: Parqueue, mounted: Parqueue, large: int) -> None:
    ways = [pq.scan("large"), mounted.scan("large")]
    by_ranges, by_path = (way.filter(pl.col("n1") > pl.col("n2")).select("n5", "g").collect() for way in ways)
    at_once = pq.read("large").filter(pl.col("n1") > pl.col("n2")).select("n5", "g")
    assert_frame_equal(by_ranges, at_once)
    assert_frame_equal(by_path, at_once)
    assert_frame_equal(pq.scan("large").slice(59_990, 20).collect(), pq.read("large").slice(59_990, 20))
    assert pq.scan("large").tail(3).collect().height == 3
    assert pq.scan("large").select(pl.len()).collect(engine="streaming").item() == 120_000


def test_a_predicate_of_python_works(pq: Parqueue, large: int) -> None:
    odd = pl.col("n0").map_batches(lambda values: values.cast(pl.Int64) % 2 == 1, return_dtype=pl.Boolean)
    assert pq.scan("large").filter(odd).select(pl.len()).collect().item() == pq.read("large").filter(odd).height


def test_a_scan_stays_with_its_generation_while_the_dataset_moves_on(
    pq: Parqueue, mounted: Parqueue, stage: Stage, large: int
) -> None:
    before = [pq.scan("large"), mounted.scan("large")]
    stage.write_large(large + 1000, rows=80_000)
    assert pq.scan("large").select(pl.col("g").unique()).collect().item() == large + 1000
    time.sleep(1.5)  # the grace of the test's store; without a pin the old generation goes
    for frame in before:
        assert frame.select(pl.col("g").unique(), pl.len()).collect().rows() == [(large, 120_000)]


def test_what_was_purged_before_anything_was_read_is_resolved_again(
    pq: Parqueue, mounted: Parqueue, stage: Stage, large: int
) -> None:
    for client in (pq, mounted):
        frame = client.scan("large")
        stage.write_large(large + 2000, rows=80_000)
        client.invalidate(dataset="large", mode="purge")
        assert frame.select(pl.col("g").unique(), pl.len()).collect().rows() == [(large + 2000, 80_000)]
        stage.write_large(large, rows=80_000)


def test_what_was_purged_in_the_middle_of_a_read_is_an_error_that_says_so(stage: Stage, large: int) -> None:
    """The second batch of row groups is gone: never rows of two generations in one frame."""

    def script(one: Passed) -> Reply | None:
        ranges = [p for p in relay.of("GET", DATA) if p.headers.get("range")]
        return problem(410, "PQ_GONE") if one.headers.get("range") and len(ranges) > 2 else None

    with Relay(stage.url, script) as relay, Parqueue(relay.url, api_key=stage.key, progress=False, retries=0) as pq:
        from parqueue import ranges

        wanted = ranges.BATCH_BYTES
        try:
            ranges.BATCH_BYTES = 1  # a row group at a time
            with pytest.raises(ParqueueError) as failed:
                pq.scan("large").select("n1").collect()
        finally:
            ranges.BATCH_BYTES = wanted
    assert failed.value.code == "PQ_GONE"
    assert "scan again" in str(failed.value)


def test_columns_that_changed_under_a_scan_are_an_error(pq: Parqueue, stage: Stage) -> None:
    stage.write("numbers/moving.csv", "n,m\n1,2\n")
    frame = pq.scan("numbers", name="moving")
    stage.write("numbers/moving.csv", "n,other\n1,2\n")
    pq.invalidate(dataset="numbers", mode="purge")
    pq.clear_cache()
    with pytest.raises(ParqueueError) as failed:
        frame.collect()
    assert failed.value.code in ("PQ_GENERATION_CHANGED", "PQ_GONE")


def test_a_range_that_breaks_off_is_gone_on_with(stage: Stage, large: int) -> None:
    cut: list[Passed] = []

    def script(one: Passed) -> Cut | None:
        if one.headers.get("range", "").startswith("bytes=") and len(relay.of("GET", DATA)) == 2:
            cut.append(one)
            return Cut(after=10_000)
        return None

    with Relay(stage.url, script) as relay, Parqueue(relay.url, api_key=stage.key, progress=False) as pq:
        scanned = pq.scan("large").select("n2").collect()
        assert cut
        assert_frame_equal(scanned, pq.read("large").select("n2"))


def test_a_range_of_another_generation_is_refused(stage: Stage, large: int) -> None:
    def script(one: Passed) -> Reply | None:
        if "range" not in one.headers:
            return None
        first, last = one.headers["range"][6:].split("-")
        size = (stage.lake / "large.parquet").stat().st_size
        headers = {"Content-Range": f"bytes {first}-{last}/{size}", "ETag": '"another"'}
        return Reply(206, headers, bytes(int(last) - int(first) + 1))

    with (
        Relay(stage.url, script) as relay,
        Parqueue(relay.url, api_key=stage.key, progress=False) as pq,
        pytest.raises(ParqueueError) as failed,
    ):
        pq.scan("large")
    assert failed.value.code == "UNEXPECTED"


def test_a_small_file_is_fetched_whole_once_and_then_read_from_the_cache(stage: Stage) -> None:
    stage.write("words.csv", "id,word\n1,a\n2,b\n")
    with Relay(stage.url) as relay, Parqueue(relay.url, api_key=stage.key, progress=False) as pq:
        for _ in range(3):
            assert pq.scan("words").collect().height == 2
        assert len(relay.of("GET", DATA)) == 1


def test_the_pin_lives_as_long_as_any_frame_made_from_the_scan(connect: Connect, large: int) -> None:
    pq = connect()
    frame = pq.scan("large")
    derived = frame.filter(pl.col("n1") > 0).select("g")
    assert pq.pins == 1
    del frame
    gc.collect()
    assert pq.pins == 1
    assert derived.head(1).collect().item() == large
    del derived
    gc.collect()
    wait_for(lambda: pq.pins == 0)


def test_scans_of_many_threads_do_not_meet(pq: Parqueue, large: int) -> None:
    found: list[object] = []

    def work(column: str) -> None:
        found.append(pq.scan("large").select(pl.col("g").unique(), pl.col(column).count()).collect().rows())

    threads = [threading.Thread(target=work, args=(f"n{at}",)) for at in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[(large, 120_000)]] * 6


def test_a_frame_that_many_threads_collect_moves_to_one_generation(pq: Parqueue, stage: Stage, large: int) -> None:
    frame = pq.scan("large").select(pl.col("g").unique(), pl.col("n1").count())
    stage.write_large(large + 4000, rows=80_000)
    pq.invalidate(dataset="large", mode="purge")
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(frame.collect().rows())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[(large + 4000, 80_000)]] * 4
    wait_for(lambda: pq.pins == 1)


def test_without_its_redis_a_server_pins_nothing_and_is_read_all_the_same(stage: Stage, large: int) -> None:
    def script(one: Passed) -> Reply | None:
        return problem(503, "PQ_COORDINATION_DOWN") if one.body and "pin" in one.body else None

    with Relay(stage.url, script) as relay:
        for mount in (None, stage.store):
            with Parqueue(relay.url, api_key=stage.key, mount=mount, progress=False) as pq:
                assert pq.scan("large").select(pl.col("g").unique(), pl.len()).collect().rows() == [(large, 120_000)]
                assert pq.read("large").height == 120_000
                assert pq.pins == 0


def test_a_key_that_may_only_read_scans_what_is_there(pq: Parqueue, connect: Connect, stage: Stage, large: int) -> None:
    pq.read("large")
    reader = connect(api_key=stage.reader_key, cache=False)
    assert reader.scan("large").select("n1").head(3).collect().height == 3


def test_a_dataset_without_rows_has_its_columns(pq: Parqueue, mounted: Parqueue, stage: Stage) -> None:
    stage.write("numbers/empty.csv", "n,word\n")
    for client in (pq, mounted):
        frame = client.scan("numbers", name="empty")
        assert frame.collect().shape == (0, 2)
        assert frame.select(pl.len()).collect().item() == 0
        assert client.read("numbers", name="empty").columns == ["n", "word"]


def test_a_scan_is_not_sent_to_another_process(pq: Parqueue) -> None:
    with pytest.raises(TypeError, match="process"):
        pickle.dumps(pq)
    with pytest.raises(pl.exceptions.ComputeError, match="process"):
        pq.scan("words").serialize()


POSIX = pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals of POSIX")


def interrupt() -> None:
    """Ctrl-C, a moment later."""
    main = threading.main_thread().ident
    assert main is not None
    threading.Timer(0.3, signal.pthread_kill, (main, signal.SIGINT)).start()


@POSIX
def test_ctrl_c_ends_a_wait(stage: Stage) -> None:
    def script(one: Passed) -> Reply | None:
        interrupt()
        return Reply(202, {"Location": "/v1/fills/f", "Retry-After": "60"}, b"{}")

    with Relay(stage.url, script) as relay, Parqueue(relay.url, progress=False) as pq, pytest.raises(KeyboardInterrupt):
        pq.dataset("slow").resolve()


COLLECT = """
import sys
from parqueue import Parqueue
frame = Parqueue(sys.argv[1], progress=False).scan("large").select("n1")
try:
    # polars lets Ctrl-C come twice.
    try:
        frame.collect()
    except KeyboardInterrupt:
        import time; time.sleep(1)
except KeyboardInterrupt:
    pass
print("over")
"""


@POSIX
def test_ctrl_c_ends_a_scan_that_waits_for_its_bytes(stage: Stage, large: int) -> None:
    over = threading.Event()

    def script(one: Passed) -> None:
        if len([p for p in relay.of("GET", DATA) if p.headers.get("range")]) == 2:
            process.send_signal(signal.SIGINT)
            over.wait(60)

    with Relay(stage.url, script) as relay:
        environment = {**os.environ, "PARQUEUE_API_KEY": stage.key}
        command = [sys.executable, "-c", COLLECT, relay.url]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own
        try:
            told, _ = process.communicate(timeout=50)
        finally:
            over.set()
            process.kill()
    assert told == "over\n", "not held up by a server that does not answer"


def wait_for(condition: object, seconds: float = 20.0) -> None:
    assert callable(condition)
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.02)


def test_a_file_of_the_store_is_pinned_until_it_is_released(mounted: Parqueue, stage: Stage, large: int) -> None:
    with mounted.path("large") as file:
        assert Path(file).stat().st_size == file.bytes
        assert (file.rows, file.held) == (120_000, True)
        assert pl.scan_parquet(file).select(pl.col("g").unique()).collect().item() == large
        stage.write_large(large + 3000, rows=80_000)
        mounted.read("large")
        time.sleep(1.5)
        assert Path(file).exists()
        file.check()
    assert not file.held
    with pytest.raises(ParqueueError) as failed:
        file.check()
    assert failed.value.code == "PQ_GONE"
    assert mounted.pins == 0


def test_a_path_without_a_mount_or_of_another_store_is_refused(pq: Parqueue, connect: Connect, tmp_path: Path) -> None:
    with pytest.raises(ParqueueError, match="download") as failed:
        pq.path("words")
    assert failed.value.code == "NOT_MOUNTED"
    elsewhere = connect(mount=tmp_path)
    with pytest.raises(ParqueueError, match=r"parqueue\.json"):
        elsewhere.read("words")
    (tmp_path / "parqueue.json").write_text('{"storeId": "another"}')
    with pytest.raises(ParqueueError, match="another cluster"):
        elsewhere.scan("words")
    assert elsewhere.pins == 0

"""What was read is kept, proved by the server at each use, bounded, and shared; damage is a miss."""

from __future__ import annotations

import errno
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import Connect, Stage
from parqueue import Parqueue, ParqueueError, ParqueueTimeoutError, cache
from parqueue.cache import DiskCache
from relay import Cut, Passed, Relay, Reply, problem


@pytest.fixture(autouse=True)
def _words(stage: Stage) -> None:
    stage.write("words.csv", "id,word\n1,a\n2,b\n")


def kept(folder: Path) -> list[Path]:
    return sorted((folder / "v1").glob("*.parquet"))


def test_an_unchanged_dataset_is_asked_for_by_its_tag_and_not_transferred_again(stage: Stage) -> None:
    with Relay(stage.url) as relay, Parqueue(relay.url, api_key=stage.key, progress=False) as pq:
        for _ in range(3):
            assert pq.read("words")["word"].to_list() == ["a", "b"]
        assert [one.status for one in relay.passed] == [200, 304, 304]
        assert relay.passed[1].headers["if-none-match"].strip('"') in str(kept(Path(os.environ["PARQUEUE_CACHE_DIR"])))
        stage.write("words.csv", "id,word\n1,changed\n")
        assert pq.to_arrow("words").to_pylist() == [{"id": 1, "word": "changed"}]
        assert relay.passed[-1].status == 200


def test_an_unchanged_statement_is_resolved_and_not_transferred_again(stage: Stage) -> None:
    with Relay(stage.url) as relay, Parqueue(relay.url, api_key=stage.key, progress=False) as pq:
        query = pq.file("lake", "words.csv")
        for _ in range(3):
            assert query.read().height == 2
        assert [one.path.split("?")[0].rsplit("/", 1)[1] for one in relay.passed] == ["resolve", "data", "resolve", "resolve"]


def test_another_process_finds_what_this_one_read(stage: Stage, tmp_path: Path) -> None:
    program = (
        "import sys; from parqueue import Parqueue\n"
        f"print(Parqueue(sys.argv[1], progress=False, cache={str(tmp_path)!r}).read('words').height)"
    )
    with Relay(stage.url) as relay:
        with Parqueue(relay.url, api_key=stage.key, progress=False, cache=tmp_path) as pq:
            pq.read("words")
        environment = {**os.environ, "PARQUEUE_API_KEY": stage.key}
        command = [sys.executable, "-c", program, relay.url]
        told = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - ours
        assert (told.stdout, told.stderr) == ("2\n", "")
        assert [one.status for one in relay.passed] == [200, 304]


def test_one_key_is_not_told_the_tags_of_another(stage: Stage, connect: Connect, tmp_path: Path) -> None:
    connect(cache=tmp_path).read("words")
    with Relay(stage.url) as relay, Parqueue(relay.url, api_key=stage.reader_key, cache=tmp_path, progress=False) as other:
        assert other.read("words").height == 2
        assert "if-none-match" not in relay.passed[0].headers
    folder = " ".join(path.name + path.read_text("latin-1") for path in (tmp_path / "v1").iterdir())
    assert stage.key not in folder
    assert "words" not in folder


@pytest.mark.parametrize("damage", ["bytes", "cut", "gone", "note"])
def test_damage_is_a_miss(connect: Connect, tmp_path: Path, damage: str) -> None:
    connect(cache=tmp_path).read("words")
    (file,) = kept(tmp_path)
    if damage == "bytes":
        data = bytearray(file.read_bytes())
        data[20] ^= 1
        file.write_bytes(data)
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[:-1])
    elif damage == "gone":
        file.unlink()
    else:
        for note in (tmp_path / "v1").glob("*.json"):
            note.write_text("{")
    assert connect(cache=tmp_path).read("words")["word"].to_list() == ["a", "b"]
    assert len(kept(tmp_path)) == 1


def test_what_was_used_last_stays_within_the_bound(connect: Connect, stage: Stage, tmp_path: Path) -> None:
    pq = connect(cache=tmp_path, cache_bytes=5 * 4096)
    for number in range(8):
        stage.write(f"numbers/n{number}.csv", f"n\n{number}\n")
        assert pq.read("numbers", name=f"n{number}").item() == number
        for path in kept(tmp_path):
            os.utime(path, (path.stat().st_mtime - 10,) * 2)
    sizes = [max(path.stat().st_size, 4096) for path in (tmp_path / "v1").iterdir()]
    assert 0 < sum(sizes) <= 5 * 4096
    assert not list((tmp_path / "v1").glob("*.part"))
    assert pq.read("numbers", name="n7").item() == 7


def test_what_is_used_again_stays_with_its_note(pq: Parqueue) -> None:
    for _ in range(2):
        assert pq.read("words").height == 2
        files = list((Path(os.environ["PARQUEUE_CACHE_DIR"]) / "v1").iterdir())
        assert {path.suffix for path in files} == {".json", ".parquet"}
        used = [path.stat().st_mtime for path in files]
        assert min(used) > max(used) - 3000
        for path in files:
            os.utime(path, (used[0] - 5000,) * 2)


def test_without_a_cache_nothing_is_written(connect: Connect, tmp_path: Path) -> None:
    pq = connect(cache=False)
    assert pq.read("words").height == 2
    assert pq.scan("words").collect().height == 2
    assert not (tmp_path / "cache").exists()


def test_what_is_too_large_for_the_cache_is_read_all_the_same(connect: Connect, stage: Stage, tmp_path: Path) -> None:
    stage.write_large(1)
    pq = connect(cache=tmp_path, cache_bytes=100_000)
    assert pq.read("large").height == 60_000
    assert kept(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_an_error_where_it_was_named(connect: Connect, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ParqueueError) as failed:
        connect(cache=tmp_path / "file" / "cache")
    assert failed.value.code == "CACHE_UNUSABLE"


def test_a_folder_that_went_is_made_again(connect: Connect, tmp_path: Path) -> None:
    pq = connect(cache=tmp_path / "cache")
    (tmp_path / "cache" / "v1").rmdir()
    assert pq.read("words").height == 2
    assert len(kept(tmp_path / "cache")) == 1


def test_threads_that_ask_at_once_transfer_once(stage: Stage) -> None:
    stage.write_large(2)
    with Relay(stage.url) as relay, Parqueue(relay.url, api_key=stage.key, progress=False) as pq:
        heights: list[int] = []
        threads = [threading.Thread(target=lambda: heights.append(pq.read("large").height)) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert heights == [60_000] * 5
        # Each asks by itself: nobody is answered by work that began before the own ask.
        assert sorted(one.status for one in relay.passed) == [200, 304, 304, 304, 304]


def test_bytes_that_changed_on_the_way_never_get_into_a_frame(stage: Stage, tmp_path: Path) -> None:
    def flip(body: bytes) -> bytes:
        return body[:30] + bytes([body[30] ^ 1]) + body[31:]

    def script(one: Passed) -> Cut | None:
        return Cut(change=flip) if len(relay.passed) <= times else None

    times = 1
    with Relay(stage.url, script) as relay, Parqueue(relay.url, api_key=stage.key, progress=False, cache=tmp_path) as pq:
        assert pq.read("words").height == 2, "once is begun again"
    times = 9
    stage.write("words.csv", "id,word\n3,c\n")
    with Relay(stage.url, script) as relay, Parqueue(relay.url, api_key=stage.key, progress=False, cache=tmp_path) as pq:
        with pytest.raises(ParqueueError) as failed:
            pq.read("words")
        assert failed.value.code == "CORRUPTED"
    assert len(kept(tmp_path)) == 1


def test_a_transfer_that_breaks_off_goes_on_where_it_broke(stage: Stage) -> None:
    stage.write_large(3)

    def script(one: Passed) -> Cut | Reply | None:
        return Cut(after=1_000_000) if len(relay.passed) in (1, 2) else None

    with Relay(stage.url, script) as relay, Parqueue(relay.url, api_key=stage.key, progress=False) as pq:
        assert pq.read("large")["g"].unique().to_list() == [3]
        assert [one.headers.get("range") for one in relay.passed] == [None, "bytes=1000000-", "bytes=2000000-"]
        assert relay.passed[1].headers["if-range"]


def test_a_generation_that_went_between_two_requests_is_resolved_again(stage: Stage) -> None:
    def script(one: Passed) -> Reply | None:
        return problem(410, "PQ_GONE") if one.method == "GET" and len(relay.of("GET")) == 1 else None

    with Relay(stage.url, script) as relay, Parqueue(relay.url, api_key=stage.key, progress=False) as pq:
        assert pq.file("lake", "words.csv").read().height == 2
        assert [one.method for one in relay.passed] == ["POST", "GET", "POST", "GET"]


def test_who_waits_for_another_thread_has_patience_of_their_own(stage: Stage) -> None:
    held, free = threading.Event(), threading.Event()

    def script(one: Passed) -> None:
        held.set()
        free.wait(30)

    with Relay(stage.url, script) as relay, Parqueue(relay.url, api_key=stage.key, progress=False) as pq:
        first = threading.Thread(target=pq.read, args=("words",))
        first.start()
        held.wait(30)
        with pytest.raises(ParqueueTimeoutError):
            pq.read("words", timeout=0.2)
        free.set()
        first.join()
        assert len(relay.passed) == 1


def test_a_download_is_a_file_of_ones_own_put_in_place_in_one_step(pq: Parqueue, stage: Stage, tmp_path: Path) -> None:
    place = tmp_path / "mine.parquet"
    assert pq.download("words", place) == place
    before = place.read_bytes()
    assert before[:4] == b"PAR1"
    with pytest.raises(ParqueueError):
        pq.download("no_such", place)
    assert place.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name != "cache"] == ["mine.parquet"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here is always full")
@pytest.mark.parametrize("declared", [True, False])
def test_rows_are_read_all_the_same_where_the_disk_of_the_cache_is_full(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, declared: bool
) -> None:
    opened: Callable[..., int] = os.open
    full: list[str] = []

    def on_a_full_disk(path: str | Path, flags: int, mode: int = 0o777, **more: int) -> int:
        if str(path).endswith(".part"):
            full.append(str(path))
            return opened("/dev/full", os.O_RDWR)
        return opened(path, flags, mode, **more)

    with Parqueue(stage.url, api_key=stage.key, progress=False, cache=tmp_path) as pq:
        query = pq.dataset("words") if declared else pq.file("lake", "words.csv")
        monkeypatch.setattr(os, "open", on_a_full_disk)
        assert query.read()["word"].to_list() == ["a", "b"]
        monkeypatch.undo()
    assert full
    assert kept(tmp_path) == []


def test_where_its_disk_is_small_what_was_used_least_recently_goes(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    room = 6 * 4096

    class SmallDisk(io.FileIO):
        def write(self, data: Any) -> int:
            free = room - sum(max(path.stat().st_size, 4096) for path in (tmp_path / "v1").iterdir())
            if free < 0:
                raise OSError(errno.ENOSPC, "full")
            return super().write(data[:300])

    monkeypatch.setattr(cache, "_Sink", type("_Sink", (cache._Sink, SmallDisk), {}))
    with Relay(stage.url) as relay, Parqueue(relay.url, api_key=stage.key, progress=False, cache=tmp_path) as pq:
        for number in (*range(9), 8):
            stage.write(f"numbers/n{number}.csv", f"n\n{number}\n")
            assert pq.read("numbers", name=f"n{number}").item() == number
            for path in kept(tmp_path):
                os.utime(path, (path.stat().st_mtime - 10,) * 2)
        assert [one.status for one in relay.passed] == [200] * 9 + [304], "the newest stays"
    assert 1 <= len(kept(tmp_path)) < 6
    assert not list((tmp_path / "v1").glob("*.part"))


def test_a_file_that_is_too_large_for_the_cache_drives_nothing_out(tmp_path: Path) -> None:
    full = DiskCache(tmp_path, 5 * 4096, owner=b"", required=True)
    (tmp_path / "v1" / f"{'0' * 64}.parquet").write_text("x")
    assert not full._make_room(4 * 4096, 4096)
    assert len(kept(tmp_path)) == 1
    assert full._make_room(0, 4096)
    assert kept(tmp_path) == []
    assert not full._make_room(0, 4096), "there is nothing left"


def test_a_folder_that_cannot_be_written_any_more_keeps_nothing(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pq = connect(cache=tmp_path)
    opened: Callable[..., int] = os.open

    def refused(path: str | Path, *more: Any, **named: Any) -> int:
        if str(path).endswith(".part"):
            raise OSError(errno.EROFS, "read-only")
        return opened(path, *more, **named)

    # Seen writable, and not any more a moment later.
    monkeypatch.setattr(os, "open", refused)
    assert pq.read("words").height == 2
    monkeypatch.undo()
    assert kept(tmp_path) == []


def test_other_errors_of_the_disk_are_told(tmp_path: Path) -> None:
    def broken(_: object) -> tuple[str, int]:
        raise OSError(errno.EIO, "broken")

    with pytest.raises(OSError, match="broken"):
        DiskCache(tmp_path, 1 << 20, owner=b"", required=True).fill(broken)


@pytest.mark.parametrize("named", ["absolute", "relative"])
def test_a_server_cannot_name_files_outside_of_the_cache(tmp_path: Path, named: str) -> None:
    other = tmp_path / "mine.parquet"
    other.write_text("mine")
    sha256 = str(other.with_suffix("")) if named == "absolute" else "../../mine"
    entry = {"key": "k", "generation": 1, "etag": '"x"', "sha256": sha256, "bytes": 4, "rows": 1}
    evil = Reply(200, {"Content-Type": "application/json"}, json.dumps(entry).encode())
    with Relay(script=lambda _: evil) as relay, Parqueue(relay.url, progress=False, cache=tmp_path / "cache") as pq:
        with pytest.raises(ParqueueError) as failed:
            pq.file("lake", "x.csv").read()
        assert failed.value.code == "UNEXPECTED"
        assert pq._cache.open(sha256) is None
    assert other.read_text() == "mine"


def test_rows_that_cannot_be_proved_are_not_taken(tmp_path: Path) -> None:
    headers = {"ETag": 'W/"x"', "Parqueue-Key": "k", "Parqueue-Generation": "1"}
    with Relay(script=lambda _: Reply(200, headers, b"PAR1")) as relay:
        with Parqueue(relay.url, progress=False, cache=tmp_path) as pq, pytest.raises(ParqueueError) as failed:
            pq.download("words", tmp_path / "words.parquet")
        assert failed.value.code == "UNEXPECTED"
    assert kept(tmp_path) == []

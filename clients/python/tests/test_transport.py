"""Servers, proxies and lines as they are: told when to come back, broken, silent, somebody else's."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
import traceback
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Stage
from parqueue import Freshness, Parqueue, ParqueueError, ParqueueTimeoutError
from relay import Cut, Passed, Relay, Reply, problem

KEY = "pq_secret_of_this_test"


def answering(*replies: Reply) -> tuple[Relay, list[Reply]]:
    waiting = list(replies)
    return Relay(script=lambda _: waiting.pop(0)), waiting


def client(relay: Relay, **options: object) -> Parqueue:
    return Parqueue(relay.url, **{"api_key": KEY, "progress": False, **options})  # type: ignore[arg-type]


def told(value: object) -> Reply:
    return Reply(200, {"Content-Type": "application/json"}, json.dumps(value).encode())


ME = told({"name": "me"})


@pytest.mark.parametrize("status", [429, 503])
def test_a_time_to_come_back_is_kept_to(status: int) -> None:
    relay, _ = answering(problem(status, "PQ_QUEUE_FULL", headers={"Retry-After": "1"}), ME)
    with relay, client(relay) as pq:
        began = time.monotonic()
        assert pq.whoami() == {"name": "me"}
        assert time.monotonic() - began >= 1, "the server's time, not a guess"


def test_a_time_to_come_back_may_be_a_date() -> None:
    headers = {"Retry-After": "Sun, 22 Nov 2026 10:00:00 GMT", "Date": "Sun, 22 Nov 2026 10:00:00 GMT"}
    relay, _ = answering(problem(503, "PQ_STORE_IO", headers=headers), ME)
    with relay, client(relay) as pq:
        assert pq.whoami() == {"name": "me"}


def test_it_is_not_come_back_to_more_often_than_retries_allow() -> None:
    busy = problem(429, "PQ_RATE_LIMITED", headers={"Retry-After": "0"})
    relay, left = answering(*[busy] * 5)
    with relay, client(relay) as pq, pytest.raises(ParqueueError) as failed:
        pq.whoami()
    assert (failed.value.code, failed.value.retry_after, failed.value.retryable) == ("PQ_RATE_LIMITED", 0, True)
    assert len(left) == 2


def test_who_has_not_that_much_time_is_told_at_once() -> None:
    relay, _ = answering(problem(503, "PQ_SOURCE_PAUSED", headers={"Retry-After": "600"}))
    with relay, client(relay, timeout=5) as pq, pytest.raises(ParqueueError) as failed:
        pq.whoami()
    assert (failed.value.code, failed.value.retry_after) == ("PQ_SOURCE_PAUSED", 600)


def test_nobody_sleeps_for_an_hour_because_a_server_says_so() -> None:
    relay, left = answering(problem(503, "PQ_SOURCE_PAUSED", headers={"Retry-After": "3600"}), ME)
    with relay, client(relay) as pq, pytest.raises(ParqueueError) as failed:
        pq.whoami()
    assert (failed.value.code, failed.value.retry_after, len(left)) == ("PQ_SOURCE_PAUSED", 3600, 1)
    assert "come back in 3600 s" in str(failed.value)


def test_nor_between_two_looks_at_a_load(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("parqueue.transport.time.sleep", slept.append)
    begun = Reply(202, {"Location": "/v1/fills/f1", "Retry-After": "86400"})
    entry = told({"key": "k", "generation": 1, "etag": '"x"', "sha256": "0" * 64, "bytes": 1, "rows": 1})
    relay, _ = answering(begun, entry)
    with relay, client(relay) as pq:
        assert pq.dataset("slow").resolve()["rows"] == 1
    assert len(slept) == 1
    assert slept[0] <= 30


def test_how_long_silence_is_borne_can_be_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with Parqueue(url, progress=False, silence_seconds=0.2) as pq, pytest.raises(ParqueueError) as failed:
            pq.whoami()
    assert failed.value.code == "UNREACHABLE"
    assert "does not answer" in str(failed.value)
    with pytest.raises(ValueError, match="silence_seconds"):
        Parqueue(url, silence_seconds=0)


def test_a_transfer_that_falls_silent_goes_on_by_a_range(stage: Stage) -> None:
    stage.write_large(1, path="large.parquet")
    quiet = threading.Event()

    def script(one: Passed) -> Cut | None:
        return Cut(after=1_000_000, stays=quiet) if len(relay.of("GET")) == 1 else None

    with Relay(stage.url, script) as relay:
        with Parqueue(relay.url, api_key=stage.key, progress=False, cache=False, silence_seconds=3) as pq:
            assert pq.read("large").height == 60_000
        quiet.set()
        assert [one.headers.get("range") for one in relay.of("GET")] == [None, "bytes=1000000-"]


def test_a_connection_that_breaks_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        body = json.dumps({"name": "me"}).encode()

        def serve() -> None:
            broken, _ = server.accept()
            broken.close()
            good, _ = server.accept()
            with good:
                good.recv(10_000)
                good.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body))

        thread = threading.Thread(target=serve)
        thread.start()
        with Parqueue(f"http://127.0.0.1:{server.getsockname()[1]}", progress=False) as pq:
            assert pq.whoami() == {"name": "me"}
        thread.join()


def test_an_idle_connection_that_the_server_closed_costs_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for _ in range(3):
                connection, _ = server.accept()
                with connection:
                    connection.recv(10_000)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        thread = threading.Thread(target=serve)
        thread.start()
        with Parqueue(f"http://127.0.0.1:{server.getsockname()[1]}", retries=0, progress=False) as pq:
            for _ in range(3):
                assert pq.whoami() == {}
                time.sleep(0.05)
        thread.join()


def test_nobody_there_is_unreachable_and_says_where() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with Parqueue(f"http://127.0.0.1:{port}", progress=False) as pq, pytest.raises(ParqueueError) as failed:
        pq.read("words")
    assert failed.value.code == "UNREACHABLE"
    assert f"http://127.0.0.1:{port}" in str(failed.value)
    assert failed.value.retryable


def test_a_server_that_is_silent_ends_with_the_callers_patience() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with Parqueue(url, progress=False) as pq, pytest.raises(ParqueueTimeoutError) as failed:
            pq.read("words", timeout=0.3)
    assert failed.value.code == "TIMEOUT"
    assert isinstance(failed.value, TimeoutError)


def test_a_page_of_somebody_else_is_not_taken_for_rows(tmp_path: object) -> None:
    page = Reply(200, {"Content-Type": "text/html", "ETag": '"x"'}, b"<html>log in")
    relay, _ = answering(page, page, Reply(502, {}, b"<html>bad gateway"))
    with relay, client(relay, retries=0) as pq:
        asks: list[Callable[[], object]] = [lambda: pq.read("words"), lambda: pq.scan("words"), pq.whoami]
        for ask in asks:
            with pytest.raises(ParqueueError) as failed:
                ask()
            assert failed.value.code == "UNEXPECTED"
    assert failed.value.status == 502


def test_a_load_is_followed_through_202_as_one_ask() -> None:
    accepted = Reply(202, {"Location": "/prefix/v1/fills/lake.fill.1", "Retry-After": "0"}, b"{}")
    relay, _ = answering(accepted, accepted, told({"sha256": "0" * 64, "rows": 1}))
    with relay, client(relay, wait_seconds=7) as pq:
        assert pq.dataset("slow").resolve()["rows"] == 1
    assert [one.headers.get("parqueue-fill") for one in relay.passed] == [None, "lake.fill.1", "lake.fill.1"]
    assert {one.headers["prefer"] for one in relay.passed} == {"wait=7"}


def test_what_is_asked_goes_into_url_body_and_headers() -> None:
    relay, _ = answering(*[problem(404, "PQ_UNKNOWN_DATASET")] * 3)
    with relay, client(relay) as pq:
        fresh = Freshness(max_age=60.5, max_stale=float("inf"), no_cache=True, only_if_cached=True)
        asks: list[Callable[[], object]] = [
            lambda: pq.read("l&e/x", market="é&", live=True, skipped=None, columns=["a", "b"], freshness=fresh),
            lambda: pq.read("prices", columns=["a,b"], market="x"),
            lambda: pq.sql("erp", "select 1 where :n > 2", {"n": 2**60}).read(),
        ]
        for ask in asks:
            with pytest.raises(ParqueueError):
                ask()
    first, second, third = relay.passed
    url = urllib.parse.urlsplit(first.path)
    assert url.path == "/v1/datasets/l%26e%2Fx/data"
    asked = {"market": ["é&"], "live": ["true"], "format": ["parquet"], "columns": ["a,b"]}
    assert urllib.parse.parse_qs(url.query) == asked
    assert first.headers["cache-control"] == "no-cache, max-age=60, max-stale, only-if-cached"
    assert first.headers["authorization"] == f"Bearer {KEY}"
    assert second.body == {"dataset": "prices", "params": {"market": "x"}, "columns": ["a,b"]}
    binds = {"n": {"type": "integer", "value": str(2**60)}}
    assert third.body == {"source": "erp", "sql": "select 1 where :n > 2", "binds": binds}


def test_a_path_prefix_is_kept() -> None:
    relay, _ = answering(ME)
    with relay, Parqueue(f"{relay.url}/warehouse", progress=False) as pq:
        pq.whoami()
        assert relay.passed[0].path == "/warehouse/v1/whoami"


def test_the_proxy_of_the_environment_is_used_and_no_proxy_spares(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    with Relay(stage.url) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.replace("http://", "http://user:p%40ss@"))
        with Parqueue(stage.url, api_key=stage.key, progress=False) as pq:
            assert pq.whoami()["name"] == "key:python"
        assert proxy.passed[0].path == f"{stage.url}/v1/whoami"
        assert proxy.passed[0].headers["proxy-authorization"] == "Basic dXNlcjpwQHNz"
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with Parqueue(stage.url, api_key=stage.key, progress=False) as pq:
            pq.whoami()
        assert len(proxy.passed) == 1


def test_the_key_is_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    relay, _ = answering(problem(401, "PQ_UNAUTHENTICATED"))
    with relay, client(relay) as pq:
        with pytest.raises(ParqueueError) as failed:
            pq.read("words")
        shown = [repr(pq), str(pq), repr(pq.dataset("words", secret=KEY)), repr(vars(pq)), str(failed.value)]
        shown += [repr(vars(thing)) for thing in (pq._transport, pq._cache, pq._reading)]
        frames = traceback.TracebackException.from_exception(failed.value, capture_locals=True)
        shown.append("".join(frames.format()))
    assert "***" in " ".join(shown)
    assert [text for text in shown if KEY in text] == []


def variables(error: BaseException) -> str:
    """A traceback with variables, of our frames and of the library's: this test's own know the key."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(line for frame in shown.stack if frame.filename != __file__ for line in (frame.locals or {}).values())


def test_the_key_is_shown_neither_where_no_client_is_made_nor_where_a_request_breaks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ParqueueError) as unusable:
        Parqueue("http://127.0.0.1:1", api_key=KEY, cache=tmp_path / "file" / "cache")
    relay, _ = answering()
    with relay, client(relay, retries=0) as pq:
        # What is sent is a variable of the library: a connection that breaks there would show it.
        monkeypatch.setattr(socket.socket, "sendall", broken_pipe)
        with pytest.raises(ParqueueError) as broken:
            pq.whoami()
        monkeypatch.undo()
    assert isinstance(broken.value.__cause__, BrokenPipeError)
    for error in (unusable.value, broken.value, broken.value.__cause__):
        assert KEY not in variables(error)


def broken_pipe(*_: object) -> None:
    raise BrokenPipeError(32, "Broken pipe")


@pytest.mark.parametrize("url", ["", "127.0.0.1:8787", "ftp://host", "http://", "http://a:b@host", "http://host/?x=1"])
def test_an_address_that_is_none_is_told_without_being_said(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARQUEUE_URL", url or "nothing")
    with pytest.raises(ValueError, match="url must"):
        Parqueue()
    with pytest.raises(ValueError, match="api_key has"):
        Parqueue("http://host", api_key="a\nb")


def test_a_closed_client_says_so(stage: Stage) -> None:
    pq = Parqueue(stage.url, api_key=stage.key, progress=False)
    pq.close()
    pq.close()
    with pytest.raises(ParqueueError) as failed:
        pq.datasets()
    assert failed.value.code == "CLOSED"


def test_the_environment_names_server_and_key(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARQUEUE_URL", stage.url)
    monkeypatch.setenv("PARQUEUE_API_KEY", stage.key)
    monkeypatch.setenv("PARQUEUE_MOUNT", str(stage.store))
    with Parqueue(progress=False) as pq:
        assert "words" in [dataset["name"] for dataset in pq.datasets()]
        stage.write("words.csv", "id,word\n1,a\n")
        with pq.path("words") as file:
            assert file.rows == 1
        assert pq.explain(file.key)["key"] == file.key


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl to make a certificate with")
def test_https_wants_a_certificate_that_it_can_prove(tmp_path: Path) -> None:
    certificate, key = tmp_path / "server.crt", tmp_path / "server.key"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, "-keyout", str(key), "-out"]
    subprocess.run([*made, str(certificate)], check=True, capture_output=True)  # noqa: S603 - no input of anybody's
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with Relay(script=lambda _: ME, tls=tls) as relay:
        with Parqueue(relay.url, progress=False) as pq, pytest.raises(ParqueueError, match=r"(?i)certificate") as failed:
            pq.whoami()
        assert failed.value.code == "UNREACHABLE"
        with Parqueue(relay.url, ssl_context=ssl.create_default_context(cafile=certificate), progress=False) as pq:
            assert pq.whoami() == pq.whoami() == {"name": "me"}

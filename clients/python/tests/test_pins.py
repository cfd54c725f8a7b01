"""Pins are renewed while somebody reads, and given back when nobody does: by name, by collection, at the end of a process."""

from __future__ import annotations

import gc
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from conftest import Stage
from parqueue import Parqueue, ParqueueError, pins
from relay import Passed, Relay, Reply, problem


@pytest.fixture(autouse=True)
def _words(stage: Stage) -> None:
    stage.write("words.csv", "id,word\n1,a\n2,b\n")


def test_a_client_that_is_collected_within_a_line_of_its_own_threads_waits_for_nobody() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    pq = Parqueue(f"http://127.0.0.1:{port}", progress=False)
    keeper, pool = pq._keeper, pq._transport._pool

    def collected() -> None:
        with keeper._lock, pool._lock:
            keeper.hold({"pin": {"id": "p"}}, pins.clock())
            pq.close()

    thread = threading.Thread(target=collected, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert pq.pins == 0


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.02)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pins of five seconds, renewed after less than two."""
    monkeypatch.setattr(pins, "PIN_SECONDS", 5.0)
    monkeypatch.setattr("parqueue.reading.PIN_SECONDS", 5.0)


@pytest.mark.usefixtures("quick")
def test_a_pin_is_renewed_in_the_background_and_given_back_once(stage: Stage) -> None:
    with Relay(stage.url) as relay, Parqueue(relay.url, api_key=stage.key, mount=stage.store, progress=False) as pq:
        with pq.path("words") as file:
            wait_for(lambda: len(relay.of("PUT", "/v1/pins/")) >= 2)
            assert file.held
            assert relay.of("PUT")[0].status == 200
            assert relay.of("PUT")[0].body == {"ttl": "5s"}
        file.release()
        assert [one.status for one in relay.of("DELETE")] == [204]


@pytest.mark.usefixtures("quick")
def test_a_pin_that_ended_is_lost_and_one_that_could_not_be_renewed_yet_is_not(stage: Stage) -> None:
    answer = [problem(500, "PQ_INTERNAL")]

    def script(one: Passed) -> Reply | None:
        return answer[0] if one.method == "PUT" else None

    with (
        Relay(stage.url, script) as relay,
        Parqueue(relay.url, api_key=stage.key, mount=stage.store, progress=False) as pq,
        pq.path("words") as file,
    ):
        wait_for(lambda: len(relay.of("PUT")) >= 2)
        assert file.held
        answer[0] = problem(410, "PQ_GONE")
        wait_for(lambda: not file.held)
        with pytest.raises(ParqueueError, match="pin was lost"):
            file.check()


def test_a_pin_that_was_forgotten_is_given_back_when_it_is_collected(stage: Stage) -> None:
    with Relay(stage.url) as relay, Parqueue(relay.url, api_key=stage.key, mount=stage.store, progress=False) as pq:
        pq.path("words")
        gc.collect()
        wait_for(lambda: [one.status for one in relay.of("DELETE")] == [204])
        assert pq.pins == 0


def test_a_client_that_was_forgotten_gives_back_its_pins(stage: Stage) -> None:
    with Relay(stage.url) as relay:
        pq = Parqueue(relay.url, api_key=stage.key, mount=stage.store, progress=False)
        file, frame = pq.path("words"), pq.scan("words")
        del pq
        gc.collect()
        assert (file.held, frame.collect().height) == (True, 2), "what it gave works on"
        del file, frame
        gc.collect()
        wait_for(lambda: [one.status for one in relay.of("DELETE")] == [204, 204])


PROGRAM = """
import os, sys, time
from parqueue import Parqueue
pq = Parqueue(sys.argv[1], progress=False)
file = pq.path("words")
frame = pq.scan("words")
def say(*words): os.write(1, (" ".join(map(str, words)) + "\\n").encode())
"""

ENDS = {
    "the end of the script": "",
    "an error": "raise SystemExit(3)",
    "a child that was forked": """
child = os.fork()
if child == 0:
    say("child", file.held, pq.pins, pq.to_arrow("words").num_rows)
    sys.exit(0)  # polars itself does not work in a child that was forked
os.waitpid(child, 0)
say("parent", file.held, pq.pins)
""",
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.parametrize("end", ENDS)
def test_an_interpreter_that_ends_gives_back_what_it_holds(stage: Stage, end: str) -> None:
    with Relay(stage.url) as relay:
        environment = {**os.environ, "PARQUEUE_API_KEY": stage.key, "PARQUEUE_MOUNT": str(stage.store)}
        command = [sys.executable, "-c", PROGRAM + ENDS[end], relay.url]
        told = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
        assert "Traceback" not in told.stderr
        taken = [one for one in relay.of("POST", "/v1/resolve") if one.body and "pin" in one.body]
        given_back = relay.of("DELETE", "/v1/pins/")
        assert {one.status for one in given_back} == {204}
        assert len(given_back) == len(taken)
        if end == "a child that was forked":
            # The pins of the parent are the parent's: the child neither holds them nor gives them back.
            assert told.stdout.splitlines() == ["child False 0 2", "parent True 2"]


def test_an_answer_that_makes_no_sense_leaves_no_pin(stage: Stage) -> None:
    given = {"key": "k", "generation": 1, "etag": '"x"', "sha256": "0" * 64, "rows": 1, "pin": {"id": "p1"}}
    senseless = Reply(200, {"Content-Type": "application/json"}, json.dumps(given).encode())

    def script(one: Passed) -> Reply:
        return senseless if one.method == "POST" else Reply(204)

    with Relay(script=script) as relay, Parqueue(relay.url, progress=False, mount=stage.store) as pq:
        for ask in (pq.scan, pq.path):
            with pytest.raises(ParqueueError) as failed:
                ask("words")
            assert failed.value.code == "UNEXPECTED"
            assert pq.pins == 0
        assert [one.path for one in relay.of("DELETE")] == ["/v1/pins/p1"] * 2


def test_without_a_server_a_release_is_no_error(stage: Stage) -> None:
    relay = Relay(stage.url)
    with relay:
        pq = Parqueue(relay.url, api_key=stage.key, mount=stage.store, progress=False)
        file = pq.path("words")
    file.release()
    pq.close()
    assert (file.held, pq.pins) == (False, 0)

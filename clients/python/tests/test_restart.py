"""A server that is restarted while somebody works with it. Nobody sleeps here: what would be slept is counted."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from conftest import Stage
from parqueue import Freshness, Parqueue, ParqueueError
from parqueue.absence import Absence
from parqueue.progress import Progress, TerminalBar
from relay import Cut, Passed, Relay, Reply, problem

MIDDLE = 0.5
ME = Reply(200, {"Content-Type": "application/json"}, json.dumps({"name": "me"}).encode())


class Sleeps:
    """``then`` is called once so many pauses were made."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self._after: dict[int, Callable[[], None]] = {}

    def then(self, pauses: int, act: Callable[[], None]) -> None:
        self._after[len(self.slept) + pauses] = act

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._after.pop(len(self.slept), lambda: None)()


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> Sleeps:
    made = Sleeps()
    monkeypatch.setattr("parqueue.transport.time.sleep", made)
    monkeypatch.setattr("parqueue.absence._chance", lambda: MIDDLE)
    return made


def known(relay: Relay, **options: Any) -> Parqueue:
    """A client that was answered before."""
    pq = Parqueue(relay.url, **{"progress": False, **options})
    assert pq.whoami() == {"name": "me"}
    return pq


def test_a_server_that_comes_back_is_waited_for(sleeps: Sleeps) -> None:
    with Relay(script=lambda _: ME) as relay, known(relay) as pq:
        relay.down()
        sleeps.then(5, relay.up)
        assert pq.whoami() == {"name": "me"}
        assert sleeps.slept == [0.25, 0.5, 1, 2, 2]
        relay.down()
        sleeps.then(1, relay.up)
        assert pq.whoami() == {"name": "me"}, "it was back in between"


def test_one_that_stays_away_is_waited_for_so_long_and_no_longer(sleeps: Sleeps) -> None:
    with Relay(script=lambda _: ME) as relay, known(relay) as pq:
        relay.down()
        with pytest.raises(ParqueueError) as failed:
            pq.whoami()
        assert failed.value.code == "UNREACHABLE"
        assert 25 <= sum(sleeps.slept) <= 30


def test_one_that_never_answered_is_told_at_once(sleeps: Sleeps) -> None:
    with Relay() as relay:
        relay.down()
        with Parqueue(relay.url, progress=False) as pq, pytest.raises(ParqueueError) as failed:
            pq.whoami()
    assert (failed.value.code, sleeps.slept) == ("UNREACHABLE", [])


@pytest.mark.parametrize("options", [{"retries": 0}, {"reconnect_seconds": 0}])
def test_who_wants_no_waiting_has_none(sleeps: Sleeps, options: dict[str, Any]) -> None:
    with Relay(script=lambda _: ME) as relay, known(relay, **options) as pq:
        relay.down()
        with pytest.raises(ParqueueError) as failed:
            pq.whoami()
    assert (failed.value.code, sleeps.slept) == ("UNREACHABLE", [])


def test_who_would_not_be_there_any_more_hears_why_there_is_no_answer(sleeps: Sleeps) -> None:
    with Relay(script=lambda _: ME) as relay, known(relay, timeout=1.5) as pq:
        relay.down()
        with pytest.raises(ParqueueError) as failed:
            pq.whoami()
    assert (failed.value.code, sleeps.slept) == ("UNREACHABLE", [0.25, 0.5, 1])


def test_what_stands_before_it_may_answer_for_it_meanwhile(sleeps: Sleeps) -> None:
    answers = [ME, Reply(502, {}, b"<html>bad gateway"), Reply(503, {}, b""), ME]
    with Relay(script=lambda _: answers.pop(0)) as relay, known(relay) as pq:
        assert pq.whoami() == {"name": "me"}
        assert sleeps.slept == [0.25, 0.5]
        answers.extend([Reply(502, {}, b"<html>bad gateway")] * 50)
        with pytest.raises(ParqueueError) as failed:
            pq.whoami()
    assert (failed.value.code, failed.value.status) == ("UNEXPECTED", 502)
    assert len(answers) > 30


def test_a_refusal_of_the_server_itself_is_no_absence(sleeps: Sleeps) -> None:
    answers = [ME, problem(502, "PQ_SOURCE_REJECTED")]
    with Relay(script=lambda _: answers.pop(0)) as relay, known(relay) as pq, pytest.raises(ParqueueError) as failed:
        pq.whoami()
    assert (failed.value.code, sleeps.slept) == ("PQ_SOURCE_REJECTED", [])


def test_a_server_that_stops_while_a_load_is_waited_for(stage: Stage, sleeps: Sleeps) -> None:
    stage.write("words.csv", "id,word\n1,a\n")

    def script(one: Passed) -> Reply | None:
        return problem(503, "PQ_COORDINATION_DOWN", headers={"Retry-After": "2"}) if len(relay.of("GET")) == 1 else None

    with Relay(stage.url, script) as relay, Parqueue(relay.url, api_key=stage.key, progress=False) as pq:
        sleeps.then(1, relay.down)
        sleeps.then(4, relay.up)
        assert pq.read("words").height == 1
        assert sleeps.slept == [2, 0.25, 0.5, 1]


@pytest.mark.parametrize("way", ["read", "scan"])
def test_a_transfer_goes_on_where_it_broke(stage: Stage, sleeps: Sleeps, way: str) -> None:
    stage.write_large(1, rows=200_000, path="large.parquet")

    def script(one: Passed) -> Cut | None:
        # The answer is cut, and nobody listens any more once that is heard of: pauses are made by who asks again.
        if "data" not in one.path or len(relay.of("GET", "data")) != cut_at:
            return None
        sleeps.then(1, relay.down)
        sleeps.then(4, relay.up)
        return Cut(after=100_000)

    with Relay(stage.url, script) as relay:
        with Parqueue(relay.url, api_key=stage.key, progress=False, cache=False) as pq:
            cut_at = 1 if way == "read" else 2
            frame = pq.read("large") if way == "read" else pq.scan("large").select("n0").collect()
        assert frame.height == 200_000
        assert sleeps.slept[:4] == [0.25, 0.25, 0.5, 1]
        ranges = [one.headers.get("range") for one in relay.of("GET", "data")]
    assert len(ranges) == len(set(ranges)), "no byte was fetched twice"


def test_giving_back_pins_waits_for_nobody(stage: Stage, sleeps: Sleeps) -> None:
    with Relay(stage.url) as relay:
        pq = Parqueue(relay.url, api_key=stage.key, mount=stage.store, progress=False)
        stage.write("words.csv", "id,word\n1,a\n")
        pq.path("words")
        relay.down()
        pq.close()
    assert sleeps.slept == []


def test_what_stayed_away_long_enough_is_not_waited_for_by_the_next_call(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("parqueue.absence.time.monotonic", lambda: clock[0])
    monkeypatch.setattr("parqueue.absence._chance", lambda: MIDDLE)
    absence = Absence(20)
    assert list(absence.pauses()) == []
    absence.over()
    for pause in absence.pauses():
        clock[0] += pause
    assert 115 <= clock[0] <= 120
    clock[0] += 5
    assert list(absence.pauses()) == []
    absence.over()
    assert next(absence.pauses()) == 0.25
    # Each attempt that is held back for long before it breaks counts, too.
    clock[0] += 60
    assert list(absence.pauses()) == []


def test_many_who_lost_it_together_do_not_ask_together(sleeps: Sleeps, monkeypatch: pytest.MonkeyPatch) -> None:
    chances = [0.0, 1.0, 0.25, 0.0, 1.0]
    monkeypatch.setattr("parqueue.absence._chance", lambda: chances.pop(0))
    with Relay(script=lambda _: ME) as relay, known(relay) as pq:
        relay.down()
        sleeps.then(5, relay.up)
        assert pq.whoami() == {"name": "me"}
    assert sleeps.slept == [0.1875, 0.625, 0.875, 1.5, 2.5]


def test_chance_is_a_quarter_less_or_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parqueue.absence.time.monotonic", lambda: 100.0)
    told = []
    for _ in range(200):
        absence = Absence(30)
        absence.over()
        told.append(next(absence.pauses()))
    assert len(set(told)) > 100
    assert 0.1875 <= min(told) < 0.25 < max(told) <= 0.3125


def test_the_bar_says_who_is_waited_for_until_it_answers(stage: Stage, sleeps: Sleeps, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        encoding = "utf-8"

    terminal, at_hand = Terminal(), ""
    bar = TerminalBar(terminal)
    bar._began -= 1
    monkeypatch.setattr("parqueue.progress._bar", lambda: bar)
    stage.write("words.csv", "id,word\n1,a\n")

    def up() -> None:
        nonlocal at_hand
        at_hand = terminal.getvalue()
        relay.up()

    with Relay(stage.url) as relay, Parqueue(relay.url, api_key=stage.key, cache=False) as pq:
        assert pq.whoami()
        relay.down()
        sleeps.then(3, up)
        assert pq.read("words").height == 1
        host = relay.url.split("//")[1]
    waiting = f"words · waiting for {host} to come back · 1 s"
    assert waiting in at_hand.rsplit("\r\x1b[2K", 1)[1]
    assert waiting not in terminal.getvalue()[len(at_hand) :]
    assert terminal.getvalue()[len(at_hand) :].startswith("\r\x1b[2K"), "it is gone"


@pytest.mark.parametrize("way", ["read", "scan"])
def test_a_function_hears_it_too_and_what_was_before_it_again(stage: Stage, sleeps: Sleeps, way: str) -> None:
    stage.write_large(1, rows=200_000, path="large.parquet")
    heard: list[Progress] = []

    def script(one: Passed) -> Cut | None:
        if "data" not in one.path or len(relay.of("GET", "data")) != (1 if way == "read" else 2):
            return None
        sleeps.then(1, relay.down)
        sleeps.then(3, relay.up)
        return Cut(after=100_000)

    with Relay(stage.url, script) as relay:
        with Parqueue(relay.url, api_key=stage.key, progress=heard.append, cache=False) as pq:
            frame = pq.read("large") if way == "read" else pq.scan("large").select("n0").collect()
        assert frame.height == 200_000
        host = relay.url.split("//")[1]
    at = [number for number, one in enumerate(heard) if one.kind == "away"]
    assert [heard[number].phase for number in at] == [f"waiting for {host} to come back"] * 2
    assert heard[at[-1] + 1] == heard[at[0] - 1], "the transfer as far as it was"
    assert heard[-1].kind == "transfer"


@pytest.mark.parametrize("name", ["timeout", "silence_seconds", "reconnect_seconds", "wait_seconds", "retries"])
@pytest.mark.parametrize("value", ["5", [5], True])
def test_what_is_no_number_is_told_by_its_name(name: str, value: object) -> None:
    with pytest.raises(TypeError, match=f"{name} is a .*number.*, not {type(value).__name__}"):
        Parqueue("http://127.0.0.1:1", **{name: value})  # type: ignore[arg-type]


def test_so_it_is_for_one_call() -> None:
    with Parqueue("http://127.0.0.1:1", progress=False) as pq:
        with pytest.raises(TypeError, match="timeout is a number of seconds, not str"):
            pq.read("words", timeout="5")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="timeout is a number of seconds, not NaN"):
            pq.scan("words", timeout=math.nan)
    with pytest.raises(ValueError, match="retries must not be negative"):
        Parqueue("http://127.0.0.1:1", retries=-1)
    with pytest.raises(TypeError, match="max_age is a number of seconds, not str"):
        Freshness(max_age="60")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="max_stale is a number of seconds, not NaN"):
        Freshness(max_stale=math.nan)

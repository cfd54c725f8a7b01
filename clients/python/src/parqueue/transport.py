"""One request and its answer: asked again where the server says when, followed through a 202 to its end."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Callable

from ._version import __version__
from .absence import RECONNECT_SECONDS, Absence, jittered
from .connections import ConnectionPool, Response, StaleConnectionError
from .errors import ParqueueError, ParqueueTimeoutError, error_of, retry_after_of, unexpected
from .forks import renew_after_fork
from .secret import Secret

#: Beyond what the server was allowed to hold a request back: no byte for so long is a connection that broke.
SILENCE_SECONDS = 60.0
#: Who is told to come back later than this is told so, and decides: it may be a mistake, or next week.
COME_BACK_SECONDS_MAX = 120.0
#: Before what broke off is tried again; twice as long each time.
_BREAK_SECONDS, _BREAK_SECONDS_MAX = 0.25, 8.0
#: How long the server may hold an ask back while somebody watches a bar: the shorter, the sooner it moves.
_WATCHED_WAITS = (1, 2, 3, 5)
#: A 202 that came sooner was not held back.
_HELD_SECONDS = 0.9
#: Before the next look at such a load, whatever is told.
_POLL_SECONDS_MAX = 30.0
_PROBLEM_BYTES_MAX = 1 << 20
#: What stands before a server says so while there is none behind it.
_GATEWAY = (502, 503, 504)

Watch = Callable[[Mapping[str, Any]], None]
#: Hears which server is waited for to come back, before each pause; None: it answered.
OnAway = Callable[["str | None"], None]


class Deadline:
    """The end of the caller's patience; without one it never comes. ``on_away``: who sees that it is tried."""

    def __init__(self, seconds: float | None = None, on_away: OnAway | None = None) -> None:
        self._until = None if seconds is None else time.monotonic() + seconds
        self._cancelled = False
        self._on_away = on_away
        self._away = False

    def cancel(self) -> None:
        """From another thread: whoever goes by this deadline ends at the next occasion."""
        self._cancelled = True

    def left(self, most: float) -> float:
        """Seconds to wait, at most. Raises ParqueueTimeoutError when there are none."""
        if self._cancelled:
            raise ParqueueError("nobody waits for this any more", code="PQ_CANCELLED")
        if self._until is None:
            return most
        left = self._until - time.monotonic()
        if left <= 0:
            raise ParqueueTimeoutError("the timeout was over before the answer was there")
        return min(most, left)

    def away(self, server: str | None) -> None:
        """Told to who sees it, where anything changed."""
        if self._on_away is not None and (self._away or server is not None):
            self._away = server is not None
            self._on_away(server)

    def sleep(self, seconds: float) -> None:
        """Raises ParqueueTimeoutError at its end where that comes first."""
        pause = self.left(seconds)
        time.sleep(pause)
        if pause < seconds:
            self.left(0)


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Worth waiting for a server that is being restarted.
    patient: bool = True


class Transport:
    """Requests to one server, from any thread."""

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None,
        retries: int,
        wait_seconds: int,
        silence_seconds: float = SILENCE_SECONDS,
        reconnect_seconds: float = RECONNECT_SECONDS,
        context: ssl.SSLContext | None,
    ) -> None:
        self.url = url if url.endswith("/") else f"{url}/"
        self.retries = retries
        self.silence = silence_seconds
        self.closed = False
        self._absence = Absence(reconnect_seconds if retries > 0 else 0.0)
        self._api_key = None if api_key is None else Secret(api_key)
        self._wait_seconds = wait_seconds
        self._prefix = urllib.parse.urlsplit(self.url).path
        self._pool = ConnectionPool(self.url, context=context)
        renew_after_fork(self._pool)

    def close(self) -> None:
        self.closed = True
        self._pool.close()

    def send(self, call: Call, deadline: Deadline, *, held: float = 0.0) -> Response:
        """The answer, if it is 2xx or 304. Raises ParqueueError for any other, and where there is none.

        ``held``: seconds for which the server may hold the request back.
        """
        attempt = 0
        away = self._absence.pauses() if call.patient else iter(())
        while True:
            if self.closed:
                raise ParqueueError("this client was closed: make another", code="CLOSED")
            try:
                response = self._once(call, deadline, held + self.silence)
            except ParqueueError as error:
                cause = error.__cause__
                if isinstance(cause, ConnectionError) and self._slept(away, deadline):
                    attempt += 1
                    continue
                if attempt >= self.retries or not isinstance(cause, (ConnectionError, http.client.HTTPException)):
                    raise
                if isinstance(cause, ConnectionRefusedError):
                    raise
                self.pause(attempt, deadline)
                attempt += 1
                continue
            if 200 <= response.status < 300 or response.status == 304:
                self._absence.over()
                deadline.away(None)
                return response
            refusal = self._refusal(response)
            pause = refusal.retry_after
            if refusal.code != "UNEXPECTED":
                self._absence.over()
                deadline.away(None)
            elif refusal.status in _GATEWAY and pause is None and self._slept(away, deadline):
                continue
            if refusal.status not in (429, 503) or pause is None or attempt >= self.retries:
                raise refusal
            if pause > COME_BACK_SECONDS_MAX or deadline.left(pause) < pause:
                raise refusal  # the caller would not be there any more; it knows why, and when to come back
            deadline.sleep(pause)
            attempt += 1

    def pause(self, attempt: int, deadline: Deadline) -> None:
        """Before trying again what broke off: the longer, the more often it did."""
        deadline.sleep(jittered(min(_BREAK_SECONDS * 2.0**attempt, _BREAK_SECONDS_MAX)))

    def _slept(self, pauses: Iterator[float], deadline: Deadline) -> bool:
        """False: there is no pause any more, or the caller would not be there after it, and hears why there is no answer."""
        pause = next(pauses, None)
        if pause is None or deadline.left(pause) < pause:
            return False
        deadline.away(urllib.parse.urlsplit(self.url).netloc.rpartition("@")[2])
        deadline.sleep(pause)
        return True

    def json(self, call: Call, deadline: Deadline) -> Any:
        return self._whole(lambda: self.send(call, deadline), deadline)[0]

    def ask_json(self, call: Call, deadline: Deadline, watch: Watch | None) -> tuple[Any, Mapping[str, str]]:
        """``ask`` for an answer that is JSON, and its headers."""
        return self._whole(lambda: self.ask(call, deadline, watch), deadline)

    def ask(self, call: Call, deadline: Deadline, watch: Watch | None = None) -> Response:
        """Asks and waits until it is answered.

        After a 202 the same is asked again as a continuation of the first ask (``Parqueue-Fill``): the server holds it
        until the load ended, tells what went wrong if something did, and takes what satisfies the first ask.
        ``watch`` hears how far the load is.
        """
        asks = 0
        while True:
            wait = self._wait_seconds
            if watch is not None:
                wait = min(wait, _WATCHED_WAITS[min(asks, len(_WATCHED_WAITS) - 1)])
            wait = int(deadline.left(wait))
            began = time.monotonic()
            sent = replace(call, headers={"Prefer": f"wait={wait}", **call.headers})
            response = self.send(sent, deadline, held=wait)
            if response.status != 202:
                return response
            with response:
                fill = _fill_of(response.headers.get("location", ""))
                pause = retry_after_of(response.headers)
                response.read()
            if fill is None:
                raise unexpected("the server answered 202 without the address of a fill")
            call = replace(call, headers={**call.headers, "Parqueue-Fill": fill})
            asks += 1
            if watch is not None:
                self._look(fill, deadline, watch)
            if time.monotonic() - began < _HELD_SECONDS:
                # What answers so does not hold requests back: not to be asked in a circle.
                deadline.sleep(1.0 if pause is None else min(pause, _POLL_SECONDS_MAX))

    def _look(self, fill: str, deadline: Deadline, watch: Watch) -> None:
        path = f"v1/fills/{urllib.parse.quote(fill, safe='')}"
        try:
            status = self.json(Call("GET", path), deadline)
        except ParqueueError as error:
            if error.status in (404, 410):
                return  # nobody knows it any more: only asking again can tell
            raise
        if isinstance(status, dict):
            watch(status)

    def _once(self, call: Call, deadline: Deadline, silence: float) -> Response:
        target = self._prefix + call.path
        if call.query:
            target += "?" + urllib.parse.urlencode(call.query, quote_via=urllib.parse.quote)
        headers = {"Accept": "*/*", "User-Agent": f"parqueue-python/{__version__}", **call.headers}
        if self._api_key is not None:
            headers["Authorization"] = Secret(f"Bearer {self._api_key}")
        body = None
        if call.body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(call.body, allow_nan=False).encode()
        while True:
            try:
                return self._pool.send(call.method, target, headers, body, deadline.left(silence))
            except StaleConnectionError:
                continue
            except socket.timeout as cause:
                deadline.left(silence)
                raise self._unreachable("does not answer", cause) from cause
            except ConnectionError as cause:
                raise self._unreachable("cannot be reached", cause) from cause
            except (OSError, http.client.HTTPException) as cause:
                raise self._unreachable("cannot be reached", cause) from cause

    def _unreachable(self, what: str, cause: Exception) -> ParqueueError:
        origin = urllib.parse.urlsplit(self.url)
        why = getattr(cause, "strerror", None) or getattr(cause, "reason", None) or type(cause).__name__
        message = f"{origin.scheme}://{origin.netloc} {what} ({why})"
        return ParqueueError(message, code="UNREACHABLE", retryable=True)

    def _refusal(self, response: Response) -> ParqueueError:
        try:
            with response:
                body = response.read(_PROBLEM_BYTES_MAX)
        except (OSError, http.client.HTTPException):
            body = b""  # its status is told also where its body breaks off
        return error_of(response.status, response.reason, response.headers, body)

    def _whole(self, ask: Callable[[], Response], deadline: Deadline) -> tuple[Any, Mapping[str, str]]:
        attempt = 0
        while True:
            response = ask()
            try:
                with response:
                    text = response.read()
                if response.status == 204:
                    return None, response.headers
                return json.loads(text), response.headers
            except ValueError as cause:
                raise unexpected("the server answered with what is not JSON") from cause
            except (OSError, http.client.HTTPException) as cause:
                if attempt >= self.retries:
                    message = "the connection broke while the answer was sent"
                    raise ParqueueError(message, code="INTERRUPTED", retryable=True) from cause
            self.pause(attempt, deadline)
            attempt += 1


def _fill_of(location: str) -> str | None:
    path = urllib.parse.urlsplit(location).path
    head, _, name = path.rpartition("/")
    return urllib.parse.unquote(name) if head.endswith("/v1/fills") and name else None

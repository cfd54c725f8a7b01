"""HTTP/1.1 by the standard library: connections that are kept, through the proxy that the environment names.

A connection is used by one thread at a time and goes back to the pool only after its answer was read to the end. Whatever
else happens to it, an exception or Ctrl-C, it is closed. A process that was forked has none of its parent's.
"""

from __future__ import annotations

import base64
import http.client
import os
import ssl
import threading
import urllib.parse
import urllib.request
from collections.abc import Mapping
from types import TracebackType
from typing import Callable, Union

from .errors import ParqueueError
from .secret import Secret

CONNECT_SECONDS = 10.0
#: Connections that wait for their next use; more threads than this open and close their own.
IDLE_MAX = 8

_Connection = Union[http.client.HTTPConnection, http.client.HTTPSConnection]


class Response:
    """Status, headers (lower case names) and the body, once. Close it, or read it to the end."""

    def __init__(self, pool: ConnectionPool, connection: _Connection, raw: http.client.HTTPResponse) -> None:
        self.status = raw.status
        self.reason = raw.reason
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in raw.getheaders()}
        self._pool = pool
        self._connection: _Connection | None = connection
        self._raw = raw

    def read(self, size: int | None = None) -> bytes:
        """At most so many bytes; none at the end. Raises OSError or http.client.HTTPException where it breaks off."""
        # read(amt) takes a body that ends short for its end; so what is short is found by who counts.
        return self._taken(lambda: self._raw.read(size))

    def read_some(self, size: int) -> bytes:
        """What is there, at most so many bytes; none at the end. Nothing that came is lost where it breaks off."""
        return self._taken(lambda: self._raw.read1(size) or self._end())

    def _end(self) -> bytes:
        if self._raw.length == 0:
            self._raw.read()  # read1 leaves a body open that it read to the end
        return b""

    def _taken(self, read: Callable[[], bytes]) -> bytes:
        try:
            data = read()
        except BaseException:
            self.close()
            raise
        if self._raw.isclosed() and self._connection is not None:
            connection, self._connection = self._connection, None
            self._pool.take_back(connection, reusable=not self._raw.will_close)
        return data

    def set_timeout(self, seconds: float) -> None:
        """For the next bytes."""
        sock = self._connection.sock if self._connection is not None else None
        if sock is not None:
            sock.settimeout(seconds)

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._raw.close()
            connection.close()

    def __enter__(self) -> Response:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class ConnectionPool:
    """Connections to one server. Safe to use from many threads, and after a fork."""

    def __init__(self, url: str, *, context: ssl.SSLContext | None = None) -> None:
        parts = urllib.parse.urlsplit(url)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._secure else 80)
        self._netloc = parts.netloc
        self._context = context
        self._proxy = _proxy_for(parts.scheme, self._netloc)
        self._lock = threading.RLock()
        self._idle: list[_Connection] = []
        self._owner = os.getpid()
        self._closed = False

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None, timeout: float) -> Response:
        """One request. Raises OSError, http.client.HTTPException, and StaleConnectionError for a kept one that was closed."""
        connection, used = self._connection(timeout)
        try:
            url = target
            sent = dict(headers)
            if self._proxy is not None and not self._secure:
                url = f"http://{self._netloc}{target}"
                sent.update(self._proxy.headers)
            connection.request(method, url, body=body, headers=sent)
            raw = connection.getresponse()
        except BaseException as error:  # noqa: BLE001 - it is raised again
            connection.close()
            if used and isinstance(error, (ConnectionError, http.client.BadStatusLine)):
                raise StaleConnectionError from None
            # What was about to be sent, with the key in it, is among the variables of the library's frames.
            raise error.with_traceback(None) from error.__cause__
        return Response(self, connection, raw)

    def take_back(self, connection: _Connection, *, reusable: bool) -> None:
        with self._lock:
            if reusable and not self._closed and os.getpid() == self._owner and len(self._idle) < IDLE_MAX:
                self._idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def forked(self) -> None:
        """In the child: sockets are shared with the parent, and its lock may be held by a thread that is not here."""
        self._lock = threading.RLock()
        self._idle = []
        self._owner = os.getpid()

    def _connection(self, timeout: float) -> tuple[_Connection, bool]:
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is not None and connection.sock is not None:
            connection.sock.settimeout(timeout)
            return connection, True
        connection = self._opened()
        try:
            connection.timeout = min(timeout, CONNECT_SECONDS)
            connection.connect()
            connection.sock.settimeout(timeout)
        except BaseException:
            connection.close()
            raise
        return connection, False

    def _opened(self) -> _Connection:
        host, port = (self._host, self._port) if self._proxy is None else (self._proxy.host, self._proxy.port)
        if not self._secure:
            return http.client.HTTPConnection(host, port)
        connection = http.client.HTTPSConnection(host, port, context=self._context)
        if self._proxy is not None:
            connection.set_tunnel(self._host, self._port, headers=self._proxy.headers)
        return connection


class StaleConnectionError(Exception):
    """A connection that had been kept was closed by the server meanwhile: the same may be sent on another at once."""


class _Proxy:
    def __init__(self, url: str) -> None:
        parts = urllib.parse.urlsplit(url if "://" in url else f"http://{url}")
        self.host = parts.hostname or ""
        self.port = parts.port or 80
        self.headers: dict[str, str] = {}
        if parts.username is not None:
            login = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
            self.headers["Proxy-Authorization"] = Secret(f"Basic {base64.b64encode(login.encode()).decode()}")


def _proxy_for(scheme: str, netloc: str) -> _Proxy | None:
    """As the environment says: http_proxy, https_proxy, all_proxy, no_proxy."""
    proxies = urllib.request.getproxies()
    url = proxies.get(scheme) or proxies.get("all")
    if not url or urllib.request.proxy_bypass(netloc):
        return None
    if "://" in url and not url.lower().startswith("http://"):
        kind = url.split("://", 1)[0]
        raise ParqueueError(
            f"the environment names a {kind} proxy for {scheme}, and this client speaks to http:// proxies only",
            code="UNREACHABLE",
        )
    return _Proxy(url)

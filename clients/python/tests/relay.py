"""A server between client and Parqueue that counts what passes, and answers itself or breaks off where a test says so."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import json
import socket
import ssl
import threading
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Passed:
    method: str
    path: str
    headers: Mapping[str, str]
    body: Any = None
    status: int = 0
    bytes: int = 0


@dataclass
class Reply:
    """What the relay answers by itself. ``cut``: the connection ends after so many bytes of the body."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: int | None = None


@dataclass
class Cut:
    """The real answer, broken off after so many bytes of its body, or changed on its way."""

    after: int | None = None
    change: Callable[[bytes], bytes] | None = None
    #: What was broken off is not closed until then: a connection that is silent.
    stays: threading.Event | None = None


#: Sees each request before it is forwarded. None: forward it as it is.
Script = Callable[[Passed], "Reply | Cut | None"]


class Relay:
    """``key``: sent along with what is forwarded, for readers that send none."""

    def __init__(
        self,
        upstream: str | None = None,
        script: Script | None = None,
        *,
        key: str | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._key = key
        self.passed: list[Passed] = []
        self.script = script
        self._upstream = urllib.parse.urlsplit(upstream or "")
        relay = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Otherwise its small pieces wait for one another.
            wbufsize = -1

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except (ConnectionError, ValueError):
                    self.close_connection = True

            def setup(self) -> None:
                super().setup()
                relay._sockets.append(self.connection)

            def log_message(self, *args: Any) -> None:
                """Nobody reads it."""

            def _serve(self) -> None:
                relay._serve(self)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _serve  # noqa: N815 - names of the standard library

        self._sockets: list[socket.socket] = []
        self._handler = Handler
        self._tls = tls
        self._scheme = "http" if tls is None else "https"
        self._port = 0
        self.up()

    def up(self) -> None:
        """Again, where it was before."""
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self._port), self._handler)
        self._server.daemon_threads = True
        self._port = self._server.server_port
        if self._tls is not None:
            # The handshake is the business of the thread that serves the connection.
            self._server.socket = self._tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        self._is_up = True

    def down(self) -> None:
        """As a process that was killed: nobody listens there, and what was connected is not any more."""
        if self._is_up:
            self._is_up = False
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._sockets.clear()

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._port}"

    def of(self, method: str, fragment: str = "") -> list[Passed]:
        return [one for one in self.passed if one.method == method and fragment in one.path]

    def __enter__(self) -> Relay:
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    def _serve(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        headers = {name.lower(): value for name, value in handler.headers.items()}
        raw = handler.rfile.read(int(headers.get("content-length", "0")))
        one = Passed(handler.command, handler.path, headers, json.loads(raw) if raw else None)
        self.passed.append(one)
        deed = None if self.script is None else self.script(one)
        reply = deed if isinstance(deed, Reply) else self._forwarded(one, raw)
        body, cut = reply.body, reply.cut
        if isinstance(deed, Cut):
            cut = deed.after
            body = body if deed.change is None else deed.change(body)
        one.status = reply.status
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            if name == "content-length":
                continue
            handler.send_header(name, value)
        length = reply.headers.get("content-length") if one.method == "HEAD" else None
        handler.send_header("Content-Length", length or str(len(body)))
        handler.end_headers()
        if handler.command != "HEAD" and reply.status not in (204, 304):
            one.bytes = len(body if cut is None else body[:cut])
            handler.wfile.write(body if cut is None else body[:cut])
        handler.wfile.flush()
        if cut is not None:
            if isinstance(deed, Cut) and deed.stays is not None:
                deed.stays.wait(60)
            handler.close_connection = True

    def _forwarded(self, one: Passed, raw: bytes) -> Reply:
        connection = http.client.HTTPConnection(self._upstream.hostname or "", self._upstream.port, timeout=60)
        try:
            path = one.path
            if path.startswith("http://"):
                path = path.split("/", 3)[3].join(("/", ""))
            sent = {name: value for name, value in one.headers.items() if name not in ("host", "connection")}
            if self._key is not None:
                sent["authorization"] = f"Bearer {self._key}"
            connection.request(one.method, path, body=raw or None, headers=sent)
            answer = connection.getresponse()
            body = answer.read()
            skipped = ("connection", "keep-alive", "transfer-encoding", "date", "server")
            headers = {name.lower(): value for name, value in answer.getheaders() if name.lower() not in skipped}
            return Reply(answer.status, headers, body)
        finally:
            connection.close()


def problem(status: int, code: str, *, detail: str = "in other words", headers: Mapping[str, str] | None = None) -> Reply:
    body = json.dumps({"code": code, "title": code, "detail": detail, "status": status}).encode()
    return Reply(status, {"Content-Type": "application/problem+json", **(headers or {})}, body)

"""A Parquet file on its way: whole and proved, or not at all.

Bytes are counted against Content-Length and hashed against the server's digest. A transfer that broke off goes on where
it broke if the server names the immutable bytes (Content-Location, Range with If-Range), and begins again otherwise.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import http.client
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Callable

from .connections import Response
from .errors import ParqueueError, unexpected
from .transport import Call, Deadline, Transport

_CHUNK_BYTES = 1 << 18
#: Errors of the way, not of the server: worth another attempt.
_OF_THE_WAY = ("INTERRUPTED", "CORRUPTED", "UNREACHABLE")

OnBytes = Callable[[int, "int | None"], None]


@dataclass(frozen=True)
class Facts:
    """What the headers of an answer tell of its rows."""

    key: str
    generation: int
    version: str
    etag: str
    cache_status: str
    age_seconds: float

    @staticmethod
    def of(headers: Mapping[str, str]) -> Facts:
        """Raises ParqueueError UNEXPECTED where the answer is not one of Parqueue's: a page of a proxy, for example."""
        try:
            return Facts(
                key=headers["parqueue-key"],
                generation=int(headers["parqueue-generation"]),
                version=headers.get("parqueue-version", ""),
                etag=headers["etag"],
                cache_status=headers.get("cache-status", ""),
                age_seconds=float(headers.get("age", "0")),
            )
        except (KeyError, ValueError):
            raise unexpected("the answer does not say of which entry it is (Parqueue-Key, Parqueue-Generation, ETag)") from None


@dataclass(frozen=True)
class Received:
    facts: Facts
    bytes: int
    sha256: str


def receive(
    first: Response,
    begin: Callable[[], Response],
    sink: IO[bytes],
    transport: Transport,
    deadline: Deadline,
    on_bytes: OnBytes | None = None,
) -> Received:
    """Writes the body into ``sink``, from its position 0. ``begin`` asks for the same from its first byte, maybe of a newer
    generation. Raises ParqueueError INTERRUPTED, CORRUPTED, and whatever asking again is answered.
    """
    reception: _Reception | None = _Reception(first)
    failures, furthest = 0, 0
    response: Response | None = first
    while True:
        try:
            if reception is None or response is None:
                response = begin()
                reception = _Reception(response)
                sink.seek(0)
                sink.truncate()
            return reception.finish(body_of(response, deadline, transport.silence), sink, on_bytes)
        except ParqueueError as error:
            if error.code not in _OF_THE_WAY:
                raise
            received = 0 if reception is None or error.code == "CORRUPTED" else reception.received
            # Bytes that came are gained for good where the next attempt begins after them: such a transfer ends.
            failures = 1 if received > furthest else failures + 1
            furthest = max(furthest, received)
            if failures > transport.retries:
                raise
            transport.pause(failures - 1, deadline)
            response = None
            if received > 0 and reception is not None:
                try:
                    response = reception.rest(transport, deadline)
                except ParqueueError as again:
                    if again.code not in _OF_THE_WAY:
                        raise
            if response is None:
                reception = None


class _Reception:
    """One representation, in one piece or several."""

    def __init__(self, response: Response) -> None:
        headers = response.headers
        if response.status != 200:
            response.close()
            raise unexpected(f"the server answered {response.status} to what asks for all rows")
        try:
            self.facts = Facts.of(headers)
        except ParqueueError:
            response.close()
            raise
        self.received = 0
        self._hash = hashlib.sha256()
        expected = _digest_of(headers)
        if expected is None:
            response.close()
            raise unexpected("the answer does not say the hash of its rows (Repr-Digest, ETag)")
        self._expected = expected
        self._total = int(headers["content-length"]) if headers.get("content-length", "").isdigit() else None
        location = headers.get("content-location", "")
        may_continue = self.facts.etag.startswith('"') and headers.get("accept-ranges") == "bytes"
        # Of this server wherever it is mounted: below the base, not below the root.
        self._path = location.lstrip("/") if may_continue and location.startswith("/") else None

    def finish(self, body: Iterator[bytes], sink: IO[bytes], on_bytes: OnBytes | None) -> Received:
        for chunk in body:
            self._hash.update(chunk)
            self.received += len(chunk)
            sink.write(chunk)
            if on_bytes is not None:
                on_bytes(self.received, self._total)
        if self._total is not None and self.received < self._total:
            raise interrupted(f"the answer ended after {self.received} of {self._total} bytes")
        sha256 = self._hash.hexdigest()
        if sha256 != self._expected:
            message = "the bytes that arrived are not those that the server hashed"
            raise ParqueueError(message, code="CORRUPTED", retryable=True)
        return Received(self.facts, self.received, sha256)

    def rest(self, transport: Transport, deadline: Deadline) -> Response | None:
        """The same bytes from the next one on; None where they cannot be had any more."""
        if self._path is None:
            return None
        headers = {"Range": f"bytes={self.received}-", "If-Range": self.facts.etag}
        try:
            response = transport.send(Call("GET", self._path, headers=headers), deadline)
        except ParqueueError as error:
            if error.status in (404, 410, 416):
                return None
            raise
        start, _, _ = range_of(response)
        if response.status == 206 and start == self.received and response.headers.get("etag") == self.facts.etag:
            return response
        response.close()
        return None


def body_of(response: Response, deadline: Deadline, silence: float) -> Iterator[bytes]:
    """Chunks as they come; a connection that breaks is INTERRUPTED. Ends the connection of what is not read to its end."""
    with response:
        while True:
            response.set_timeout(deadline.left(silence))
            try:
                chunk = response.read_some(_CHUNK_BYTES)
            except (OSError, http.client.HTTPException) as cause:
                deadline.left(silence)
                raise interrupted("the connection broke while the answer was sent") from cause
            if not chunk:
                return
            yield chunk


def interrupted(message: str) -> ParqueueError:
    return ParqueueError(message, code="INTERRUPTED", retryable=True)


def range_of(response: Response) -> tuple[int, int, int]:
    """First and last byte, and how many there are in all; (-1, -1, -1) where the answer is no range."""
    found = re.fullmatch(r"bytes ([0-9]+)-([0-9]+)/([0-9]+)", response.headers.get("content-range", ""))
    if found is None or "content-encoding" in response.headers:
        return (-1, -1, -1)
    return (int(found[1]), int(found[2]), int(found[3]))


def _digest_of(headers: Mapping[str, str]) -> str | None:
    """SHA-256 of the whole body: of ``Repr-Digest`` (RFC 9530), or of the ETag, which is the same for Parquet."""
    found = re.search(r"(?:^|[,\s])sha-256=:([A-Za-z0-9+/]+=*):", headers.get("repr-digest", ""))
    try:
        if found is not None:
            return base64.b64decode(found[1], validate=True).hex()
    except binascii.Error:
        return None
    tag = re.fullmatch(r'"([0-9a-f]{64})"', headers.get("etag", ""))
    return None if tag is None else tag[1]

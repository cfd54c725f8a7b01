"""Refusals of the server, and the way to it breaking: exceptions that are told apart by ``code``."""

from __future__ import annotations

import email.utils
import json
from collections.abc import Mapping
from typing import Any

__all__ = ["ParqueueError", "ParqueueTimeoutError"]

#: What to do, by code. The server's words say what happened; docs/errors.md has more.
_ADVICE: Mapping[str, str] = {
    "PQ_UNAUTHENTICATED": "Give a key that the server knows: Parqueue(url, api_key=...) or PARQUEUE_API_KEY.",
    "PQ_FORBIDDEN": "Use a key with a wider scope, or have sources.NAME.adhoc opened for undeclared questions.",
    "PQ_UNKNOWN_DATASET": "Parqueue.datasets() lists those that there are.",
    "PQ_GONE": "Ask for the dataset again.",
    "PQ_GENERATION_CHANGED": "Begin again.",
    "PQ_NOT_CACHED": "Ask without only_if_cached to have it loaded.",
    "PQ_LIMIT_EXCEEDED": "Ask for less (columns, parameters), or raise the limit at the server.",
    "PQ_SOURCE_UNAVAILABLE": "Try again later; staleIfError at the dataset answers with older rows meanwhile.",
    "PQ_SOURCE_PAUSED": "Somebody paused the source: GET /v1/sources says who, and why.",
    "PQ_SOURCE_REJECTED": "Correct the statement, or the permissions in the source.",
    "PQ_SOURCE_UNSTABLE": "Try again when less is written.",
    "PQ_UNTRACKABLE": "Leave the named constructs out, or declare another freshness for it (ttl, refresh-key).",
    "PQ_QUEUE_FULL": "Try again after the time told.",
    "PQ_RATE_LIMITED": "Try again after the time told.",
    "PQ_CANCELLED": "Ask again to start another load.",
    "PQ_FILL_TIMEOUT": "Ask for less, or raise limits.fillTimeout at the server.",
    "PQ_STORE_FULL": "Have quota or disk of the store raised, or try again when what nobody reads has gone.",
    "PQ_INTERNAL": "This is a defect of Parqueue: report it with the request id.",
    "UNREACHABLE": "Is the server running there (parqueue up)? Is the URL right?",
    "UNEXPECTED": "Is this the URL of a Parqueue server, and not of a proxy or something else?",
    "INTERRUPTED": "Try again.",
    "CORRUPTED": "Try again; if it stays, look for what changes bytes on the way.",
    "TIMEOUT": "Ask again with a longer timeout: a load that was begun goes on meanwhile.",
}


class ParqueueError(Exception):
    """A question that was not answered.

    ``code`` is stable: the server's own (``PQ_UNKNOWN_DATASET``, ...) or one of this package: ``UNREACHABLE``,
    ``UNEXPECTED``, ``INTERRUPTED``, ``CORRUPTED``, ``TIMEOUT``, ``MISSING_PACKAGE``, ``NOT_MOUNTED``, ``CACHE_UNUSABLE``,
    ``CLOSED``. Test the code, never the words.

    Attributes:
        code: which error it is.
        status: of the HTTP answer; 0 where no answer was the cause.
        retryable: the same question may be answered later.
        retry_after: seconds after which to come back, where the server said so.
        details: what else the server told: ``problems`` of a request, ``requestId``, ...
    """

    code: str
    status: int
    retryable: bool
    retry_after: float | None
    details: Mapping[str, Any]

    def __init__(
        self,
        message: str,
        *,
        code: str,
        status: int = 0,
        retryable: bool = False,
        retry_after: float | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.retryable = retryable
        self.retry_after = retry_after
        self.details = dict(details or {})

    def __str__(self) -> str:
        parts = [f"{self.args[0]} [{self.code}]", _ADVICE.get(self.code, "")]
        if self.retry_after:
            parts.append(f"The server says to come back in {self.retry_after:.0f} s.")
        if "requestId" in self.details and (self.status >= 500 or self.code == "PQ_INTERNAL"):
            parts.append(f"(request {self.details['requestId']})")
        return " ".join(part for part in parts if part)

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are rebuilt from args alone by default; pools of processes send them about.
        members = {"code": self.code, "status": self.status, "retryable": self.retryable}
        members.update(retry_after=self.retry_after, details=dict(self.details))
        return (_rebuilt, (type(self), self.args[0], members))


class ParqueueTimeoutError(ParqueueError, TimeoutError):
    """The caller's own ``timeout`` was over; code ``TIMEOUT``. The server goes on with a load that was begun."""

    def __init__(self, message: str, **members: Any) -> None:
        super().__init__(message, **{"code": "TIMEOUT", "retryable": True, **members})


def _rebuilt(kind: type[ParqueueError], message: str, members: dict[str, Any]) -> ParqueueError:
    return kind(message, **members)


def missing_package(package: str, extra: str) -> ParqueueError:
    message = f"this needs the package {package}, which is not installed: pip install 'parqueue[{extra}]'"
    return ParqueueError(message, code="MISSING_PACKAGE")


def unexpected(message: str) -> ParqueueError:
    return ParqueueError(message, code="UNEXPECTED")


_STANDARD = {"type", "title", "status", "detail", "instance", "code", "retryable", "details"}


def error_of(status: int, reason: str, headers: Mapping[str, str], body: bytes) -> ParqueueError:
    """The problem document (RFC 9457) of an answer as an exception; ``headers`` have lower case names."""
    retry_after = retry_after_of(headers)
    try:
        problem = json.loads(body)
    except ValueError:
        problem = None
    if not isinstance(problem, dict) or not isinstance(problem.get("code"), str):
        return ParqueueError(
            f"the server answered {status} {reason}".rstrip(),
            code="UNEXPECTED",
            status=status,
            retryable=status in (502, 503, 504),
            retry_after=retry_after,
        )
    words = next((w for w in (problem.get("detail"), problem.get("title")) if isinstance(w, str)), problem["code"])
    details = problem.get("details")
    told = {
        **(details if isinstance(details, dict) else {}),
        **{k: v for k, v in problem.items() if k not in _STANDARD},
    }
    retryable = problem.get("retryable")
    return ParqueueError(
        words + _listed(told.get("problems")),
        code=problem["code"],
        status=status,
        retryable=retryable if isinstance(retryable, bool) else status in (429, 503),
        retry_after=retry_after,
        details=told,
    )


def _listed(problems: Any) -> str:
    """The single problems of a request, where the words do not have them anyway."""
    if not isinstance(problems, list) or len(problems) < 2:
        return ""
    lines = [f"\n  {p.get('name', '')}: {p.get('message', '')}" for p in problems if isinstance(p, dict)]
    return "".join(lines) + ("\n" if lines else "")


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """``Retry-After`` in seconds. A date, as some proxies send, counts from the date of the answer."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) <= 6:
        return float(text)
    try:
        until, now = (email.utils.parsedate_to_datetime(t) for t in (text, headers.get("date", "")))
        return max(0.0, (until - now).total_seconds())
    except (TypeError, ValueError, IndexError):
        return None

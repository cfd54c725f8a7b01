"""Questions as the server takes them, and Python values as binds and parameters."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import math
import operator
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Union

from .checks import checked_seconds
from .transport import Call

#: What a placeholder may be given: plain values, dates, and ``{"type": ..., "value": ...}`` where the type has to be said.
BindValue = Any
Binds = Union[Mapping[str, BindValue], Sequence[BindValue]]

_SAFE_INTEGER = 2**53 - 1


@dataclass(frozen=True)
class Freshness:
    """Narrows or widens freshness for one question, within the dataset's policy. Seconds.

    Attributes:
        max_age: nothing older than this.
        max_stale: an older answer without a check will do, up to so much over (``math.inf``: however old).
        no_cache: verify now, whatever the policy allows.
        only_if_cached: never touch the source; ``PQ_NOT_CACHED`` where nothing in the cache may answer.
    """

    max_age: float | None = None
    max_stale: float | None = None
    no_cache: bool = False
    only_if_cached: bool = False

    def __post_init__(self) -> None:
        for name in ("max_age", "max_stale"):
            if getattr(self, name) is not None:
                checked_seconds(name, getattr(self, name))

    def header(self) -> str:
        directives = ["no-cache"] if self.no_cache else []
        if self.max_age is not None and not math.isinf(self.max_age):
            directives.append(f"max-age={math.floor(self.max_age)}")
        if self.max_stale is not None:
            endless = math.isinf(self.max_stale)
            directives.append("max-stale" if endless else f"max-stale={math.floor(self.max_stale)}")
        if self.only_if_cached:
            directives.append("only-if-cached")
        return ", ".join(directives)


@dataclass(frozen=True)
class Question:
    """What is asked: the ``body`` that ``POST /v1/resolve`` takes, and how people call it. Never shows binds or parameters."""

    body: Mapping[str, Any]
    title: str

    @property
    def is_dataset(self) -> bool:
        return "dataset" in self.body

    def identity(self) -> str:
        """Equal for equal questions, however their members were ordered. Holds parameters: never shown."""
        return json.dumps(self.body, sort_keys=True, allow_nan=False)

    def __repr__(self) -> str:
        return f"<question: {self.title}>"


def dataset_question(name: str, params: Mapping[str, Any], columns: Sequence[str] | None) -> Question:
    body: dict[str, Any] = {"dataset": name}
    given = {key: _param(key, value) for key, value in params.items() if value is not None}
    if given:
        body["params"] = given
    return Question(_with_columns(body, columns), name)


def sql_question(source: str, sql: str, binds: Binds | None, columns: Sequence[str] | None) -> Question:
    body: dict[str, Any] = {"source": source, "sql": sql}
    if binds:
        if isinstance(binds, Mapping):
            body["binds"] = {str(name): bind_value(value) for name, value in binds.items()}
        elif isinstance(binds, (str, bytes)):
            raise TypeError("binds is a mapping by name or a list by position")
        else:
            body["binds"] = [bind_value(value) for value in binds]
    return Question(_with_columns(body, columns), f"a statement to {source}")


def file_question(source: str, path: str, options: Mapping[str, Any], columns: Sequence[str] | None) -> Question:
    body = {"source": source, "path": path, **{k: v for k, v in options.items() if v is not None}}
    return Question(_with_columns(body, columns), f"{path} of {source}")


def _with_columns(body: dict[str, Any], columns: Sequence[str] | None) -> dict[str, Any]:
    if columns is not None:
        if isinstance(columns, str):
            raise TypeError("columns is a list of names")
        body["columns"] = list(columns)
    return body


def _param(name: str, value: Any) -> Any:
    """A parameter has the type that its dataset declares: dates and large numbers are sent as their text."""
    bind = bind_value(value)
    if bind is None:
        raise TypeError(f"parameter {name} has a value of NULL")
    return bind["value"] if isinstance(bind, dict) else bind


def bind_value(value: BindValue) -> Any:
    """A Python value as a bind with its type.

    ``date`` and ``datetime`` are sent as such (a datetime without a zone is UTC to the server), whole numbers beyond 2**53
    and ``Decimal`` with all their digits; values of numpy and pandas as the Python values they hold. Raises TypeError for
    what no bind can be.
    """
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "item") and not isinstance(value, (str, bytes, dt.date)):
        value = _instant(value) if getattr(getattr(value, "dtype", None), "kind", "") in ("M", "m") else value.item()
    if value is None or isinstance(value, (bool, str, dict)):
        return value
    if isinstance(value, dt.datetime):
        if value != value:  # pandas.NaT
            return None
        return {"type": "timestamp", "value": _offset(value).isoformat()}
    if isinstance(value, dt.date):
        return {"type": "date", "value": value.isoformat()}
    if isinstance(value, decimal.Decimal):
        return {"type": "number", "value": format(value, "f")}
    if isinstance(value, float):
        if not math.isfinite(value):
            raise TypeError("NaN and the infinities cannot be bound")
        return value
    try:
        whole = operator.index(value)
    except TypeError:
        raise TypeError(f"a value of type {type(value).__name__} cannot be bound") from None
    return whole if abs(whole) <= _SAFE_INTEGER else {"type": "integer", "value": str(whole)}


def _instant(value: Any) -> Any:
    """A datetime64 of numpy, whose ``item`` is a whole number where its unit is the nanosecond, as of pandas' columns."""
    if value.dtype.kind == "m":
        raise TypeError("a value of type timedelta64 cannot be bound")
    if value != value:  # NaT
        return None
    plain = value.item()
    if isinstance(plain, dt.date):
        return plain
    micros = value.astype("datetime64[us]")
    plain = micros.item()
    if not isinstance(plain, dt.datetime):
        raise TypeError("a datetime64 beyond the years of Python cannot be bound: give it as text with its type")
    return plain if micros == value else {"type": "timestamp", "value": str(value)}


def _offset(value: dt.datetime) -> dt.datetime:
    """Offsets of whole minutes is what ISO 8601 has; zones of the 19th century have others."""
    return value if value.tzinfo is None else value.astimezone(dt.timezone.utc)


def resolve_call(question: Question, freshness: Freshness | None, pin: str | None) -> Call:
    body = {**question.body, **({} if pin is None else {"pin": pin})}
    return Call("POST", "v1/resolve", body=body, headers=_ask_headers(freshness))


def data_call(question: Question, freshness: Freshness | None, if_none_match: str | None) -> Call:
    """A dataset's rows as Parquet, or nothing where they are those of the tag."""
    body = question.body
    query = {name: _text(value) for name, value in body.get("params", {}).items()}
    query["format"] = "parquet"
    if "columns" in body:
        query["columns"] = ",".join(body["columns"])
    headers = _ask_headers(freshness)
    if if_none_match is not None:
        headers["If-None-Match"] = if_none_match
    return Call("GET", f"v1/datasets/{urllib.parse.quote(body['dataset'], safe='')}/data", query=query, headers=headers)


def fits_url(question: Question) -> bool:
    """A list of columns in a URL is split at its commas; and a URL has its limits."""
    columns: Sequence[str] = question.body.get("columns", ())
    plain = all("," not in name and name.strip() == name for name in columns)
    return question.is_dataset and plain and len(question.identity()) < 4_000


def generation_path(key: str, generation: int) -> str:
    """The immutable bytes of one generation."""
    return f"v1/entries/{urllib.parse.quote(key, safe='')}/generations/{generation}/data"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _ask_headers(freshness: Freshness | None) -> dict[str, str]:
    header = "" if freshness is None else freshness.header()
    return {"Cache-Control": header} if header else {}

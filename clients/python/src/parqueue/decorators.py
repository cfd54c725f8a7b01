"""Functions that return a question become functions that return its rows."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Callable, Generic, Protocol, TypeVar

from .query import FrameKind, Query, checked_kind
from .question import Binds, Freshness

if TYPE_CHECKING:
    from typing_extensions import ParamSpec

    P = ParamSpec("P")
else:
    # For people who run it, any variable will do.
    P = TypeVar("P")


class CachedFunction(Generic[P]):
    """Calling it asks the question that the wrapped function returns for the same arguments.

    The function itself runs at each call and should only say what to ask; what is kept, and for how long it is right, is
    the server's. Works for functions and for methods.
    """

    __name__: str
    __qualname__: str

    def __init__(self, function: Callable[P, Any], question: Callable[[Any], Query], frame: FrameKind) -> None:
        functools.update_wrapper(self, function)
        self._function: Callable[..., Any] = function
        self._question = question
        self._frame = checked_kind(frame)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        return self.query(*args, **kwargs).to(self._frame)

    def query(self, *args: P.args, **kwargs: P.kwargs) -> Query:
        """The question for these arguments: ``.scan()``, ``.to_pandas()``, ``.options(...)`` and all else a query can."""
        return self._question(self._function(*args, **kwargs))

    def __get__(self, instance: Any, owner: type | None = None) -> CachedFunction[Any]:
        if instance is None:
            return self
        bound = functools.partial(self._function, instance)
        functools.update_wrapper(bound, self._function)
        return CachedFunction(bound, self._question, self._frame)

    def __repr__(self) -> str:
        return f"<cached function {self.__qualname__}>"


class Asks(Protocol):
    """What a decorator needs of a client."""

    def dataset(self, name: str, /, *, params: Mapping[str, Any] | None = None) -> Query:
        """See ``Parqueue.dataset``."""

    def sql(self, source: str, sql: str, binds: Binds | None = None) -> Query:
        """See ``Parqueue.sql``."""

    def file(
        self,
        source: str,
        path: str,
        *,
        format: str | None = None,  # noqa: A002 - the server's word for it
        csv: Mapping[str, Any] | None = None,
    ) -> Query:
        """See ``Parqueue.file``."""


class Decorating:
    """A part of ``Parqueue``."""

    def cached_sql(
        self: Asks,
        source: str,
        *,
        frame: FrameKind = "polars",
        freshness: Freshness | None = None,
        timeout: float | None = None,
    ) -> Callable[[Callable[P, Any]], CachedFunction[P]]:
        """Makes a function that returns a statement, or a statement and its binds, into one that returns its rows.

        >>> @pq.cached_sql(source="erp")
        ... def sales(since: date):
        ...     return "select * from sales where day >= :since", {"since": since}
        >>> sales(date(2026, 1, 1))                # a polars DataFrame, cold or warm
        >>> sales.query(date(2026, 1, 1)).scan()   # or any other way to have it
        """

        _require_name(source, "cached_sql", "source")

        def question(returned: Any) -> Query:
            sql, binds = _pair(returned, (str,), "a statement, or a statement and its binds")
            return self.sql(source, sql, binds).options(freshness=freshness, timeout=timeout)

        return lambda function: CachedFunction(function, question, frame)

    def cached_file(
        self: Asks,
        source: str,
        *,
        frame: FrameKind = "polars",
        freshness: Freshness | None = None,
        timeout: float | None = None,
    ) -> Callable[[Callable[P, Any]], CachedFunction[P]]:
        """Makes a function that returns a path below the source's root into one that returns the file's rows.

        >>> @pq.cached_file(source="lake", frame="pandas")
        ... def prices(day: date):
        ...     return f"prices/{day:%Y/%m/%d}.csv"
        """

        _require_name(source, "cached_file", "source")

        def question(returned: Any) -> Query:
            path, options = _pair(returned, (str, os.PathLike), "a path, or a path and options of file()")
            query = self.file(source, os.fspath(path), **(options or {}))
            return query.options(freshness=freshness, timeout=timeout)

        return lambda function: CachedFunction(function, question, frame)

    def cached_dataset(
        self: Asks,
        name: str,
        *,
        frame: FrameKind = "polars",
        freshness: Freshness | None = None,
        timeout: float | None = None,
    ) -> Callable[[Callable[P, Any]], CachedFunction[P]]:
        """Makes a function that returns the parameters of a dataset, a mapping, into one that returns its rows."""

        _require_name(name, "cached_dataset", "name")

        def question(returned: Any) -> Query:
            if not isinstance(returned, (Mapping, type(None))):
                raise TypeError(f"the decorated function returns a mapping of parameters, not {type(returned).__name__}")
            return self.dataset(name, params=returned or {}).options(freshness=freshness, timeout=timeout)

        return lambda function: CachedFunction(function, question, frame)


def _require_name(given: object, decorator: str, argument: str) -> None:
    if not isinstance(given, str):
        raise TypeError(f'{decorator} takes the {argument} first: @pq.{decorator}({argument}="...")')


def _pair(returned: Any, kinds: tuple[type, ...], what: str) -> tuple[Any, Any]:
    first, second = returned if isinstance(returned, tuple) and len(returned) == 2 else (returned, None)
    if not isinstance(first, kinds):
        raise TypeError(f"the decorated function returns {what}, not {type(first).__name__}")
    return first, second

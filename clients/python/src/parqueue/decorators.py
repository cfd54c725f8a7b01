"""Functions that return a question become functions that return its rows."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Callable, Generic, TypeVar

from .query import FrameKind, Query

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
        self._frame = frame

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

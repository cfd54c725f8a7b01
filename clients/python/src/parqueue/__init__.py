"""Slow queries as frames: datasets, statements and files of a Parqueue server, read as if they were local.

>>> from parqueue import Parqueue
>>> pq = Parqueue("http://127.0.0.1:8787")
>>> pq.read("sales")                       # a polars DataFrame
>>> pq.scan("sales").select("region")      # a LazyFrame
>>> pq.to_pandas("sales")
"""

from ._version import __version__
from .client import Parqueue
from .decorators import CachedFunction
from .errors import ParqueueError, ParqueueTimeoutError
from .mount import PinnedFile
from .progress import Progress
from .query import Query
from .question import Freshness

__all__ = [
    "CachedFunction",
    "Freshness",
    "Parqueue",
    "ParqueueError",
    "ParqueueTimeoutError",
    "PinnedFile",
    "Progress",
    "Query",
    "__version__",
]

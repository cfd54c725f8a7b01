"""An iterator that goes ahead in a thread, for somebody who must not be held up.

polars looks for Ctrl-C between two frames of a source, and nowhere else: a source that waits for bytes must give it
something to look at meanwhile. The thread is one item ahead, so the next bytes come while the last ones are decoded.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Callable, TypeVar

T = TypeVar("T")

_TICK_SECONDS = 0.2


def ticking(items: Iterator[T], cancel: Callable[[], None]) -> Iterator[T | None]:
    """The items, and None for every moment in which there is none yet.

    Whatever ``items`` raises is raised here. Who leaves early has ``cancel`` called, in their own thread, and does not wait
    for the other one.
    """
    ahead: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(maxsize=1)
    left = threading.Event()

    def put(item: T | None, error: BaseException | None) -> bool:
        while not left.is_set():
            try:
                ahead.put((item, error), timeout=_TICK_SECONDS)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for item in items:
                if not put(item, None):
                    return
        except BaseException as error:  # noqa: BLE001 - it is raised where the items are taken
            put(None, error)
        else:
            put(None, None)

    threading.Thread(target=work, name="parqueue-fetch", daemon=True).start()
    try:
        while True:
            try:
                item, error = ahead.get(timeout=_TICK_SECONDS)
            except queue.Empty:
                yield None
                continue
            if error is not None:
                raise error
            if item is None:
                return
            yield item
    finally:
        left.set()
        cancel()

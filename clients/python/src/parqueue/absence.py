"""A server that answered before and does not now is being restarted: it is waited for, so long and no longer.

One that never answered is not: its address is wrong, or nobody started it, and who asks wants to hear so at once.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Callable

#: In all, for a server to come back.
RECONNECT_SECONDS = 30.0
_FIRST_SECONDS, _SECONDS_MAX = 0.25, 2.0

#: From 0 to 1. The system's: a child that was forked would have its parent's numbers otherwise.
_chance: Callable[[], float] = random.SystemRandom().random


def jittered(seconds: float) -> float:
    """A quarter less or more, by chance: many who lost one server at the same time do not ask again at the same time."""
    return seconds * (0.75 + _chance() / 2)


class Absence:
    """Of one server, as all threads of a client see it: the next call does not begin to wait anew for one that stayed away."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._known = False
        self._since: float | None = None

    def over(self) -> None:
        """It answered."""
        self._known, self._since = True, None

    def pauses(self) -> Iterator[float]:
        """For one call: seconds to wait before each further attempt, longer each time, until it has been long enough."""
        if not self._known:
            return
        slept, longer = 0.0, _FIRST_SECONDS
        while True:
            pause = jittered(longer)
            now, since = time.monotonic(), self._since
            if since is None:
                self._since = since = now
            if max(slept, now - since) + pause > self._seconds:
                return
            yield pause
            slept += pause
            longer = min(longer * 2, _SECONDS_MAX)

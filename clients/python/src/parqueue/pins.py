"""Pins: a generation stays in the store while somebody reads it.

One daemon thread per client renews them, each when a third of its time is over, so that two renewals may fail. A pin is
lost at the latest when its time is over by the clock that also runs while a laptop sleeps. It is given back when its
holder says so, when the object that it was taken for is collected, and when the interpreter ends. A process that dies
gives nothing back: its pins end by themselves.

Collection may happen in any thread and between any two lines, so that it only leaves word for the thread here. A process
that was forked has its parent's pins in memory, but they are the parent's to renew and to give back.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
import urllib.parse
import weakref
from collections.abc import Mapping
from typing import Any

from .errors import ParqueueError, unexpected
from .forks import renew_after_fork
from .transport import Call, Deadline, Transport

#: What is asked for, and renewed.
PIN_SECONDS = 60.0
#: A server that does not answer is not waited for: the pin ends by itself.
_RELEASE_SECONDS = 5.0
#: A thread without pins ends after this.
_IDLE_SECONDS = 30.0


def clock() -> float:
    """Seconds of a clock that nobody sets, and that does not stop while the machine sleeps, where there is one."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class Pin:
    """One pin of this process. ``held`` says whether its file is sure to stay."""

    def __init__(self, keeper: PinKeeper, pin_id: str, seconds: float, taken_at: float) -> None:
        self.id = pin_id
        self.seconds = seconds
        self.expires_at = taken_at + seconds
        self.renew_at = taken_at + seconds / 3
        self._keeper = keeper
        self._pid = os.getpid()
        self._ended = False

    @property
    def held(self) -> bool:
        return self.is_ours and not self._ended and clock() < self.expires_at

    def confirmed(self) -> bool:
        """Whether it holds now, by the server's word: a purge ends pins. Where the server cannot be reached, ``held`` is all
        there is to go by.
        """
        if self.held:
            self._keeper.renew(self)
        return self.held

    @property
    def is_ours(self) -> bool:
        return self._pid == os.getpid()

    def release(self) -> None:
        """Gives it back now. Never raises: a pin that cannot be given back ends by itself."""
        self._keeper.release(self)

    def release_later(self) -> None:
        """For finalizers: leaves word, and waits for nothing."""
        self._keeper.release_later(self)

    def lose(self) -> None:
        self._ended = True


class PinKeeper:
    """All pins of one client."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._start()
        renew_after_fork(self)

    def _start(self) -> None:
        self._pins: dict[str, Pin] = {}
        # Reentrant, as finalizers need: a put from within a put is in order.
        self.words: queue.SimpleQueue[Pin | None] = queue.SimpleQueue()
        # Reentrant, too: a client that is collected closes its keeper, in whatever line this thread is.
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None

    def hold(self, resolution: Mapping[str, Any], taken_at: float) -> Pin:
        """Keeps the pin that an answer of ``resolve`` brought."""
        told = resolution.get("pin")
        if not isinstance(told, Mapping) or not isinstance(told.get("id"), str):
            raise unexpected("the server gave no pin")
        pin = Pin(self, told["id"], PIN_SECONDS, taken_at)
        with self._lock:
            self._pins[pin.id] = pin
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=_keep, args=(weakref.ref(self),), name="parqueue-pins", daemon=True)
                self._thread.start()
        self.words.put(None)
        return pin

    def release(self, pin: Pin, deadline: Deadline | None = None) -> None:
        pin.lose()
        with self._lock:
            known = self._pins.pop(pin.id, None)
        if known is not None and pin.is_ours:
            with contextlib.suppress(ParqueueError):
                self._transport.json(Call("DELETE", _path(pin), patient=False), deadline or Deadline(_RELEASE_SECONDS))

    def release_later(self, pin: Pin) -> None:
        """From a finalizer: no lock, no request, nothing that could wait."""
        pin.lose()
        self.words.put(pin)

    def close(self) -> None:
        """Gives all back, in at most five seconds."""
        deadline = Deadline(_RELEASE_SECONDS)
        for pin in list(self._pins.values()):
            self.release(pin, deadline)
        self.words.put(None)

    @property
    def count(self) -> int:
        return len(self._pins)

    def forked(self) -> None:
        self._start()

    def pause(self) -> float:
        """Seconds until something is to be done."""
        with self._lock:
            due = min((pin.renew_at - clock() for pin in list(self._pins.values())), default=_IDLE_SECONDS)
        return max(0.0, due)

    def tend(self, word: Pin | None) -> bool:
        """Gives back what nobody has any more, renews what is due. False: there is nothing to keep, and the thread ends."""
        if word is not None:
            self.release(word)
        now = clock()
        for pin in [pin for pin in list(self._pins.values()) if pin.renew_at <= now]:
            self.renew(pin)
        with self._lock:
            if self._pins or not self.words.empty():
                return True
            self._thread = None
            return False

    def renew(self, pin: Pin) -> None:
        """Raises nothing: a pin that the server does not know any more is lost, one that it could not be asked about is not."""
        sent_at = clock()
        pin.renew_at = sent_at + pin.seconds / 3
        body = {"ttl": f"{pin.seconds:g}s"}
        try:
            self._transport.json(Call("PUT", _path(pin), body=body, patient=False), Deadline(pin.seconds / 3))
            pin.expires_at = sent_at + pin.seconds
        except ParqueueError as error:
            if error.status in (404, 410) or clock() >= pin.expires_at:
                pin.lose()
                with self._lock:
                    self._pins.pop(pin.id, None)
            else:
                # Soon again: there is time for a few more before it ends.
                pin.renew_at = min(pin.renew_at, clock() + pin.seconds / 12)


def _keep(reference: weakref.ref[PinKeeper]) -> None:
    """The thread. It holds on to its keeper only while it works, so that a client nobody has any more can be collected."""
    while True:
        keeper = reference()
        if keeper is None:
            return
        words, wait = keeper.words, keeper.pause()
        del keeper
        try:
            word = words.get(timeout=wait)
        except queue.Empty:
            word = None
        keeper = reference()
        if keeper is None or not keeper.tend(word):
            return
        del keeper


def _path(pin: Pin) -> str:
    return f"v1/pins/{urllib.parse.quote(pin.id, safe='')}"

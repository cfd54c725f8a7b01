"""What begins anew in a process that was forked: sockets, locks and threads are the parent's, or of nobody."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Forking(Protocol):
    def forked(self) -> None:
        """In the child, before anything else runs there."""


_known: weakref.WeakSet[Forking] = weakref.WeakSet()


def renew_after_fork(thing: Forking) -> None:
    """``thing.forked()`` is called in every child that is forked while it lives."""
    _known.add(thing)


def _in_child() -> None:
    for thing in list(_known):
        thing.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)

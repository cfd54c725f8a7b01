"""Text that no traceback, debugger or log shows by its repr."""

from __future__ import annotations


class Secret(str):
    """Sent as the text it is, and shown as ``'***'``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"

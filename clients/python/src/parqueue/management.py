"""What a client can ask about its server, and tell it, beside rows."""

from __future__ import annotations

import urllib.parse
from abc import ABC, abstractmethod
from typing import Any, Literal

from .transport import Call

InvalidateMode = Literal["soft", "hard", "purge"]


class Management(ABC):
    """A part of ``Parqueue``."""

    @abstractmethod
    def _json(self, call: Call) -> Any:
        """The JSON of one answer."""

    def datasets(self) -> list[dict[str, Any]]:
        """The catalog: names, parameters, policies, how they were asked of late."""
        listed: list[dict[str, Any]] = self._json(Call("GET", "v1/datasets"))["datasets"]
        return listed

    def whoami(self) -> dict[str, Any]:
        """What the API key of this client may do."""
        told: dict[str, Any] = self._json(Call("GET", "v1/whoami"))
        return told

    def explain(self, key: str) -> dict[str, Any]:
        """Why an entry answers as it does; ``key`` as ``resolve`` tells it."""
        told: dict[str, Any] = self._json(Call("GET", f"v1/entries/{urllib.parse.quote(key, safe='')}/explain"))
        return told

    def invalidate(
        self,
        *,
        dataset: str | None = None,
        source: str | None = None,
        table: str | None = None,
        key: str | None = None,
        prefix: str | None = None,
        mode: InvalidateMode = "soft",
    ) -> dict[str, Any]:
        """Marks what it concerns, for everybody. Needs a key with the scope ``admin``.

        ``soft`` verifies before the next use, ``hard`` loads again before it, ``purge`` also removes what is there.
        """
        given = {"dataset": dataset, "source": source, "table": table, "key": key, "prefix": prefix}
        target = {name: value for name, value in given.items() if value is not None}
        told: dict[str, Any] = self._json(Call("POST", "v1/invalidate", body={**target, "mode": mode}))
        return told

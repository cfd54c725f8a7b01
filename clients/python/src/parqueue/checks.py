"""Numbers as callers give them: what is none is told by its name, before anything is sent."""

from __future__ import annotations

import math
import numbers
from typing import Any


def checked_seconds(name: str, value: Any) -> float:
    """Raises TypeError for what is no number, ValueError for NaN."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} is a number of seconds, not {type(value).__name__}")
    if math.isnan(value):
        raise ValueError(f"{name} is a number of seconds, not NaN")
    return float(value)


def checked_timeout(value: Any) -> float | None:
    return None if value is None else checked_seconds("timeout", value)


def checked_count(name: str, value: Any) -> int:
    """Raises TypeError for what is no whole number, ValueError for one below 0."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} is a whole number, not {type(value).__name__}")
    if value < 0:
        raise ValueError(f"{name} must not be negative")
    return int(value)

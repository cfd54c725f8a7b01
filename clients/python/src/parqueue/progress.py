"""How far a wait is: a bar in a terminal or a notebook, or a function of the caller's."""

from __future__ import annotations

import contextlib
import html
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Callable, TextIO, Union

#: What is over before this shows nothing.
_QUIET_SECONDS = 0.5
_REDRAW_SECONDS = 0.1
_WIDTH = 24


@dataclass(frozen=True)
class Progress:
    """One moment of a wait.

    Attributes:
        kind: ``load`` while the server has the source asked, ``transfer`` while bytes come here, ``away`` while the server is
            waited for to come back.
        phase: of a load: ``waiting``, ``reading``, ... as the server names it; of ``away``: for whom it is waited, in words.
        rows: read so far, of a load.
        bytes: so far.
        total: bytes in all, where that is known.
    """

    kind: str
    title: str
    phase: str = ""
    rows: int | None = None
    bytes: int | None = None
    total: int | None = None

    @property
    def fraction(self) -> float | None:
        if self.bytes is None or not self.total:
            return None
        return min(1.0, self.bytes / self.total)

    def text(self) -> str:
        parts = [self.title, self.phase or self.kind]
        if self.rows:
            parts.append(f"{self.rows:,} rows")
        if self.bytes:
            parts.append(_size(self.bytes) if self.total is None else f"{_size(self.bytes)} of {_size(self.total)}")
        return " · ".join(parts)


#: ``True``: a bar where somebody sees it. ``False``: none. A function hears every moment.
ProgressOption = Union[bool, Callable[[Progress], None]]


class Reporter:
    """One wait from its beginning to its end. Without somebody who looks, nothing is watched at all."""

    def __init__(self, title: str, show: Callable[[Progress], None] | None, clear: Callable[[], None] | None = None) -> None:
        self._title = title
        self._show = show
        self._clear = clear
        self._last: Progress | None = None

    @property
    def watch(self) -> Callable[[Mapping[str, Any]], None] | None:
        """For the status of a fill; None where nobody looks, and the server need not be asked for it."""
        return None if self._show is None else self._load

    @property
    def on_bytes(self) -> Callable[[int, int | None], None] | None:
        return None if self._show is None else self._transfer

    @property
    def on_away(self) -> Callable[[str | None], None] | None:
        return None if self._show is None else self._wait_for

    def _tell(self, moment: Progress) -> None:
        self._last = moment
        if self._show is not None:
            self._show(moment)

    def _wait_for(self, server: str | None) -> None:
        """None: it answered, and what was shown before is shown again."""
        if server is not None:
            moment: Progress | None = Progress("away", self._title, f"waiting for {server} to come back")
        else:
            moment = self._last
            if self._clear is not None:
                self._clear()
        if moment is not None and self._show is not None:
            self._show(moment)

    def _load(self, fill: Mapping[str, Any]) -> None:
        told = fill.get("progress")
        told = told if isinstance(told, Mapping) else {}
        phase = told.get("phase") or fill.get("state") or ""
        moment = Progress(
            "load",
            self._title,
            str(phase),
            _whole(told.get("rows")),
            _whole(told.get("bytes")),
            _whole(told.get("bytesTotal")),
        )
        self._tell(moment)

    def _transfer(self, received: int, total: int | None) -> None:
        self._tell(Progress("transfer", self._title, bytes=received, total=total))


@contextlib.contextmanager
def reporting(option: ProgressOption, title: str) -> Iterator[Reporter]:
    """The bar is taken away at the end, also of a wait that failed or was broken off by Ctrl-C."""
    if callable(option):
        yield Reporter(title, option)
        return
    bar = _bar() if option else None
    if bar is None:
        yield Reporter(title, None)
        return
    try:
        yield Reporter(title, bar.show, bar.end)
    finally:
        bar.end()


class _Bar:
    def __init__(self) -> None:
        self._began = time.monotonic()
        self._drawn_at = 0.0
        self._shown = False

    def show(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._began < _QUIET_SECONDS or now - self._drawn_at < _REDRAW_SECONDS:
            return
        self._drawn_at, self._shown = now, True
        self.draw(progress, now - self._began)

    def end(self) -> None:
        """Nothing is shown any more, until something is."""
        if self._shown:
            self._shown, self._drawn_at = False, 0.0
            self.clear()

    def draw(self, progress: Progress, seconds: float) -> None:
        raise NotImplementedError

    def clear(self) -> None:
        raise NotImplementedError


class TerminalBar(_Bar):
    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    def draw(self, progress: Progress, seconds: float) -> None:
        fraction = progress.fraction
        # Without an end that is known, something that moves.
        at = int(seconds * 4) % _WIDTH
        filled = "█" * round((fraction or 0) * _WIDTH) if fraction is not None else " " * at + "█"
        self._write(f"\r\x1b[2K│{filled:<{_WIDTH}}│ {progress.text()} · {seconds:.0f} s")

    def clear(self) -> None:
        self._write("\r\x1b[2K")

    def _write(self, text: str) -> None:
        encoding = self._stream.encoding or "ascii"
        plain = text.replace("█", "#").replace("│", "|").replace("·", "-")
        with contextlib.suppress(OSError, ValueError):
            try:
                text.encode(encoding)
            except UnicodeEncodeError:
                text = plain.encode(encoding, "replace").decode(encoding)
            self._stream.write(text)
            self._stream.flush()


class NotebookBar(_Bar):
    def __init__(self, display: Any) -> None:
        super().__init__()
        self._display = display
        self._handle: Any = None

    def draw(self, progress: Progress, seconds: float) -> None:
        fraction = progress.fraction
        value = "" if fraction is None else f' value="{fraction:.3f}"'
        text = f"{progress.text()} · {seconds:.0f} s"
        # As text, too: for what shows no HTML, and for notebooks that are exported.
        shown = {"text/html": f"<progress max=1{value}></progress> {html.escape(text)}", "text/plain": text}
        if self._handle is None:
            self._handle = self._display(shown, raw=True, display_id=True)
        else:
            self._handle.update(shown, raw=True)

    def clear(self) -> None:
        if self._handle is not None:
            self._handle.update({"text/html": "", "text/plain": ""}, raw=True)


def _bar() -> _Bar | None:
    """Where somebody sees it: a notebook, or a terminal at stderr."""
    if "IPython" in sys.modules:
        from IPython import get_ipython
        from IPython.display import display

        # By name: some notebooks have a class of their own below it.
        if "ZMQInteractiveShell" in [kind.__name__ for kind in type(get_ipython()).__mro__]:
            return NotebookBar(display)
    stream = sys.stderr
    if stream is not None and stream.isatty():
        return TerminalBar(stream)
    return None


def checked(option: Any) -> ProgressOption:
    if isinstance(option, bool) or callable(option):
        return option  # type: ignore[no-any-return]
    raise TypeError("progress is True, False or a function of one Progress")


def _whole(value: Any) -> int | None:
    return int(value) if isinstance(value, (int, float)) else None


def _size(count: int) -> str:
    size, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"

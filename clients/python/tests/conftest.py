"""A real Parqueue for the whole run: files, the Oracle protocol and PostgreSQL behind one server with keys."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from parqueue import Parqueue

ROOT = Path(__file__).resolve().parents[3]
_PROGRAM = ROOT / "test" / "dist" / "python" / "main.js"


class Stage:
    """The servers, and what changes their sources."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lock = threading.Lock()
        told = self._read()
        self.url: str = told["url"]
        self.store = Path(told["store"])
        self.lake = Path(told["lake"])
        self.key: str = told["keys"]["all"]
        self.reader_key: str = told["keys"]["reader"]

    def write(self, path: str, text: str) -> None:
        """Replaces a file of the source ``lake`` in one rename."""
        self._do({"do": "write", "path": path, "text": text})

    def write_large(self, generation: int, rows: int = 60_000, path: str = "large.parquet") -> None:
        """A Parquet file of four row groups, some megabytes, each value of which tells its generation."""
        self._do({"do": "large", "path": path, "generation": generation, "rows": rows})

    def oracle(self, *statements: str) -> None:
        self._do({"do": "oracle", "statements": statements})

    def postgres(self, *statements: str) -> None:
        self._do({"do": "postgres", "statements": statements})

    def _do(self, deed: dict[str, Any]) -> None:
        with self._lock:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(deed) + "\n")
            self._process.stdin.flush()
            told = self._read()
        if "error" in told:
            raise AssertionError(told["error"])

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError("the stage ended: see what it said above")
        told: dict[str, Any] = json.loads(line)
        return told


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    node = shutil.which("node")
    assert node is not None, "these tests start a Parqueue with Node: run them by `npm run test:python`"
    assert _PROGRAM.exists(), "the test stage is not built: run these tests by `npm run test:python`"
    process = subprocess.Popen(  # noqa: S603 - our own program
        [node, str(_PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        yield Stage(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither a proxy nor a cache nor a key of whoever runs the tests."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("PARQUEUE_"):
            monkeypatch.delenv(name)
    # Also in processes that a test starts.
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "clients" / "python" / "src"))
    monkeypatch.setenv("PARQUEUE_CACHE_DIR", str(tmp_path / "cache"))


Connect = Callable[..., Parqueue]


@pytest.fixture
def connect(stage: Stage) -> Iterator[Connect]:
    """Clients that are closed at the end."""
    opened: list[Parqueue] = []

    def client(**options: Any) -> Parqueue:
        opened.append(Parqueue(stage.url, **{"api_key": stage.key, "progress": False, **options}))
        return opened[-1]

    yield client
    for one in opened:
        one.close()


@pytest.fixture
def pq(connect: Connect) -> Parqueue:
    return connect()


@pytest.fixture
def mounted(connect: Connect, stage: Stage) -> Parqueue:
    return connect(mount=stage.store)

"""The package as pip installs it."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import parqueue

HERE = Path(__file__).resolve().parents[1]


def test_a_wheel_is_built_of_this_and_nothing_else(tmp_path: Path) -> None:
    program = f"from hatchling.build import build_wheel; build_wheel({str(tmp_path)!r})"
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, cwd=HERE)  # noqa: S603 - our own
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name == f"parqueue-{parqueue.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
        metadata = archive.read(f"parqueue-{parqueue.__version__}.dist-info/METADATA").decode()
        licence = archive.read(f"parqueue-{parqueue.__version__}.dist-info/licenses/LICENSE")
    sources = sorted(f"parqueue/{path.name}" for path in (HERE / "src" / "parqueue").iterdir() if path.is_file())
    assert sorted(names) == sources
    assert "parqueue/py.typed" in names
    assert licence == (HERE.parents[1] / "LICENSE").read_bytes(), "it wants to be in every copy"
    assert "# parqueue" in metadata, "its long description"
    links = re.findall(r"\]\(([^)]*)\)", metadata)
    assert [link for link in links if not link.startswith("#")] == [], "they lead nowhere outside of the repository"
    required = [line for line in metadata.splitlines() if line.startswith("Requires-Dist") and "extra ==" not in line]
    assert required == [], "the core needs the standard library only"


def test_it_loads_nothing_until_it_is_asked_and_then_says_what_is_missing() -> None:
    program = (
        "import sys; import parqueue; parqueue.Parqueue('http://127.0.0.1:1', cache=False)\n"
        "print(sorted({'polars', 'pandas', 'pyarrow', 'numpy', 'IPython'} & set(sys.modules)))\n"
        "sys.modules['polars'] = None\n"
        "try: parqueue.Parqueue('http://127.0.0.1:1').read('x')\n"
        "except parqueue.ParqueueError as error: print(error.code, error)"
    )
    told = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=os.environ
    )
    assert told.stdout.splitlines()[0] == "[]"
    assert told.stdout.splitlines()[1].startswith("MISSING_PACKAGE")
    assert "pip install 'parqueue[polars]'" in told.stdout


def test_every_public_name_has_its_words() -> None:
    for name in parqueue.__all__:
        thing = getattr(parqueue, name)
        assert isinstance(thing, str) or (thing.__doc__ or "").strip(), name
    for name, member in inspect.getmembers(parqueue.Parqueue):
        assert name.startswith("_") or (member.__doc__ or "").strip(), name

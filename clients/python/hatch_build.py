"""The long description of the package: README.md without the links that lead somewhere in this repository only."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

#: ``[text](target)``, where the target is neither a place in the text itself nor a whole URL.
_LOCAL_LINK = re.compile(r"\[([^\]]*)\]\((?!#|[a-z][a-z0-9+.-]*:)[^)]*\)")


class LongDescription(MetadataHookInterface):
    def update(self, metadata: dict[str, Any]) -> None:
        readme = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": _LOCAL_LINK.sub(r"\1", readme)}

"""The build step that puts templates, scripts and the geo database into the wheel."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WEB = "web"
GEO = "build/geo/country.mmdb"


class PackagedFiles(BuildHookInterface):  # type: ignore[type-arg]
    """Add to a build what lies outside the Python packages."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the extra files; an editable install reads them from the checkout instead."""
        if version == "editable":
            return
        root = Path(self.root)
        wheel = self.target_name == "wheel"
        extra = build_data["force_include"]
        if wheel and (root / WEB).is_dir():
            extra[WEB] = "hub/web"
        # Optional: fetched by `make setup` where npm exists, and never committed.
        if (root / GEO).is_file():
            extra[GEO] = "hub/geo/country.mmdb" if wheel else GEO
